/** House rules that a compiler does not know, as tables. A failing line names the file, the rule and what broke it. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Which rooms a room may import, besides itself and `src/invariant.ts`. Longer prefixes win. `promql` and `tsdb` meet only
 * at `storage`; the engine rooms know neither threads nor HTTP.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'encoding': [],
  'io': [],
  'kernel': [],
  'model': ['encoding'],
  'storage': ['model'],
  'telemetry': ['model'],
  'config': ['model'],
  'wire': ['model', 'encoding', 'storage'],
  'ingest': ['wire', 'storage', 'model', 'encoding'],
  'tsdb': ['storage', 'model', 'encoding', 'io', 'kernel'],
  'promql': ['storage', 'model'],
  'catalogue': ['storage', 'model', 'encoding', 'io'],
  // `wire` for remote read, whose answers are made in the worker that reads the samples; `encoding` for texts that are bytes at once.
  'api': ['model', 'storage', 'promql', 'wire', 'encoding'],
  'threads': ['api', 'catalogue', 'config', 'encoding', 'ingest', 'io', 'model', 'promql', 'storage', 'telemetry', 'tsdb', 'wire'],
  'http': ['api', 'threads', 'config', 'telemetry', 'storage', 'model', 'ingest', 'wire'],
  // The second transport of OTLP: what is about requests and not about HTTP is shared with that room.
  'grpc': ['http', 'config', 'telemetry', 'storage', 'model', 'wire'],
  // Wiring of all parts into one process.
  'server': ['*'],
  'main.ts': ['*'],
  // What entry files of the build call before any room is loaded.
  'run-bundle.ts': ['bundle-stack.ts'],
  'bundle-stack.ts': [],
  'tools': ['*'],
};

/** A room is entered through these files only; rooms that are not listed are open. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  // memory-heads: for tools that question heads without a data directory.
  tsdb: ['tsdb/db.ts', 'tsdb/db-options.ts', 'tsdb/head-set.ts', 'tsdb/compact/seal-head.ts', 'tsdb/compact/rewrite-block.ts', 'tsdb/match-series.ts', 'tsdb/administration.ts', 'tsdb/offline-store.ts', 'tsdb/verify-store.ts', 'tsdb/block-import.ts', 'tsdb/compact/compact-blocks.ts', 'tsdb/compact/verify-file.ts', 'tsdb/block/block-error.ts', 'tsdb/block/block-format.ts', 'tsdb/head/descriptor.ts', 'tsdb/kernel-loader.ts', 'tsdb/memory-heads.ts'],
  // Compiled by another compiler: only the constants of the memory layout are TypeScript for both.
  kernel: ['kernel/layout.ts', 'kernel/codec-layout.ts'],
};

/** Packages and built-in modules that only some places may import. Types alone are free: they leave nothing at run time. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  'node:worker_threads': ['threads/'],
  'node:inspector/promises': ['telemetry/profile/'],
  'node:fs': ['io/', 'config/load.ts', 'catalogue/', 'tsdb/kernel-loader.ts', 'tsdb/block/block-format.ts', 'run-bundle.ts', 'bundle-stack.ts', 'telemetry/profile/source-places.ts', 'tools/'],
  'better-sqlite3': ['io/sqlite.ts'],
  'fastify': ['http/'],
  '@fastify/compress': ['http/'],
  '@grpc/grpc-js': ['grpc/'],
  'pino': ['telemetry/'],
  'yaml': ['config/'],
  'typebox': ['config/'],
};

/** Text that must not stand in a source file. `where`: the rule looks only at paths that match, `except`: not at these. */
const BANNED: readonly { readonly rule: string; readonly pattern: RegExp; readonly where: RegExp; readonly except: RegExp }[] = [
  { rule: 'no console outside tools and main', pattern: /\bconsole\.\w+\(/, where: /^src\//, except: /^src\/(tools\/|main\.ts$)/ },
  { rule: 'no `as unknown as`', pattern: /\bas unknown as\b/, where: /\.ts$/, except: /^test\/tidy\.test\.ts$/ },
  { rule: 'no `any`', pattern: /(:|<|\bas) any\b/, where: /\.ts$/, except: /^(test\/tidy\.test\.ts$|src\/kernel\/)/ },
  { rule: 'no enums', pattern: /^\s*(export )?(const )?enum /, where: /\.ts$/, except: /^src\/kernel\// },
  { rule: 'no process.env outside main, run-bundle and tools', pattern: /\bprocess\.env\b/, where: /^src\//, except: /^src\/(tools\/|(main|run-bundle)\.ts$)/ },
  { rule: 'no swallowed errors', pattern: /catch(\s*\(\w+\))?\s*\{\s*\}/, where: /\.ts$/, except: /^test\/tidy\.test\.ts$/ },
  { rule: 'no iterate() of SQLite statements, see src/io/sqlite.ts', pattern: /\.iterate\(/, where: /^src\/(catalogue|tsdb)\//, except: /^$/ },
  { rule: 'no focused tests', pattern: /\b(it|describe|test)\.only\b/, where: /^(test|bench)\//, except: /^test\/tidy\.test\.ts$/ },
];

const BANNED_NAMES = /(^|[-/])(utils?|helpers?|common|misc)\.ts$|\/index\.ts$/;
/** The kernels' entry file, which the AssemblyScript compiler is given; it is no barrel for TypeScript. */
const NAME_EXCEPTIONS = new Set(['src/kernel/index.ts']);

const LINE_LENGTH_MAX = 140;
const FILE_LINES_MAX = 600;
/** Tables of cases may be longer than code, in lines and in width. */
const LENGTH_EXCEPTIONS = /^test\//;

/** Where programs begin: what cannot be reached from these files is dead. vitest.config.ts names the setup file. */
const ENTRIES = [/^test\/support\/event-loop\.ts$/, /^src\/(main|run-bundle)\.ts$/, /^src\/tools\//, /^src\/threads\/[\w-]+-worker\.ts$/, /^src\/kernel\//, /\.d\.ts$/, /^test\/.*\.test\.ts$/, /^bench\//];

interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly name: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
}

interface Import {
  readonly line: number;
  readonly specifier: string;
  /** The file it leads to, undefined for packages. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
}

const files: readonly SourceFile[] = ['src', 'test', 'bench'].flatMap((folder) => list(folder)).map(read);

function list(folder: string): string[] {
  if (!fs.existsSync(path.join(root, folder))) return [];
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    // test/clients has packages of its own.
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : list(name);
    return /\.(ts|mts|mjs|js)$/.test(entry.name) ? [name] : [];
  });
}

function read(name: string): SourceFile {
  const text = fs.readFileSync(path.join(root, name), 'utf8');
  const lines = text.split('\n');
  const imports: Import[] = [];
  // Statements may span lines, so the specifier is what counts: `from '…'`, `import '…'`, `import('…')`, `new URL('…', import.meta.url)`.
  const pattern = /(?:\b(import|export)( type)?\b[^'";()]*?\bfrom\s+|\bimport\s+|\bimport\(\s*|new URL\(\s*)(['"])([^'"\n]+)\3/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[4]!;
    const line = text.slice(0, match.index).split('\n').length;
    if (/^\s*(\*|\/\/)/.test(lines[line - 1] ?? '')) continue;
    const target = specifier.startsWith('.') ? path.posix.join(path.posix.dirname(name), specifier).replace(/\.js$/, '.ts') : undefined;
    imports.push({ line, specifier, target, typeOnly: match[2] !== undefined });
  }
  return { name, lines, imports };
}

/** `src/tsdb/head/arena.ts` -> `tsdb`, `src/main.ts` -> `main.ts`. */
function roomOf(name: string): string {
  return name.split('/')[1] ?? '';
}

/** The rows that a rule finds, each as `file:line: text`. */
function findings(rule: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => rule(file).map((text) => `${file.name}${text}`));
}

const isSource = (file: SourceFile) => file.name.startsWith('src/') && file.name.endsWith('.ts');

describe('imports', () => {
  it('go only in the directions of the table', () => {
    expect(findings((file) => {
      if (!isSource(file) || roomOf(file.name).endsWith('.d.ts')) return [];
      const room = roomOf(file.name);
      if (room === 'invariant.ts') return [];
      const allowed = ROOMS[room];
      if (!allowed) return [`: room "${room}" is not in the table`];
      return file.imports.flatMap(({ target, line }) => {
        if (target === undefined || !target.startsWith('src/') || target === 'src/invariant.ts') return [];
        const other = roomOf(target);
        return other === room || allowed.includes('*') || allowed.includes(other) ? [] : [`:${line}: ${room} must not import ${target}`];
      });
    })).toEqual([]);
  });

  it('are those that ARCHITECTURE.md tells', () => {
    const quoted = (cell: string | undefined): string[] => [...(cell ?? '').matchAll(/`([\w.-]+)`/g)].map(([, name]) => name!);
    const rows = fs.readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8').split('## Rooms')[1]!.split('\n## ')[0]!
      .split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|').map((cell) => cell.trim()));
    const told = Object.fromEntries(rows.flatMap(([, names, , imports]) => {
      const allowed = imports?.startsWith('all') ? 'all' : quoted(imports).sort();
      return quoted(names).map((name) => [name, allowed]);
    }));
    const entries = new Set(['run-bundle.ts', 'bundle-stack.ts']);
    const exact = Object.entries(ROOMS).filter(([room]) => !entries.has(room))
      .map(([room, allowed]) => [room, allowed.includes('*') || room === 'threads' ? 'all' : [...allowed].sort()]);
    expect(told).toEqual(Object.fromEntries(exact));
  });

  it('enter a room by its doors', () => {
    expect(findings((file) => file.name.startsWith('src/') ? file.imports.flatMap(({ target, line }) => {
      const other = target?.startsWith('src/') ? roomOf(target) : '';
      const doors = DOORS[other];
      if (!doors || other === roomOf(file.name) || roomOf(file.name) === 'tools') return [];
      return doors.some((door) => target === `src/${door}`) ? [] : [`:${line}: ${target} is not a door of ${other}`];
    }) : [])).toEqual([]);
  });

  it('of reserved packages stand only where the table says', () => {
    expect(findings((file) => isSource(file) ? file.imports.flatMap(({ specifier, line, typeOnly }) => {
      if (typeOnly) return [];
      const name = Object.keys(RESERVED).find((reserved) => specifier === reserved || specifier.startsWith(`${reserved}/`));
      const places = name === undefined ? undefined : RESERVED[name];
      return !places || places.some((place) => file.name.startsWith(`src/${place}`)) ? [] : [`:${line}: ${specifier} belongs to ${places.join(', ')}`];
    }) : [])).toEqual([]);
  });

  it('of ours carry a suffix, .js for TypeScript', () => {
    expect(findings((file) => isSource(file) && !file.name.startsWith('src/kernel/') ? file.imports.flatMap(({ specifier, line }) => (
      specifier.startsWith('.') && (specifier.endsWith('.ts') || !/(\.\w+|\/)$/.test(specifier)) ? [`:${line}: "${specifier}"`] : []
    )) : [])).toEqual([]);
  });
});

describe('files', () => {
  it('are neither barrels nor drawers', () => {
    expect(files.map(({ name }) => name).filter((name) => BANNED_NAMES.test(name) && !NAME_EXCEPTIONS.has(name))).toEqual([]);
  });

  const byName = new Map(files.map((file) => [file.name, file]));
  it.runIf(byName.has('src/main.ts'))('can all be reached from where programs begin', () => {
    const reached = new Set(files.filter(({ name }) => ENTRIES.some((entry) => entry.test(name))).map(({ name }) => name));
    // A set that grows while it is walked is walked to its end.
    for (const name of reached) for (const { target } of byName.get(name)?.imports ?? []) if (target !== undefined) reached.add(target);
    expect(files.map(({ name }) => name).filter((name) => name.endsWith('.ts') && !reached.has(name))).toEqual([]);
  });

  it(`have at most ${FILE_LINES_MAX} lines`, () => {
    expect(findings((file) => !LENGTH_EXCEPTIONS.test(file.name) && file.lines.length > FILE_LINES_MAX ? [`: ${file.lines.length} lines`] : [])).toEqual([]);
  });

  it(`have lines of at most ${LINE_LENGTH_MAX} characters`, () => {
    expect(findings((file) => LENGTH_EXCEPTIONS.test(file.name) ? [] : file.lines.flatMap((line, i) => (
      line.length > LINE_LENGTH_MAX ? [`:${i + 1}: ${line.length} characters`] : []
    )))).toEqual([]);
  });
});

describe('text', () => {
  it.each(BANNED)('$rule', ({ pattern, where, except }) => {
    expect(findings((file) => !where.test(file.name) || except.test(file.name) ? [] : file.lines.flatMap((line, i) => (
      pattern.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line) ? [`:${i + 1}: ${line.trim()}`] : []
    )))).toEqual([]);
  });
});
