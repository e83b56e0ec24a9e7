// What the tests of this package share.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** This package, and the repository that it is in. */
export const packageFolder = fileURLToPath(new URL('..', import.meta.url));
export const repository = join(packageFolder, '../../..');

/** The program that was built here. */
export const program = process.env.WTS_STAND_IN ?? join(repository, 'target/debug/wts-stand-in');

export const platforms = createRequire(import.meta.url)(join(repository, 'bindings-node/scripts/platforms.json'));
const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';

/** The platform on which this runs. */
export const platform = platforms.find(
  (each) => each.os === process.platform && each.cpu === process.arch && (each.libc ?? libc) === libc,
);

/** Runs a command to its end, which it has to reach within two minutes. */
export async function run(command, args, { cwd = packageFolder, env = {} } = {}) {
  const child = spawn(command, args, {
    cwd,
    // It tells children that they are part of this run of tests, which they are not.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  return { stdout, stderr, code };
}

/** What a command prints, which has to succeed. */
export async function succeeds(command, args, options) {
  const { stdout, stderr, code } = await run(command, args, options);
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/** Makes a folder of its own for a test file. */
export const newFolder = () => mkdtemp(join(tmpdir(), 'wts-stand-in-node-'));

/** Makes the package of a release in a folder: the main one, or that of a platform. */
export function release(folder, name) {
  const own = name === undefined ? [] : [name, program];
  return succeeds(process.execPath, [join(packageFolder, 'scripts/release.mjs'), folder, ...own]);
}

/** Makes a program of its own in a folder, which has what npm would install there, and what else is named. */
export async function newConsumer(folder, { withPlatform = true, links = {} } = {}) {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@wts-session'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await release(join(modules, 'wts-stand-in'));
  if (withPlatform) await release(join(modules, `@wts-session/stand-in-${platform.name}`), platform.name);
  for (const [name, target] of Object.entries(links)) await symlink(target, join(modules, name));
  return folder;
}

export const removed = (folder) => rm(folder, { recursive: true, force: true });
