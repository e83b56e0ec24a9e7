import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs a command to its end, which it has to reach within five minutes. */
export async function run(command, args, { cwd, env = process.env } = {}) {
  const options = { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000, killSignal: 'SIGKILL' };
  const child = spawn(command, args, options);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code };
}

/** What a command prints that has to succeed. */
export async function output(command, args, options) {
  const { stdout, stderr, code } = await run(command, args, options);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  }
  return stdout;
}
