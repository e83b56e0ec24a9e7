// What users install: the main package, and one with the program for each platform.
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  newConsumer,
  newFolder,
  packageFolder,
  platform,
  platforms,
  release,
  removed,
  repository,
  run,
  succeeds,
} from './support.mjs';

const tool = (name) => join(repository, 'bindings-node/node_modules/.bin', name);
const node24 = join(repository, 'target/node-runtimes/node_modules/node-24/bin/node');

let folder;
let consumer;
let tarballs;

before(async () => {
  folder = await newFolder();
  const modules = (name) => join(repository, 'target/node-tools/node_modules', name);
  consumer = await newConsumer(join(folder, 'consumer'), {
    links: { 'wts-session': join(repository, 'bindings-node'), vitest: modules('vitest'), jest: modules('jest') },
  });
  await cp(join(packageFolder, 'examples'), join(consumer, 'examples'), { recursive: true });
  tarballs = join(folder, 'tarballs');
  await mkdir(tarballs);
  for (const [name, ...own] of [['main'], ['platform', platform.name]]) {
    await release(join(folder, name), ...own);
    await succeeds('npm', ['pack', '--silent', join(folder, name), '--pack-destination', tarballs]);
  }
});

after(() => removed(folder));

const readJson = async (...path) => JSON.parse(await readFile(join(...path, 'package.json'), 'utf8'));

async function packed(which) {
  const names = await readdir(tarballs);
  return join(
    tarballs,
    names.find((name) => name.startsWith('wts-stand-in-') === (which === 'main')),
  );
}

async function filesOf(tarball) {
  const list = await succeeds('tar', ['--list', '--file', tarball]);
  return list.trim().replaceAll('package/', '').split('\n').sort();
}

describe('the packages', () => {
  it('have the version of the workspace', async () => {
    const cargo = await readFile(join(repository, 'Cargo.toml'), 'utf8');
    const [, version] = /\[workspace\.package\]\s+version = "([^"]+)"/.exec(cargo);
    assert.equal((await readJson(packageFolder)).version, version);
  });

  it('hold what they should, and run no scripts', async () => {
    assert.deepEqual(await filesOf(await packed('main')), [
      'LICENSE-APACHE',
      'LICENSE-MIT',
      'README.md',
      'bin/wts-stand-in.cjs',
      'index.cjs',
      'index.d.cts',
      'index.d.ts',
      'index.mjs',
      'lib/program.cjs',
      'lib/stand-in.cjs',
      'package.json',
    ]);
    assert.deepEqual(await filesOf(await packed('platform')), [
      'LICENSE-APACHE',
      'LICENSE-MIT',
      'README.md',
      'THIRD-PARTY-NOTICES.txt',
      'package.json',
      'wts-stand-in',
    ]);
    for (const name of ['main', 'platform']) {
      const { scripts, dependencies, publishConfig } = await readJson(folder, name);
      assert.deepEqual([scripts, dependencies], [undefined, undefined]);
      assert.deepEqual(publishConfig, { access: 'public', provenance: true });
    }
  });

  it('are one for each platform of the library, in the same version', async () => {
    const { optionalDependencies, version } = await readJson(folder, 'main');
    const expected = platforms.map(({ name }) => [`@wts-session/stand-in-${name}`, version]);
    assert.deepEqual(Object.entries(optionalDependencies), expected);
    const { name, os, cpu, libc } = await readJson(folder, 'platform');
    assert.deepEqual([name, os, cpu], [`@wts-session/stand-in-${platform.name}`, [platform.os], [platform.cpu]]);
    assert.deepEqual(libc, platform.libc && [platform.libc]);
  });

  it('pass publint and attw', async () => {
    const tarball = await packed('main');
    await succeeds(tool('publint'), ['run', tarball, '--strict']);
    await succeeds(tool('attw'), [tarball]);
  });

  it('install without scripts and network, with a command', async () => {
    const program = join(folder, 'installed');
    await mkdir(program);
    await writeFile(join(program, 'package.json'), '{ "private": true }');
    const options = { cwd: program, env: { WTS_STAND_IN: '', npm_config_offline: 'true' } };
    const both = [await packed('main'), await packed('platform')];
    await succeeds(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...both],
      options,
    );
    assert.match(
      await succeeds('npx', ['--no', '--', 'wts-stand-in', '--version'], options),
      /^wts-stand-in \d+\.\d+\.\d+/,
    );
  });
});

