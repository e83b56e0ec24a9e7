// What has to work in every runtime, as a program of its own. The session `stalls` gets no answer twice, the one that
// STALLS_IN_WORKER names 40 times.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import { json } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import * as wts from 'wts-session';

const { Client, completeSession, SessionStatus, updateSessionStatus, WtsError } = wts;
const require = createRequire(import.meta.url);
const lines = [];
const logger = { debug: (line) => lines.push(line), warn: (line) => lines.push(line) };
// An account of its own: the calls without a client, which have limits, wait for nobody.
const client = new Client({ apiKey: `${process.env.WTS_API_KEY}_other`, rateLimits: null, logger });

const checks = {
  'both kinds of modules have the same classes'() {
    assert.equal(require('wts-session').Client, Client);
    assert.equal(require('wts-session').WtsError, WtsError);
  },

  async 'calls give sessions'() {
    const session = await client.updateSessionStatus('session_12345', SessionStatus.InProgress);
    assert.deepEqual([session.id, session.status], ['session_12345', 'IN_PROGRESS']);
    assert.equal((await completeSession('session_12345')).success, true);
    assert.equal((await updateSessionStatus('session_12345', 'Hidden')).status, 'HIDDEN');
  },

  async 'errors tell all, and where'() {
    async function caller() {
      await client.completeSession('unknown');
    }
    const error = await caller().catch((reason) => reason);
    assert.ok(error instanceof WtsError && error instanceof Error);
    assert.deepEqual([error.code, error.httpStatus, error.attempts], ['not_found', 500, 1]);
    assert.match(error.message, /^Conversa não encontrada/);
    assert.match(error.stack, /^WtsError: Conversa .+\n +at .*caller.*behaviour\.mjs/);
    assert.ok(error.body.includes('httpStatusCode'));
    assert.ok(!`${inspect(error)}${JSON.stringify(error)}`.includes('httpStatusCode'));
    await assert.rejects(client.completeSession(1), { name: 'TypeError', message: /^sessionId must be a string/ });
  },

  async 'signals end calls'() {
    const controller = new AbortController();
    const call = client.completeSession('stalls', { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await assert.rejects(call, { message: 'enough' });
    await assert.rejects(client.completeSession('stalls', { signal: AbortSignal.timeout(50) }), {
      name: 'TimeoutError',
    });
  },

  async 'bulk calls have outcomes in order'() {
    const done = [];
    const outcomes = await client.completeSessions(['session_12345', 'unknown', ''], {
      onProgress: (count) => done.push(count),
    });
    assert.deepEqual(
      outcomes.map(({ ok, error }) => (ok ? 'ok' : error.code)),
      ['ok', 'not_found', 'empty_session_id'],
    );
    assert.deepEqual(done, [1, 2, 3]);
  },

  async 'iterations can be left'() {
    function* endless() {
      for (;;) {
        yield 'session_12345';
      }
    }
    let count = 0;
    for await (const { ok } of client.iterCompleteSessions(endless())) {
      assert.ok(ok);
      count += 1;
      if (count === 50) {
        break;
      }
    }
  },

  async 'many calls at once'() {
    const calls = Array.from({ length: 500 }, () => client.completeSession('session_12345'));
    assert.equal((await Promise.all(calls)).length, 500);
  },

  'lines are logged'() {
    assert.match(lines[0], /^update_session_status "session_12345": attempt 1, HTTP 200, \d+ ms$/);
  },

  async 'lines are logged in the async context of the call'() {
    const storage = new AsyncLocalStorage();
    const seen = [];
    const see = () => seen.push(storage.getStore());
    const logged = new Client({ apiKey: `${process.env.WTS_API_KEY}_logged`, logger: { debug: see, warn: see } });
    await storage.run('single', () => logged.completeSession('session_12345'));
    await storage.run('bulk', () => logged.completeSessions(['session_12345']));
    assert.deepEqual(seen, ['single', 'bulk']);
  },

  async 'a worker that is terminated ends its calls'() {
    // On a connection of its own each, so that it is known how many are not the worker's: one.
    const standIn = async (name) => {
      const request = http.get(`${process.env.WTS_BASE_URL}/_stand-in/${name}`, { agent: false });
      const [response] = await once(request, 'response');
      return json(response);
    };
    const worker = new Worker(new URL('behaviour-stalling-worker.mjs', import.meta.url));
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    const sent = await standIn(`requests?session_id=${process.env.STALLS_IN_WORKER}&at_least=40&wait_ms=5000`);
    assert.equal(sent.length, 40);
    const { open } = await standIn('connections');
    await worker.terminate();
    const left = await standIn(`connections?at_most=${open - 40}&wait_ms=5000`);
    assert.ok(left.open <= open - 40, `${left.open} of ${open} connections are open`);
  },

  async 'worker threads'() {
    const worker = new Worker(new URL('behaviour-worker.mjs', import.meta.url));
    const success = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    assert.equal(success, true);
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  console.log(name);
}
client.close();
await assert.rejects(client.completeSession('session_12345'), { code: 'closed' });

// Nobody waits for it but the process, which then ends by itself.
completeSession('session_12345').then(({ success }) => console.log('the process waits for calls:', success));
