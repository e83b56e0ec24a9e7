// What a release publishes: the main package, and one with the native library for each platform.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { platform as ours, succeeds } from './support/consumer.mjs';
import { packageFolder, run } from './support/run.mjs';

const platforms = createRequire(import.meta.url)('../scripts/platforms.json');
const root = join(packageFolder, '..');
let folder;
let version;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wts-session-release-'));
  ({ version } = await readJson(packageFolder));
  await release('main');
  for (const { name } of platforms) {
    await release(name, name, join(packageFolder, 'wts-session.node'));
  }
  await mkdir(join(folder, 'packages'));
});

after(() => rm(folder, { recursive: true, force: true }));

const readJson = async (...path) => JSON.parse(await readFile(join(...path, 'package.json'), 'utf8'));
const release = (name, ...args) => succeeds('node', ['scripts/release.mjs', join(folder, name), ...args]);

async function packed(name) {
  const destination = join(folder, `${name}-packed`);
  await mkdir(destination, { recursive: true });
  await succeeds('npm', ['pack', join(folder, name), '--pack-destination', destination]);
  const [tarball] = await readdir(destination);
  return join(destination, tarball);
}

async function filesOf(tarball) {
  const list = await succeeds('tar', ['--list', '--file', tarball]);
  return list
    .trim()
    .split('\n')
    .map((name) => name.replace('package/', ''))
    .sort();
}

describe('the platforms', () => {
  it('are those that the package loads, by names that bundlers see', async () => {
    const source = await readFile(join(packageFolder, 'lib/native.cjs'), 'utf8');
    const loaded = [...source.matchAll(/require\('@wts-session\/([\w-]+)'\)/g)].map(([, name]) => name);
    assert.deepEqual(
      loaded.sort(),
      platforms.map(({ name }) => name),
    );
  });

  it('are those that the workflow builds', async () => {
    const workflow = await readFile(join(root, '.github/workflows/node.yml'), 'utf8');
    const built = [...workflow.matchAll(/\{ name: ([\w-]+), target: ([\w-]+),/g)].map(([, ...named]) => named);
    assert.deepEqual(
      built.sort(),
      platforms.map(({ name, target }) => [name, target]),
    );
  });

  it('have names that say what they are', () => {
    const abis = { glibc: '-gnu', musl: '-musl' };
    for (const { name, os, cpu, libc: of } of platforms) {
      assert.equal(name, `${os}-${cpu}${os === 'win32' ? '-msvc' : (abis[of] ?? '')}`);
    }
  });

  it('are the optional dependencies of the main package, in the same version', async () => {
    const { optionalDependencies } = await readJson(folder, 'main');
    const expected = platforms.map(({ name }) => [`@wts-session/${name}`, version]);
    assert.deepEqual(Object.entries(optionalDependencies), expected);
  });

  it('have packages that npm installs nowhere else', async () => {
    for (const { name, os, cpu, libc: of } of platforms) {
      const manifest = await readJson(folder, name);
      assert.deepEqual([manifest.name, manifest.version], [`@wts-session/${name}`, version]);
      assert.deepEqual([manifest.os, manifest.cpu, manifest.libc], [[os], [cpu], of && [of]]);
    }
  });
});

describe('the packages', () => {
  it('hold what they should, run no scripts, and have a provenance', async () => {
    assert.deepEqual(await filesOf(await packed(ours.name)), [
      'LICENSE-APACHE',
      'LICENSE-MIT',
      'README.md',
      'THIRD-PARTY-NOTICES.txt',
      'package.json',
      'wts-session.node',
    ]);
    const main = await filesOf(await packed('main'));
    assert.deepEqual(
      main.filter((name) => !name.startsWith('lib/')),
      [
        'LICENSE-APACHE',
        'LICENSE-MIT',
        'README.md',
        'THIRD-PARTY-NOTICES.txt',
        'index.cjs',
        'index.d.cts',
        'index.d.ts',
        'index.mjs',
        'package.json',
      ],
    );
    const lib = (await readdir(join(packageFolder, 'lib'))).map((name) => `lib/${name}`);
    assert.deepEqual(
      main.filter((name) => name.startsWith('lib/')),
      lib.sort(),
    );
    for (const name of ['main', ours.name]) {
      const manifest = await readJson(folder, name);
      for (const left of ['scripts', 'dependencies', 'devDependencies']) {
        assert.equal(left in manifest, false, left);
      }
      assert.deepEqual(manifest.publishConfig, { access: 'public', provenance: true });
    }
  });

  it('install without scripts, and load', async () => {
    const packages = join(folder, 'both');
    await mkdir(packages);
    for (const name of ['main', ours.name]) {
      await cp(await packed(name), join(packages, `${name}.tgz`));
    }
    await succeeds('sh', ['scripts/try-packages.sh', packages], { env: { npm_config_offline: 'true' } });
  });

  it('load where those of two C libraries are installed, of which one does not fit', async () => {
    const fitting = platforms.filter(({ os, cpu }) => os === ours.os && cpu === ours.cpu).map(({ name }) => name);
    const modules = await installed('two', 'main', ...fitting);
    await writeFile(join(modules, '@wts-session', fitting[0], 'wts-session.node'), 'of another C library');
    const { code, stderr } = await loading('two');
    assert.equal(code, fitting.length > 1 ? 0 : 1, stderr);
  });

  it('say what is missing where the one for the platform is left out', async () => {
    await installed('none', 'main');
    const { code, stderr } = await loading('none');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /wts-session has no native library for \w+-\w+ here \(Cannot find module .+\)\. A bundler has to /,
    );
    assert.ok(stderr.includes(`@wts-session/${ours.name}`), stderr);
  });
});

describe('a platform without a package', () => {
  it('is named, beside those that have one', async () => {
    await installed('other', 'main');
    const source = "Object.defineProperty(process, 'arch', { value: 'riscv64' }); require('wts-session')";
    const { code, stderr } = await loading('other', source);
    const packaged = [...new Set(platforms.map(({ os, cpu }) => `${os}-${cpu}`))].sort().join(', ');
    assert.equal(code, 1);
    assert.ok(
      stderr.includes(`wts-session has no package for ${process.platform}-riscv64, only for ${packaged}. Build it in `),
      stderr,
    );
  });
});

/** Puts packages where npm would, in the folder of a program. */
async function installed(program, ...names) {
  const modules = join(folder, program, 'node_modules');
  for (const name of names) {
    const place = join(modules, name === 'main' ? 'wts-session' : join('@wts-session', name));
    await cp(join(folder, name), place, { recursive: true });
  }
  return modules;
}

function loading(program, source = "require('wts-session')") {
  return run(process.execPath, ['--eval', source], { cwd: join(folder, program) });
}
