/**
 * docker-compose.yml cannot be started in a test, but it can be followed: every path, port and service name in it, and in
 * the files that it mounts, must lead somewhere.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parser as promqlParser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { parseListenAddress } from '../../src/config/checks.js';
import { MetricsRegistry } from '../../src/telemetry/metrics.js';
import { registerProcessMetrics } from '../../src/telemetry/process-metrics.js';
import { createServerMetrics } from '../../src/telemetry/server-metrics.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');
const exists = (file: string) => fs.existsSync(path.join(root, file));

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}
const compose = parse(text('docker-compose.yml')) as { services: Record<string, Service>; volumes: Record<string, null> };
const service = (name: string): Service => compose.services[name] ?? {};

/** Mounts of a service: `./config/x.yml:/etc/x.yml:ro` -> source, target. A source without `./` is a named volume. */
const mounts = (of: Service) => (of.volumes ?? []).map((volume) => {
  const [source = '', target = ''] = volume.split(':');
  return { source, target, isFile: source.startsWith('./') };
});
/** The file in the repository that a path inside a service's container shows, '' if it is not mounted from there. */
function mounted(of: Service, inside: string): string {
  for (const { source, target, isFile } of mounts(of)) {
    if (isFile && (inside === target || inside.startsWith(`${target}/`))) return path.posix.join(source, inside.slice(target.length));
  }
  return '';
}
const containerPorts = (of: Service) => (of.ports ?? []).map((port) => Number(port.split(':').at(-1)));

