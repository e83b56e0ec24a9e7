// Loads the package in one realm after another, as jest does for each test file, and uses it there. Ends well only if every realm is
// freed. Needs --expose-gc; takes the address and the key of the stand-in.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { packageFolder } from './run.mjs';

const REALMS = 40;
const [baseUrl, apiKey] = process.argv.slice(2);
const requireOutside = createRequire(import.meta.url);

/** A `require` whose modules belong to the context; only Node's own and the native library are shared, as in jest. */
function requireIn(context, modules, folder) {
  return (name) => {
    if (!name.startsWith('.')) {
      return requireOutside(name);
    }
    const path = join(folder, name);
    if (path.endsWith('.node')) {
      return requireOutside(path);
    }
    if (!modules.has(path)) {
      const module = { exports: {} };
      modules.set(path, module);
      const source = `(function (module, exports, require, __dirname) {${readFileSync(path, 'utf8')}\n})`;
      const load = runInContext(source, context, { filename: path });
      load(module, module.exports, requireIn(context, modules, dirname(path)), dirname(path));
    }
    return modules.get(path).exports;
  };
}

async function useRealm() {
  const context = createContext({ process, setImmediate, console, DOMException, FinalizationRegistry });
  const wts = requireIn(context, new Map(), packageFolder)('./index.cjs');
  const logger = { debug() {}, warn() {} };
  // An account of its own: the calls without a client, which have limits, wait for nobody.
  const connection = { baseUrl, apiKey: `${apiKey}_other`, rateLimits: null };
  const clients = [{}, { logger }].map((options) => new wts.Client({ ...connection, ...options }));
  const { signal } = new AbortController();
  for (const client of clients) {
    await client.completeSession('session_12345', { signal });
    await client.completeSessions(['session_12345', 'unknown', ''], { signal });
    for await (const { ok } of client.iterCompleteSessions(['session_12345', 'session_23456'])) {
      if (!ok) throw new Error('it failed');
      break;
    }
  }
  await wts.completeSession('session_12345', { baseUrl, apiKey });
  return runInContext('globalThis', context);
}

let freed = 0;
const all = new Promise((resolve) => {
  globalThis.registry = new FinalizationRegistry(() => {
    freed += 1;
    if (freed === REALMS) {
      resolve();
    }
  });
});
for (let realm = 0; realm < REALMS; realm += 1) {
  globalThis.registry.register(await useRealm());
}
const collecting = setInterval(gc, 20);
const giveUp = setTimeout(() => {
  console.error(`${freed} of ${REALMS} realms are freed`);
  process.exit(1);
}, 20_000);
await all;
clearInterval(collecting);
clearTimeout(giveUp);
