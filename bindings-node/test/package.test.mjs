// What users get: the tarball, its types, its modules.
import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import native from '../lib/native.cjs';
import { newConsumer, succeeds } from './support/consumer.mjs';
import { packageFolder } from './support/run.mjs';

const root = join(packageFolder, '..');
const tool = (name) => join(packageFolder, 'node_modules', '.bin', name);
let folder;
let tarball;
let consumer;
let installed;

before(async () => {
  ({ folder, tarball, consumer, installed } = await newConsumer());
  for (const name of ['@types', 'undici-types']) {
    await cp(join(packageFolder, 'node_modules', name), join(consumer, 'node_modules', name), { recursive: true });
  }
});

after(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('has the version of the workspace', async () => {
    const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
    const lock = JSON.parse(await readFile(join(packageFolder, 'package-lock.json'), 'utf8'));
    const cargo = await readFile(join(root, 'Cargo.toml'), 'utf8');
    const [, version] = /\[workspace\.package\]\s+version = "([^"]+)"/.exec(cargo);
    assert.deepEqual([manifest.version, lock.version, native.VERSION], [version, version, version]);
    assert.equal(manifest.dependencies, undefined, 'it has dependencies at run time');
  });

  it('holds what it should, and nothing else', async () => {
    const files = (await readdir(installed, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(installed.length + 1));
    assert.deepEqual(files.sort(), [
      'README.md',
      'THIRD-PARTY-NOTICES.txt',
      'index.cjs',
      'index.d.cts',
      'index.d.ts',
      'index.mjs',
      'lib/arguments.cjs',
      'lib/bulk.cjs',
      'lib/calls.cjs',
      'lib/error.cjs',
      'lib/input.cjs',
      'lib/log.cjs',
      'lib/native.cjs',
      'lib/outcomes.cjs',
      'lib/signal.cjs',
      'lib/warning.cjs',
      'package.json',
      'wts-session.node',
    ]);
  });

  it('passes publint', () => succeeds(tool('publint'), ['run', tarball, '--strict']));

  it('passes attw', () => succeeds(tool('attw'), [tarball]));

  it('exports the same names to CommonJS and ES modules, and no others', async () => {
    const names = '["BulkError","Client","SessionStatus","WtsError","completeSession","updateSessionStatus"]';
    const print = 'console.log(JSON.stringify(Object.keys(wts).sort()));';
    const cjs = `const wts = require('wts-session'); ${print}`;
    const esm = `import * as wts from 'wts-session'; ${print}`;
    const options = { cwd: consumer };
    const node = process.execPath;
    assert.equal((await succeeds(node, ['--input-type=commonjs', '--eval', cjs], options)).trim(), names);
    assert.equal((await succeeds(node, ['--input-type=module', '--eval', esm], options)).trim(), names);
  });
});

describe('the sources', () => {
  const kinds = {
    lib: { extension: '.cjs', imports: /require\('\.\/([\w-]+)\.cjs'\)/g },
    src: { extension: '.rs', imports: /^use crate::(\w+)/gm },
  };

  /** The files that `name` reaches, by their imports. */
  function reached(graph, name, seen = new Set()) {
    for (const next of graph.get(name) ?? []) {
      if (!seen.has(next)) {
        reached(graph, next, seen.add(next));
      }
    }
    return seen;
  }

  for (const [directory, { extension, imports }] of Object.entries(kinds)) {
    it(`of ${directory} import each other without a circle`, async () => {
      const graph = new Map();
      for (const file of await readdir(join(packageFolder, directory))) {
        const source = await readFile(join(packageFolder, directory, file), 'utf8');
        graph.set(
          basename(file, extension),
          [...source.matchAll(imports)].map(([, name]) => name),
        );
      }
      assert.ok([...graph.values()].flat().length > 5, 'no imports are found');
      for (const name of graph.keys()) {
        assert.ok(!reached(graph, name).has(name), `${name} imports itself`);
      }
    });
  }
});

describe('the types', () => {
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit'];
  const target = ['--target', 'es2022', '--lib', 'es2022', '--types', 'node'];

  before(async () => {
    for (const program of ['usage', 'bulk']) {
      const source = await readFile(join(packageFolder, `test/types/${program}.mts`), 'utf8');
      for (const extension of ['mts', 'cts', 'ts']) {
        await writeFile(join(consumer, `${program}.${extension}`), source);
      }
    }
    await writeFile(join(consumer, 'codes.mts'), await exhaustiveCodes());
  });

  /** A program that compiles only if the union of codes is the list that all languages share. */
  async function exhaustiveCodes() {
    const codes = JSON.parse(await readFile(join(root, 'tests/errors.json'), 'utf8')).map(({ code }) => code);
    assert.ok(codes.length > 0);
    return `import type { WtsErrorCode } from 'wts-session';
      export const codes: Record<WtsErrorCode, true> = { ${codes.map((code) => `${code}: true`).join(', ')} };`;
  }

  for (const compiler of ['typescript', 'typescript-5']) {
    it(`need neither @types/node nor dom in ${compiler}`, async () => {
      const source = `import { Client, WtsError } from 'wts-session';
        export const call = (id: string) => new Client().completeSession(id).catch((error: WtsError) => error.code);`;
      await writeFile(join(consumer, 'alone.mts'), source);
      const tsc = join(packageFolder, 'node_modules', compiler, 'bin', 'tsc');
      const alone = [
        '--target',
        'es2022',
        '--lib',
        'es2022',
        '--typeRoots',
        'none',
        '--module',
        'nodenext',
        'alone.mts',
      ];
      await succeeds(process.execPath, [tsc, ...strict, ...alone], { cwd: consumer });
    });
  }

  for (const [module, resolution, files, compilers] of [
    [
      'node16',
      'node16',
      ['usage.mts', 'usage.cts', 'bulk.mts', 'bulk.cts', 'codes.mts'],
      ['typescript', 'typescript-5'],
    ],
    [
      'nodenext',
      'nodenext',
      ['usage.mts', 'usage.cts', 'bulk.mts', 'bulk.cts', 'codes.mts'],
      ['typescript', 'typescript-5'],
    ],
    ['esnext', 'bundler', ['usage.ts', 'usage.mts', 'bulk.ts', 'bulk.mts'], ['typescript', 'typescript-5']],
    // TypeScript 7 does not have it any more.
    ['commonjs', 'node10', ['usage.ts', 'bulk.ts'], ['typescript-5']],
  ]) {
    for (const compiler of compilers) {
      it(`fit ${resolution} in ${compiler}`, async () => {
        const tsc = join(packageFolder, 'node_modules', compiler, 'bin', 'tsc');
        const modules = ['--module', module, '--moduleResolution', resolution];
        await succeeds(process.execPath, [tsc, ...strict, ...target, ...modules, ...files], { cwd: consumer });
      });
    }
  }
});
