import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a command to its end, which it has to reach within 15 minutes. */
export async function run(command, args, { cwd, env = process.env } = {}) {
  // It prints into files: n8n ends without waiting until a pipe has taken what it printed.
  const folder = await mkdtemp(join(tmpdir(), 'wts-session-run-'));
  const paths = ['stdout', 'stderr'].map((name) => join(folder, name));
  const files = await Promise.all(paths.map((path) => open(path, 'w')));
  try {
    const stdio = ['ignore', ...files.map(({ fd }) => fd)];
    const child = spawn(command, args, { cwd, env, stdio, timeout: 900_000, killSignal: 'SIGKILL' });
    const [code] = await once(child, 'close');
    const [stdout, stderr] = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
    return { stdout, stderr, code };
  } finally {
    await Promise.all(files.map((file) => file.close()));
    await rm(folder, { recursive: true });
  }
}

/** What a command prints that has to succeed. */
export async function output(command, args, options) {
  const { stdout, stderr, code } = await run(command, args, options);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  }
  return stdout;
}