describe('a test of a user', () => {
  const options = () => ({ cwd: consumer, env: { WTS_STAND_IN: '' } });

  it('runs with node:test', async () => {
    const output = await succeeds(process.execPath, ['--test', 'examples/closing.test.mjs'], options());
    assert.match(output, /pass 2\b/);
  });

  it('runs with vitest', async () => {
    const vitest = join(consumer, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', '--root', consumer];
    await writeFile(join(consumer, 'vitest.config.mjs'), "export default { test: { include: ['**/*.vitest.mjs'] } };");
    const output = await succeeds(node24, args, options());
    assert.match(output, /2 passed/);
  });

  it('runs with jest', async () => {
    const config = JSON.stringify({ rootDir: consumer, testMatch: ['**/*.jest.cjs'], transform: {} });
    const { stderr, code } = await run(
      process.execPath,
      [join(consumer, 'node_modules/jest/bin/jest.js'), '--config', config],
      options(),
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Tests: +1 passed/);
    assert.doesNotMatch(stderr, /did not exit|open handle/);
  });

  it('has types, with and without those of Node', async () => {
    const source = `import { startStandIn, type ReceivedRequest, type StandIn, type Step } from 'wts-stand-in';
const standIn: StandIn = await startStandIn('--limit', 'off');
const step: Step = { status: 503, headers: [['retry-after', '1']] };
await standIn.script('s', step, { pass: true }, { raw: [{ send: 'x' }, { close: true }] });
// @ts-expect-error A misspelt field means nothing.
await standIn.script('s', { statsu: 503 });
const requests: ReceivedRequest[] = await standIn.requests('s', { atLeast: 1 });
const key: string = standIn.environment.WTS_API_KEY + requests[0]?.headers['content-type'];
export { key };
await standIn[Symbol.asyncDispose]();
`;
    await writeFile(join(consumer, 'usage.mts'), source);
    const common = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', '', 'usage.mts'];
    await succeeds(tool('tsc'), common, options());
    await succeeds(tool('tsc'), ['--lib', 'es2022,esnext.disposable', ...common], options());
  });
});

describe('a platform without a program', () => {
  const starting = (cwd, before = '') => {
    const source = `${before}; require('wts-stand-in').startStandIn().catch(({ message }) => console.log(message))`;
    return succeeds(process.execPath, ['--eval', source], { cwd, env: { WTS_STAND_IN: '' } });
  };

  it('is told what to do where its package is left out', async () => {
    const cwd = await newConsumer(join(folder, 'left-out'), { withPlatform: false });
    const message = await starting(cwd);
    assert.ok(message.includes(`the package @wts-session/stand-in-${platform.name} is not installed`), message);
    assert.match(message, /install wts-stand-in again on this platform, without --omit=optional\./);
    const { stderr, code } = await run(process.execPath, ['node_modules/wts-stand-in/bin/wts-stand-in.cjs'], {
      cwd,
      env: { WTS_STAND_IN: '' },
    });
    assert.deepEqual([code, stderr], [1, message]);
  });

  it('is told which platforms there are, and how to build it', async () => {
    const message = await starting(consumer, "Object.defineProperty(process, 'arch', { value: 'riscv64' })");
    assert.match(
      message,
      /^wts-stand-in has no program for this platform: the package @wts-session\/stand-in-\w+-riscv64/,
    );
    assert.match(message, /There are programs for: darwin-arm64, .*win32-x64-msvc\./);
    assert.match(message, /cargo install wts-stand-in/);
  });
});
