import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFolder, run } from './run.mjs';

const platforms = createRequire(import.meta.url)('../../scripts/platforms.json');
const { glibcVersionRuntime } = process.report.getReport().header;
const linuxLibc = glibcVersionRuntime ? 'glibc' : 'musl';
const ownLibc = process.platform === 'linux' ? linuxLibc : undefined;

/** A folder with the tarball of this package, and in it one of a program that has installed that. */
export async function newConsumer() {
  const folder = await mkdtemp(join(tmpdir(), 'wts-session-package-'));
  // Without its scripts, which would put a build for users in the place of the one that is tested here.
  await succeeds('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
  const [name] = await readdir(folder);
  const tarball = join(folder, name);
  const consumer = join(folder, 'consumer');
  const installed = join(consumer, 'node_modules', 'wts-session');
  await mkdir(installed, { recursive: true });
  await writeFile(join(consumer, 'package.json'), '{ "private": true }');
  await succeeds('tar', ['--extract', '--file', tarball, '--strip-components', '1', '--directory', installed]);
  return { folder, tarball, consumer, installed };
}

/** What a command prints, which has to succeed. */
export async function succeeds(command, args, options) {
  const ended = await run(command, args, options);
  assert.equal(ended.code, 0, `${command} ${args.join(' ')}\n${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

/** The platform of `scripts/platforms.json` on which this runs. */
export const platform = platforms.find(
  ({ os, cpu, libc }) => os === process.platform && cpu === process.arch && libc === ownLibc,
);

/** Makes a folder with the packages of a release where npm would put them: the main one, and that of this platform. */
export async function installRelease(consumer) {
  const modules = join(consumer, 'node_modules');
  await succeeds(process.execPath, ['scripts/release.mjs', join(modules, 'wts-session')]);
  const library = join(packageFolder, 'wts-session.node');
  const own = join(modules, '@wts-session', platform.name);
  await succeeds(process.execPath, ['scripts/release.mjs', own, platform.name, library]);
}