const dockerfile = text('Dockerfile').replaceAll('\\\n', ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const instruction = (name: string) => dockerfile.filter((line) => line.trim().startsWith(`${name} `)).map((line) => line.trim().slice(name.length + 1));
const json = (line: string | undefined) => JSON.parse(line ?? '[]') as string[];

/** The configuration that a service of our image runs with. */
function narthexConfig(of: Service) {
  return loadConfig(of.command ?? json(instruction('CMD')[0]), of.environment ?? {}, (file) => text(mounted(of, file)));
}
const narthexPort = () => parseListenAddress(narthexConfig(service('narthex')).config.web.listen_address[0] ?? '')?.port;

/** Ports on which a service answers inside the network. */
const listening = (name: string): (number | undefined)[] => (service(name).build === undefined ? containerPorts(service(name)) : [narthexPort()]);

function expectReachable(url: string, paths: readonly string[]): void {
  const { hostname, port, pathname } = new URL(url);
  expect(Object.keys(compose.services), url).toContain(hostname);
  expect(listening(hostname), url).toContain(Number(port));
  expect(paths, url).toContain(pathname);
}

describe('services', () => {
  it.each(Object.entries(compose.services))('%s: image pinned or built here, mounts and dependencies exist', (_, of) => {
    if (of.build !== undefined) expect(exists(path.posix.join(of.build, 'Dockerfile'))).toBe(true);
    else expect(of.image).toMatch(/^[\w./-]+:\d+(\.\d+)+$/);
    for (const { source, target, isFile } of mounts(of)) {
      expect(target.startsWith('/'), target).toBe(true);
      if (isFile) expect(exists(source), source).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const [name, { condition }] of Object.entries(of.depends_on ?? {})) {
      expect(Object.keys(compose.services)).toContain(name);
      if (condition === 'service_healthy') expect(service(name).build !== undefined && instruction('HEALTHCHECK').length, name).toBe(1);
    }
  });

  it('use every named volume, and no host port twice', () => {
    const all = Object.values(compose.services);
    const used = all.flatMap((of) => mounts(of).filter(({ isFile }) => !isFile).map(({ source }) => source));
    expect(used.sort()).toEqual(Object.keys(compose.volumes).sort());
    const hostPorts = all.flatMap((of) => (of.ports ?? []).map((port) => port.split(':')[0]));
    expect(new Set(hostPorts).size).toBe(hostPorts.length);
  });
});

describe('narthex', () => {
  const of = service('narthex');

  it('starts with its arguments and its mounted file, without a warning', () => {
    const { config, warnings, configFile } = narthexConfig(of);
    expect(warnings).toEqual([]);
    expect(mounted(of, configFile)).not.toBe('');
    expect(mounts(of).map(({ target }) => target)).toContain(config.storage.tsdb.path);
    expect(containerPorts(of)).toEqual([narthexPort()]);
  });
});

describe('Dockerfile', () => {
  const ignore = text('.dockerignore').split('\n').filter((line) => line !== '' && !line.startsWith('#'));

  it('copies what is there and what .dockerignore lets through', () => {
    expect(ignore[0]).toBe('*');
    for (const copy of instruction('COPY')) {
      const parts = copy.split(/\s+/);
      const sources = parts.filter((part) => !part.startsWith('--')).slice(0, -1);
      for (const source of sources) {
        if (copy.startsWith('--from=')) {
          expect(copy).toMatch(/^--from=build \/app\/(package\.json|node_modules|dist) /);
        } else {
          expect(exists(source), source).toBe(true);
          expect(ignore, source).toContain(`!${source}`);
        }
      }
    }
    for (const line of ignore.slice(1)) expect(exists(line.slice(1)), line).toBe(true);
  });

  it('runs what `npm start` runs, on a Node.js that the package takes', () => {
    const pkg = JSON.parse(text('package.json')) as { scripts: Record<string, string>; engines: { node: string } };
    expect(json(instruction('ENTRYPOINT')[0]).join(' ')).toBe(pkg.scripts['start']);
    const floor = Number(/^>=(\d+)/.exec(pkg.engines.node)?.[1]);
    for (const from of instruction('FROM')) expect(Number(/^node:(\d+)-/.exec(from)?.[1])).toBeGreaterThanOrEqual(floor);
  });

  it('data directory, port and health check agree with the defaults', () => {
    const { config, warnings } = loadConfig(json(instruction('CMD')[0]), {}, () => '');
    expect(warnings).toEqual([]);
    expect(instruction('VOLUME')).toEqual([config.storage.tsdb.path]);
    const { port } = parseListenAddress(config.web.listen_address[0] ?? '') ?? {};
    expect(instruction('EXPOSE')).toEqual([`${port} 4317 4318`]);
    expect(instruction('HEALTHCHECK')[0]).toContain(`http://127.0.0.1:${port}/-/ready`);
  });
});

describe('collector', () => {
  interface Component { readonly [key: string]: unknown }
  const of = service('otel-collector');
  const file = mounted(of, (of.command ?? []).join(' ').replace('--config=', ''));
  const config = parse(text(file)) as {
    receivers: { otlp: { protocols: Record<string, { endpoint: string }> }; prometheus: { config: { scrape_configs: Scrape[] } } };
    processors: Record<string, Component>;
    exporters: { otlphttp: { metrics_endpoint: string }; prometheusremotewrite: { endpoint: string } };
    service: { telemetry: { metrics: { readers: { pull: { exporter: { prometheus: { host: string; port: number } } } }[] } }; pipelines: Record<string, Pipeline> };
  };
  interface Scrape { readonly static_configs: readonly { readonly targets: readonly string[] }[] }
  interface Pipeline { readonly receivers: string[]; readonly processors: string[]; readonly exporters: string[] }

  it.each(['receivers', 'processors', 'exporters'] as const)('%s: those that are defined are those that are used', (kind) => {
    const used = new Set(Object.values(config.service.pipelines).flatMap((pipeline) => pipeline[kind]));
    expect([...used].sort()).toEqual(Object.keys(config[kind]).sort());
  });

  it('listens on the published ports', () => {
    const ports = Object.values(config.receivers.otlp.protocols).map(({ endpoint }) => Number(endpoint.split(':')[1]));
    expect(ports.sort()).toEqual(containerPorts(of).sort());
    expect(Object.values(config.receivers.otlp.protocols).every(({ endpoint }) => endpoint.startsWith('0.0.0.0:'))).toBe(true);
  });

  it('sends to routes of narthex', () => {
    expectReachable(config.exporters.otlphttp.metrics_endpoint, ['/api/v1/otlp/v1/metrics']);
    expectReachable(config.exporters.prometheusremotewrite.endpoint, ['/api/v1/write']);
  });

  it('scrapes itself and services that are there', () => {
    const { host, port } = config.service.telemetry.metrics.readers[0]!.pull.exporter.prometheus;
    for (const target of config.receivers.prometheus.config.scrape_configs.flatMap((scrape) => scrape.static_configs.flatMap(({ targets }) => targets))) {
      if (target !== `${host}:${port}`) expectReachable(`http://${target}/metrics`, ['/metrics']);
    }
  });
});

describe('Grafana', () => {
  const of = service('grafana');
  const provisioning = mounted(of, '/etc/grafana/provisioning');
  interface DataSource { readonly uid: string; readonly type: string; readonly url: string }
  const { datasources } = parse(text(`${provisioning}/datasources/narthex.yml`)) as { datasources: DataSource[] };
  const { providers } = parse(text(`${provisioning}/dashboards/narthex.yml`)) as { providers: { options: { path: string } }[] };
  const home = of.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
  interface Target { readonly expr: string; readonly datasource: { readonly uid: string } }
  interface Panel { readonly id: number; readonly title: string; readonly gridPos: { x: number; y: number; w: number; h: number }; readonly targets: readonly Target[] }
  const dashboard = JSON.parse(text(mounted(of, home))) as { panels: Panel[] };

  it('has narthex as its data source', () => {
    expect(datasources.map(({ type }) => type)).toEqual(['prometheus']);
    expectReachable(datasources[0]!.url, ['/']);
  });

  it('finds the dashboard where the provider looks', () => {
    for (const { options } of providers) expect(exists(mounted(of, options.path)), options.path).toBe(true);
    expect(path.posix.dirname(home)).toBe(providers[0]!.options.path);
  });

  it('panels have their own ids and places, and known data sources', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`));
    expect(new Set(cells).size).toBe(cells.length);
    for (const { targets } of dashboard.panels) for (const { datasource } of targets) expect(datasource.uid).toBe(datasources[0]!.uid);
  });

  const registry = new MetricsRegistry();
  createServerMetrics(registry);
  registerProcessMetrics(registry)();
  const ours = new Set(registry.collect().flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])));

  it.each(dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr])))('%s: %s', (_, expr = '') => {
    const query = expr.replaceAll('$__rate_interval', '1m');
    const names: string[] = [];
    promqlParser.parse(query).iterate({ enter: ({ type, from, to }) => {
      expect(type.isError, query).toBe(false);
      if (type.name === 'Identifier') names.push(query.slice(from, to));
    } });
    const metrics = names.filter((name) => /^(prometheus|narthex|process|nodejs|otelcol)_/.test(name));
    expect(metrics.length, query).toBeGreaterThan(0);
    for (const name of metrics) expect(ours.has(name) || name.startsWith('otelcol_'), name).toBe(true);
  });
});
