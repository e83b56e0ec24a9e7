import './environment.mjs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** This package. */
export const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a command to its end, which it has to reach within a minute, or the time given. */
export async function run(command, args, { cwd = packageFolder, env = {}, timeout = 60_000 } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
    killSignal: 'SIGKILL',
  });
  const begun = performance.now();
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code, signal, ms: performance.now() - begun };
}

/** Runs a program as an ES module in this package, whose name it can import. */
export function runModule(source, { args = [], ...options } = {}) {
  return run(process.execPath, [...args, '--input-type=module', '--eval', source], options);
}

/** Puts a value into the source of a program. */
export const js = (strings, ...values) => String.raw({ raw: strings }, ...values.map((value) => JSON.stringify(value)));
