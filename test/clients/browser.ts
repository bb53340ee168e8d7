/**
 * The clients of this folder run in browsers. Here they get what a page would give them, and what they only draw with is left out:
 * the packages that `overrides` of package.json replaces are not installed, and whoever asks for one gets an object that can be
 * called, constructed and asked for anything. None of them builds a request.
 */
import fs from 'node:fs';
import Module, { createRequire } from 'node:module';
import { URL } from 'node:url';

/** False in a clone where `npm run test:clients` never ran: these packages are not those of narthex itself. */
export const areClientsInstalled = fs.existsSync(new URL('node_modules/.package-lock.json', import.meta.url));
if (!areClientsInstalled) console.log('skipped: test/clients has no packages; npm run test:clients installs them');

const { overrides } = JSON.parse(fs.readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { overrides: Record<string, string> };

/** A `require` with the packages of this folder and everything that they want to find in a page. */
export function browserRequire(): NodeJS.Require {
  const page = globalThis as { window?: unknown };
  page.window ??= Object.assign(new EventTarget(), {
    grafanaBootData: { settings: { featureToggles: {} }, user: {}, navTree: [] },
    location: new URL('http://localhost/'),
    localStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
    // Highlights what it finds in the document, unless told otherwise.
    Prism: { manual: true },
  });
  leaveOut(new Set(Object.keys(overrides)));
  return createRequire(new URL('package.json', import.meta.url));
}

/** Node has no other way to replace a CommonJS module from within, below version 22. */
interface Loader {
  _load: (request: string, ...rest: unknown[]) => unknown;
  leavesOut?: boolean;
}

function leaveOut(names: ReadonlySet<string>): void {
  const loader = Module as typeof Module & Loader;
  if (loader.leavesOut === true) return;
  loader.leavesOut = true;
  const load = loader._load;
  const nothing = standIn();
  loader._load = (request, ...rest) => {
    const name = request.split('/').slice(0, request.startsWith('@') ? 2 : 1).join('/');
    return names.has(name) ? nothing : load.call(loader, request, ...rest);
  };
}

function standIn(): unknown {
  const target = function nothing(): void {};
  const proxy: unknown = new Proxy(target, {
    get: (_target, key) => {
      if (key === '__esModule') return true;
      if (key === 'then') return undefined;
      if (key === 'prototype') return target.prototype;
      if (key === Symbol.toPrimitive) return () => '';
      return key === Symbol.iterator ? () => [].values() : proxy;
    },
    apply: () => proxy,
    construct: () => proxy as object,
  });
  return proxy;
}
