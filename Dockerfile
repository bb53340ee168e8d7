# Build stage: compilers and development packages stay behind.
FROM node:22-bookworm-slim AS build
# better-sqlite3 is compiled if there is no ready-made binary for this platform.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY migrations ./migrations
COPY proto ./proto
COPY config/default.yaml ./config/default.yaml
# The data directory belongs to the user that the server runs as; a named volume takes over this ownership.
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 9090 4317 4318
# Node as process 1 gets SIGTERM itself: an orderly stop flushes the log.
ENTRYPOINT ["node", "--max-semi-space-size=64", "dist/main.js"]
CMD ["--storage.tsdb.path=/data"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/-/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
