// Makes a clone runnable: installs the packages and builds, each only if needed. Plain JavaScript without
// packages, because it runs before there are any. `npm start` and `npm test` call it first.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`narthex needs Node.js 20.19 or newer, this is ${process.versions.node}`);
  process.exit(1);
}

const lock = path.join(root, 'package-lock.json');
const installed = path.join(root, 'node_modules', '.package-lock.json');
const mtime = (file) => (fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0);

function run(title, command, args) {
  console.log(`narthex: ${title}`);
  const npmCli = process.env.npm_execpath;
  const [program, full] = command === 'npm' && npmCli ? [process.execPath, [npmCli, ...args]] : [command, args];
  const result = spawnSync(program, full, { cwd: root, stdio: 'inherit' });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

// Not `npm ci`: it refuses a lock file without the optional binaries of every platform, which not every registry has.
// npm writes node_modules/.package-lock.json when an installation is complete.
if (mtime(installed) === 0 || mtime(installed) < mtime(lock)) {
  const title = 'installing packages (the first time compiles better-sqlite3, about a minute)';
  run(title, 'npm', ['install', '--no-save', '--no-audit', '--no-fund']);
}

/** The newest change below a source folder or file. */
function newest(entry) {
  const stat = fs.statSync(entry);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...fs.readdirSync(entry).map((name) => newest(path.join(entry, name))));
}
const stamp = path.join(root, 'dist', '.built');
const sources = ['src', 'package.json', 'tsconfig.json'].map((name) => newest(path.join(root, name)));
if (mtime(stamp) < Math.max(...sources)) run('building', process.execPath, [path.join(root, 'src/tools/build.mjs')]);
