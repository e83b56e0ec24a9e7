// From a checkout: what a user with Rust gets, and what one without it is told.
import assert from 'node:assert/strict';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageFolder, run } from './support/run.mjs';

const root = join(packageFolder, '..');
const BUILD = 'scripts/build.mjs';
// Always the same place, so that cargo knows again what it built there the last time.
const checkout = join(root, 'target', 'node-install', 'checkout');
// Not that of this checkout: cargo calls the library the same there, and would take one for the other.
const ownTarget = join(root, 'target', 'node-install', 'target');
const LEFT_BEHIND = ['node_modules', 'target', '.git', '.venv'];
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wts-session-install-'));
  await rm(checkout, { recursive: true, force: true });
  await mkdir(checkout, { recursive: true });
  const { stdout } = await run('cargo', ['metadata', '--no-deps', '--format-version', '1', '--offline']);
  const members = JSON.parse(stdout).packages.map(({ manifest_path: path }) =>
    path.slice(root.length + 1, -'/Cargo.toml'.length),
  );
  for (const name of ['package.json', 'Cargo.toml', 'Cargo.lock', ...members]) {
    await cp(join(root, name), join(checkout, name), { recursive: true, preserveTimestamps: true, filter: isSource });
  }
});

after(() => rm(folder, { recursive: true, force: true }));

function isSource(path) {
  return !LEFT_BEHIND.includes(basename(path)) && !path.endsWith('.node');
}

async function newFolder(name) {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

/** The program in this folder has the package, in both kinds of modules. */
async function worksIn(consumer) {
  const esm = `import { completeSession } from 'wts-session';
    await completeSession('').catch((error) => console.log(error.code));`;
  const cjs = `require('wts-session').completeSession('').catch((error) => console.log(error.code));`;
  for (const [type, source] of Object.entries({ module: esm, commonjs: cjs })) {
    const ended = await run(process.execPath, [`--input-type=${type}`, '--eval', source], {
      cwd: consumer,
      env: { WTS_API_KEY: 'pn_1', WTS_BASE_URL: 'http://127.0.0.1:9' },
    });
    assert.deepEqual([ended.stdout, ended.stderr, ended.code], ['empty_session_id\n', '', 0]);
  }
}

describe('npm install of a checkout', () => {
  it('builds the native library, and the package works', { timeout: 600_000 }, async () => {
    const consumer = await newFolder('consumer');
    await writeFile(join(consumer, 'package.json'), '{ "private": true }');
    const env = { WTS_SESSION_BUILD: 'dev', CARGO_TARGET_DIR: ownTarget };
    const options = { cwd: consumer, env, timeout: 600_000 };
    const install = await run('npm', ['install', join(checkout, 'bindings-node'), '--offline'], options);
    assert.equal(install.code, 0, install.stderr);
    await worksIn(consumer);
  });
});

describe('npm install of a git URL', () => {
  it('builds the native library, and the package works', async () => {
    const repository = await newFolder('repository');
    await cp(checkout, repository, { recursive: true, filter: isSource });
    const committing = [
      '-c',
      'user.name=tester',
      '-c',
      'user.email=tester@localhost',
      'commit',
      '--quiet',
      '-m',
      'all',
    ];
    for (const args of [['init', '--quiet'], ['add', '.'], committing]) {
      const { code, stderr } = await run('git', args, { cwd: repository });
      assert.equal(code, 0, stderr);
    }
    // The real one builds what the test of the checkout has built, but at another path, and so from the start.
    const PATH = await newFolder('cargo-that-has-built');
    const built = {
      reason: 'compiler-artifact',
      target: { name: 'wts_session_node' },
      filenames: [join(packageFolder, 'wts-session.node')],
    };
    await writeFile(join(PATH, 'cargo'), `#!/bin/sh\necho '${JSON.stringify(built)}'\n`);
    await chmod(join(PATH, 'cargo'), 0o755);
    const consumer = await newFolder('consumer-of-git');
    await writeFile(join(consumer, 'package.json'), '{ "private": true }');
    const options = { cwd: consumer, env: { PATH: `${PATH}${delimiter}${process.env.PATH}` } };
    const install = await run('npm', ['install', `git+file://${repository}`, '--offline'], options);
    assert.equal(install.code, 0, install.stderr);
    await worksIn(consumer);
    const files = await readdir(join(consumer, 'node_modules/wts-session'));
    assert.deepEqual(files.sort(), ['bindings-node', 'package.json']);
  });

  it('gives the package that is published', async () => {
    const readJson = async (path) => JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
    const [whole, published] = [await readJson(root), await readJson(packageFolder)];
    for (const name of ['name', 'version', 'license', 'engines']) {
      assert.deepEqual(whole[name], published[name], name);
    }
    const inFolder = (value) => JSON.parse(JSON.stringify(value).replaceAll('"./', '"./bindings-node/'));
    const { './package.json': own, ...exported } = published.exports;
    assert.deepEqual(whole.exports, { ...inFolder(exported), './package.json': own });
    assert.deepEqual([whole.main, whole.types], inFolder([published.main, published.types]));
    const files = published.files.map((name) => `bindings-node/${name}`);
    assert.deepEqual(whole.files, files);
  });
});

describe('the build', () => {
  it('says what is missing where there is no cargo', async () => {
    const PATH = await newFolder('no-programs');
    const { code, stderr } = await run(process.execPath, [BUILD], { env: { PATH } });
    assert.equal(code, 1);
    assert.match(stderr, /^wts-session is built from source here, which needs Rust: cargo was not found\.\n/);
    assert.match(stderr, /https:\/\/rustup\.rs/);
    assert.ok(!stderr.includes('    at '), stderr);
  });

  it('fails when cargo fails, and leaves the library as it was', async () => {
    const PATH = await newFolder('failing-cargo');
    await writeFile(join(PATH, 'cargo'), '#!/bin/sh\nexit 101\n');
    await chmod(join(PATH, 'cargo'), 0o755);
    const before = await readFile(join(packageFolder, 'wts-session.node'));
    const { code, stderr } = await run(process.execPath, [BUILD], { env: { PATH } });
    assert.equal(code, 1);
    assert.equal(stderr, 'wts-session could not be built: cargo ended with 101.\n');
    assert.ok(before.equals(await readFile(join(packageFolder, 'wts-session.node'))));
  });
});

describe('without the native library', () => {
  it('loading says how to build it', async () => {
    const copy = await newFolder('not built');
    for (const name of ['package.json', 'index.cjs', 'index.mjs', 'lib']) {
      await cp(join(packageFolder, name), join(copy, name), { recursive: true });
    }
    const { code, stderr } = await run(process.execPath, ['--eval', "require('./index.cjs')"], { cwd: copy });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /wts-session has no native library for \w+-\w+ here \(.+\)\. .* In a checkout build it, .*npm run build --prefix ".*not built"/,
    );
  });

  it('a library that is broken is not called missing', async () => {
    const copy = await newFolder('broken');
    for (const name of ['package.json', 'index.cjs', 'lib']) {
      await cp(join(packageFolder, name), join(copy, name), { recursive: true });
    }
    await writeFile(join(copy, 'wts-session.node'), 'no library');
    const { code, stderr } = await run(process.execPath, ['--eval', "require('./index.cjs')"], { cwd: copy });
    assert.equal(code, 1);
    assert.match(stderr, /ERR_DLOPEN_FAILED/);
  });
});
