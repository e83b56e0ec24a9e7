import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Client } from 'wts-session';
import native from '../lib/native.cjs';
import { js, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const MAX_GROWTH = 1024 * 1024;
/** So often, and no more, allocators may take what they then keep. */
const MAX_ROUNDS = 8;
let standIn;

beforeEach(async () => {
  standIn = await StandIn.start();
});

afterEach(() => standIn.stop());

const descriptors = () => readdirSync('/proc/self/fd').length;

describe('many calls', () => {
  it('5,000 at once all settle, on no more connections than allowed', async () => {
    const client = new Client({ ...standIn.connection, rateLimits: null, totalTimeoutMs: null });
    const before = process.platform === 'linux' ? descriptors() : 0;
    const results = await Promise.all(Array.from({ length: 5000 }, () => client.completeSession('session_12345')));
    assert.ok(results.every(({ success }) => success));
    const { peak } = await standIn.connections();
    assert.ok(peak <= 64 + 1, `${peak} connections, one of them our own question`);
    if (process.platform === 'linux') {
      assert.ok(descriptors() <= before + 80, `${descriptors()} descriptors after ${before}`);
    }
  });

  it('5,000 with a bad input all reject', async () => {
    const client = new Client(standIn.connection);
    const outcomes = await Promise.allSettled(Array.from({ length: 5000 }, () => client.completeSession(' ')));
    assert.ok(outcomes.every(({ reason }) => reason.code === 'empty_session_id'));
  });

  it('cross to this thread together: once for all that have settled', async () => {
    const count = 1000;
    const hops = [];
    await new Promise((resolve) => {
      const calls = new native.Calls((ids) => {
        hops.push(ids.length);
        if (hops.reduce((sum, size) => sum + size) === count) {
          // They end with the object.
          resolve(calls);
        }
      });
      const inner = native.createClient(standIn.connection, {}, calls, false);
      for (let id = 0; id < count; id += 1) {
        inner.completeSession(id, '', false, false);
      }
      // All settle while this thread is busy.
      const busyUntil = performance.now() + 500;
      while (performance.now() < busyUntil);
    });
    assert.ok(hops.length < 10, `${hops}`);
  });

  it('4,000 leave no memory behind', async () => {
    const source = js`import assert from 'node:assert/strict';
      import { Client } from 'wts-session';
      const client = new Client({ ...${standIn.connection}, rateLimits: null, maxRetries: 0 });
      async function one(number) {
        const signal = number % 4 === 0 ? new AbortController().signal : undefined;
        if (number % 4 === 1) return assert.rejects(client.completeSession('unknown'), { code: 'not_found' });
        if (number % 4 === 2) return client.completeSession('session_12345', { signal: AbortSignal.timeout(0) }).catch(({ name }) => assert.equal(name, 'TimeoutError'));
        return client.updateSessionStatus('session_12345', 'PENDING', { signal });
      }
      async function many(count) {
        let next = 0;
        const worker = async () => { while (next < count) { next += 1; await one(next); } };
        await Promise.all(Array.from({ length: 16 }, worker));
        for (let round = 0; round < 4; round += 1) {
          await new Promise((resolve) => setImmediate(resolve));
          gc();
        }
        return process.memoryUsage.rss();
      }
      const rounds = [await many(4000)];
      do rounds.push(await many(4000)); while (rounds.length <= ${MAX_ROUNDS} && rounds.at(-1) - rounds.at(-2) > ${MAX_GROWTH});
      console.log(JSON.stringify(rounds));`;
    // A young generation that may not grow: what grows then is what was left behind.
    const ended = await runModule(source, { args: ['--expose-gc', '--max-semi-space-size=1'], timeout: 240_000 });
    assert.equal(ended.code, 0, ended.stderr);
    const rounds = JSON.parse(ended.stdout);
    assert.ok(rounds.at(-1) - rounds.at(-2) <= MAX_GROWTH, `it grows and grows: ${rounds}`);
  });
});
