// The package, as it is installed, in each runtime that is supported.
import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newConsumer } from './support/consumer.mjs';
import { packageFolder, run } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const modules = join(packageFolder, '../target/node-runtimes/node_modules');
const standIn = await StandIn.start();
const env = { WTS_API_KEY: standIn.addresses.token, WTS_BASE_URL: standIn.addresses.api, NODE_DEBUG: 'wts-session' };
let folder;
let consumer;

before(async () => {
  ({ folder, consumer } = await newConsumer());
  for (const program of ['behaviour.mjs', 'behaviour-worker.mjs', 'behaviour-stalling-worker.mjs']) {
    await cp(join(packageFolder, 'test/support', program), join(consumer, program));
  }
});

after(async () => {
  await standIn.stop();
  await rm(folder, { recursive: true });
});

for (const [name, version, command, ...args] of [
  ['Node 20', /^v20\./, 'node-20/bin/node'],
  ['Node 22', /^v22\./, 'node-22/bin/node'],
  ['Node 24', /^v24\./, 'node-24/bin/node'],
  ['Bun', /^\d/, '.bin/bun'],
  ['Deno', /^deno /, '.bin/deno', 'run', '--allow-all', '--node-modules-dir=manual'],
]) {
  describe(name, () => {
    it('is what it is called', async () => {
      assert.match((await run(join(modules, command), ['--version'])).stdout, version);
    });

    it('does all that it should, and logs it', async () => {
      const stall = { raw: [{ stall: true }] };
      await standIn.script('stalls', stall, stall);
      const inWorker = `stalls-in-worker-${command.replaceAll(/\W/g, '-')}`;
      await standIn.script(inWorker, ...Array(40).fill(stall));
      const options = { cwd: consumer, env: { ...env, STALLS_IN_WORKER: inWorker } };
      const ended = await run(join(modules, command), [...args, 'behaviour.mjs'], options);
      const [printed, logged] = [ended.stdout, ended.stderr].map((text) => text.trim().split('\n'));
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(printed.at(-1), 'the process waits for calls: true');
      for (const line of logged) {
        assert.match(line, /^WTS-SESSION \d+: \w+ ".+": attempt 1, HTTP \d+/);
      }
    });
  });
}
