// Puts each program of the build, the server and its threads, into one script with all modules and packages that it uses, and in place of
// its entry file one that runs the script (`run-bundle.ts`). The single modules stay: tools and tests use them.
import fs from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';

const ENTRIES = ['main', 'threads/query-worker', 'threads/maintenance-worker', 'threads/block-worker', 'threads/admin-worker'];

/** A script has no `import.meta`, and cannot import what is not in it; `run-bundle.ts` says where each module would lie, and imports. */
const moduleAbilities = (source) => ({
  name: 'module-abilities',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      const text = fs.readFileSync(file, 'utf8');
      if (!file.startsWith(source)) return undefined;
      const place = `./${path.relative(source, file).replace(/\.ts$/, '.js')}`;
      const contents = text.replaceAll('import.meta.url', `moduleUrl(${JSON.stringify(place)})`)
        .replace(/\bimport\((?=\w+\))/g, 'importModule(');
      return { contents, loader: 'ts' };
    });
  },
});

/** @param root of the repository; `dist` has the compiled modules */
export async function bundle(root, dist) {
  const source = path.join(root, 'src');
  await esbuild.build({
    entryPoints: ENTRIES.map((entry) => path.join(source, `${entry}.ts`)),
    outdir: path.join(dist, 'bundle'), entryNames: '[name]', outExtension: { '.js': '.cjs' },
    bundle: true, platform: 'node', format: 'cjs', target: 'node20', sourcemap: true, legalComments: 'none', logLevel: 'warning',
    // Its native part is found from where its package lies.
    external: ['better-sqlite3'],
    plugins: [moduleAbilities(`${source}${path.sep}`)],
    banner: { js: '(function (exports, require, module, __filename, __dirname, moduleUrl, importModule) {' },
    footer: { js: '})' },
  });
  for (const entry of ENTRIES) {
    const name = path.basename(entry);
    keepAscii(path.join(dist, 'bundle', `${name}.cjs`));
    const runner = `${entry.includes('/') ? '..' : '.'}/run-bundle.js`;
    fs.writeFileSync(path.join(dist, `${entry}.js`), `import { runBundle } from '${runner}';\nrunBundle('${name}');\n`);
    fs.rmSync(path.join(dist, `${entry}.js.map`), { force: true });
  }
}

/** The bundler escapes what is not ASCII, except in comments. There it becomes `?`: same columns, and the script can be read as Latin 1. */
function keepAscii(file) {
  const text = fs.readFileSync(file, 'utf8').replace(/^\s*(\*|\/\/|\/\*).*$/gm, (comment) => comment.replace(/[^\0-\x7f]/g, '?'));
  const other = /.*[^\0-\x7f].*/.exec(text);
  if (other) throw new Error(`${file} is not ASCII: ${other[0].trim()}`);
  fs.writeFileSync(file, text, 'latin1');
}
