// What bundlers and tracers make of a program that uses the package, as npm installs it, and of the package as a tarball with its
// library inside. Each result is moved away from what it was made of, and has to work there.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { installRelease, newConsumer, succeeds } from './support/consumer.mjs';
import { packageFolder, run } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const target = join(packageFolder, '../target');
const requireTool = createRequire(join(target, 'node-tools/package.json'));
const bun = join(target, 'node-runtimes/node_modules/.bin/bun');
const standIn = await StandIn.start();
const env = { WTS_API_KEY: standIn.addresses.token, WTS_BASE_URL: standIn.addresses.api };
const PROGRAM = `const { completeSession } = require('wts-session');
  completeSession('session_12345').then(({ success }) => console.log('success', success));`;
const MODULE = `import { completeSession } from 'wts-session';
  console.log('success', (await completeSession('session_12345')).success);`;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wts-session-bundlers-'));
});

after(async () => {
  await standIn.stop();
  await rm(folder, { recursive: true, force: true });
});

const consumers = {
  'as npm installs it': (consumer) => installRelease(consumer),
  'as a tarball': async (consumer) => {
    const packed = await newConsumer();
    await mkdir(join(consumer, 'node_modules'), { recursive: true });
    await rename(packed.installed, join(consumer, 'node_modules/wts-session')).catch(() =>
      cp(packed.installed, join(consumer, 'node_modules/wts-session'), { recursive: true }),
    );
    await rm(packed.folder, { recursive: true, force: true });
  },
};

/** What `out` has, moved to a folder where nothing is installed, works. */
async function worksElsewhere(out, name, command = process.execPath) {
  const elsewhere = await mkdtemp(join(tmpdir(), 'wts-session-moved-'));
  try {
    await cp(out, elsewhere, { recursive: true });
    const args = command === process.execPath ? [join(elsewhere, name)] : [];
    const program = command === process.execPath ? command : join(elsewhere, name);
    const ended = await run(program, args, { cwd: elsewhere, env });
    assert.deepEqual([ended.stdout, ended.stderr, ended.code], ['success true\n', '', 0]);
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}

/** What a bundle that leaves the package out needs beside it. */
async function worksBeside(consumer, out) {
  await cp(join(consumer, 'node_modules'), join(out, 'node_modules'), { recursive: true });
}

for (const [name, install] of Object.entries(consumers)) {
  describe(`the package ${name}`, () => {
    let consumer;
    let entry;
    let moduleEntry;

    before(async () => {
      consumer = await mkdtemp(join(folder, 'consumer-'));
      await writeFile(join(consumer, 'package.json'), '{ "private": true }');
      await install(consumer);
      [entry, moduleEntry] = [join(consumer, 'program.cjs'), join(consumer, 'program.mjs')];
      await writeFile(entry, PROGRAM);
      await writeFile(moduleEntry, MODULE);
    });

    describe('esbuild', () => {
      const esbuild = requireTool('esbuild');
      const bundle = (out, options) =>
        esbuild.build({ bundle: true, platform: 'node', outdir: out, logLevel: 'silent', ...options });

      it('leaves it out', async () => {
        const out = join(consumer, 'esbuild-external');
        await bundle(out, { entryPoints: [entry], external: ['wts-session'] });
        await worksBeside(consumer, out);
        await worksElsewhere(out, 'program.js');
      });

      it('copies the library', async () => {
        const out = join(consumer, 'esbuild-copy');
        await bundle(out, { entryPoints: [entry], loader: { '.node': 'copy' } });
        await worksElsewhere(out, 'program.js');
      });

      it('without the library: the error names bundlers', async () => {
        const out = join(consumer, 'esbuild-without');
        await bundle(out, { entryPoints: [entry], external: ['*.node', '@wts-session/*'] });
        const elsewhere = await mkdtemp(join(tmpdir(), 'wts-session-moved-'));
        await cp(out, elsewhere, { recursive: true });
        const { code, stderr } = await run(process.execPath, [join(elsewhere, 'program.js')], { env });
        await rm(elsewhere, { recursive: true });
        assert.equal(code, 1);
        assert.match(
          stderr,
          /A bundler has to leave wts-session out of its bundle, or copy the \.node file: see "Bundlers"/,
        );
      });
    });

    describe('webpack', () => {
      const webpack = requireTool('webpack');

      async function bundle(out, options) {
        const config = {
          context: consumer,
          mode: 'production',
          target: 'node',
          entry,
          output: { path: out, filename: 'program.cjs' },
          ...options,
        };
        const stats = await new Promise((resolve, reject) => {
          const compiler = webpack(config);
          compiler.run((error, result) => compiler.close(() => (error ? reject(error) : resolve(result))));
        });
        assert.deepEqual(stats.toJson({ errors: true }).errors, []);
      }

      it('leaves it out', async () => {
        const out = join(consumer, 'webpack-external');
        await bundle(out, { externals: { 'wts-session': 'commonjs wts-session' } });
        await worksBeside(consumer, out);
        await worksElsewhere(out, 'program.cjs');
      });

      it('copies the library', async () => {
        const out = join(consumer, 'webpack-copy');
        const rules = [{ test: /\.node$/, loader: requireTool.resolve('node-loader') }];
        await bundle(out, { module: { rules } });
        await worksElsewhere(out, 'program.cjs');
      });
    });

    it('rollup leaves it out', async () => {
      const { rollup } = requireTool('rollup');
      const out = join(consumer, 'rollup-external');
      const bundle = await rollup({ input: moduleEntry, external: ['wts-session'] });
      await bundle.write({ dir: out, entryFileNames: 'program.mjs' });
      await bundle.close();
      await worksBeside(consumer, out);
      await worksElsewhere(out, 'program.mjs');
    });

    for (const kind of ['program.cjs', 'program.mjs']) {
      it(`@vercel/nft traces the library from ${kind}`, async () => {
        const { nodeFileTrace } = await import(pathToFileURL(requireTool.resolve('@vercel/nft')));
        const { fileList } = await nodeFileTrace([join(consumer, kind)], { base: consumer });
        const out = join(consumer, `traced-${kind}`);
        for (const file of fileList) {
          await cp(join(consumer, file), join(out, file));
        }
        await worksElsewhere(out, kind);
      });
    }

    it('bun build --compile puts the library into the program', async () => {
      const out = join(consumer, 'bun');
      await mkdir(out);
      await succeeds(bun, ['build', entry, '--compile', '--outfile', join(out, 'program')], { cwd: consumer });
      await worksElsewhere(out, 'program', 'itself');
    });
  });
}
