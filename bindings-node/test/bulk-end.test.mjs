// Bulk calls that end before their input does: signals, loops that are left, threads and processes that end.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Client } from 'wts-session';
import { js, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const MOST_MS = 200;
const standIn = await StandIn.start({ extra: ['--create-unknown'] });
let lastName = 0;

after(() => standIn.stop());

function clientWith(options) {
  return new Client({ ...standIn.connection, rateLimits: null, maxRetries: 0, ...options });
}

function newId() {
  lastName += 1;
  return `bulk-end-${lastName}`;
}

const newIds = (count) => Array.from({ length: count }, newId);
const stalls = (id) => standIn.script(id, { raw: [{ stall: true }] });
const told = ({ index, sessionId, ok, error }) => [index, sessionId, ok ? 'ok' : error.code];
const reasonOf = (promise) => promise.then(assert.fail, (reason) => reason);

/** An endless input, which tells how many were taken of it, and whether it was closed. */
function endless() {
  const input = { taken: 0, isClosed: false };
  input.items = (function* () {
    try {
      for (;;) {
        input.taken += 1;
        yield newId();
      }
    } finally {
      input.isClosed = true;
    }
  })();
  return input;
}

/** As `endless`, but after these items it owes the next one for ever. */
function stuck(...ids) {
  const items = ids.values();
  const input = {
    isClosed: false,
    [Symbol.asyncIterator]: () => input,
    next() {
      const step = items.next();
      return step.done ? new Promise(() => {}) : Promise.resolve(step);
    },
    return() {
      input.isClosed = true;
      return new Promise(() => {});
    },
  };
  return input;
}

describe('aborting', () => {
  it('ends what is under way, sends nothing more, and tells what became of each item', async () => {
    const client = clientWith({ maxConcurrency: 2 });
    const { open } = await standIn.connections();
    const ids = newIds(50);
    await stalls(ids[1]);
    await stalls(ids[2]);
    const controller = new AbortController();
    const calls = [];
    let call;
    const firstIsDone = new Promise((resolve) => {
      const onProgress = (done) => resolve(calls.push(done));
      call = reasonOf(client.completeSessions(ids, { signal: controller.signal, onProgress }));
    });
    await Promise.all([firstIsDone, standIn.requests(ids[1], 1), standIn.requests(ids[2], 1)]);
    const reason = new Error('enough');
    const aborted = performance.now();
    controller.abort(reason);
    assert.equal(await call, reason);
    assert.ok(performance.now() - aborted < MOST_MS);
    assert.deepEqual(reason.outcomes.map(told), [
      [0, ids[0], 'ok'],
      ...ids.slice(1).map((id, index) => [index + 1, id, 'cancelled']),
    ]);
    const told3 = ({ error }) => [error.attempts, error.mayHaveBeenApplied, error.retryable];
    assert.deepEqual(reason.outcomes.slice(1, 5).map(told3), [
      [1, true, true],
      [1, true, true],
      [0, false, true],
      [0, false, true],
    ]);
    assert.deepEqual(calls, [1]);
    assert.deepEqual(Object.keys(reason), []);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    await standIn.connectionsAtMost(open);
    assert.equal((await standIn.requests(ids[3])).length, 0);
  });

  it('before the call: nothing is sent', async () => {
    const ids = newIds(3);
    const reason = new Error('never mind');
    const signal = AbortSignal.abort(reason);
    const client = clientWith({});
    assert.equal(await reasonOf(client.completeSessions(ids, { signal })), reason);
    assert.deepEqual(
      reason.outcomes.map(told),
      ids.map((id, index) => [index, id, 'cancelled']),
    );
    const updates = ids.map((sessionId) => ({ sessionId, status: 'PENDING' }));
    assert.equal(await reasonOf(client.updateSessionStatuses(updates, { signal })), reason);
    assert.equal(await reasonOf(client.iterCompleteSessions(ids, { signal }).next()), reason);
    const input = endless();
    assert.equal(await reasonOf(client.completeSessions(input.items, { signal })), reason);
    assert.deepEqual([reason.outcomes, input.taken], [[], 0]);
    await assert.rejects(client.completeSessions([1], { signal }), TypeError);
    assert.equal((await standIn.requests(ids[0])).length, 0);
  });

  it('while it waits for the limits', async () => {
    const apiKey = `${standIn.addresses.token}_bulk`;
    const limited = clientWith({ apiKey, rateLimits: [{ requests: 1, periodMs: 3_600_000 }] });
    const signal = AbortSignal.timeout(100);
    const ids = newIds(200);
    const begun = performance.now();
    const reason = await reasonOf(limited.completeSessions(ids, { signal }));
    assert.equal(reason.name, 'TimeoutError');
    assert.ok(performance.now() - begun < 100 + MOST_MS);
    assert.equal(reason.outcomes.length, 200);
    assert.equal(reason.outcomes.filter(({ error }) => error?.attempts === 0).length, 199);
  });

  it('with an input that has no end: what was taken of it is told, and it is closed', async () => {
    const input = endless();
    const controller = new AbortController();
    const onProgress = (done) => done === 100 && controller.abort();
    const client = clientWith({ maxConcurrency: 4 });
    const reason = await reasonOf(client.completeSessions(input.items, { signal: controller.signal, onProgress }));
    assert.equal(reason, controller.signal.reason);
    assert.equal(reason.name, 'AbortError');
    assert.equal(reason.outcomes.length, input.taken);
    assert.deepEqual(
      reason.outcomes.map(({ index }) => index),
      Array.from({ length: input.taken }, (_, index) => index),
    );
    assert.ok(reason.outcomes.slice(0, 80).every(({ ok }) => ok));
    assert.ok(input.isClosed);
  });

  it('while the input owes an item', async () => {
    const [id] = newIds(1);
    const input = stuck(id);
    const controller = new AbortController();
    const call = reasonOf(clientWith({}).completeSessions(input, { signal: controller.signal }));
    await standIn.requests(id, 1);
    controller.abort();
    assert.equal((await call).name, 'AbortError');
    assert.ok(input.isClosed);
  });

  it('an iteration: it fails at once, and what it has not given is told', async () => {
    const client = clientWith({ maxConcurrency: 2 });
    const ids = newIds(10);
    await stalls(ids[1]);
    const controller = new AbortController();
    const outcomes = client.iterCompleteSessions(ids, { signal: controller.signal });
    assert.deepEqual(told((await outcomes.next()).value), [0, ids[0], 'ok']);
    await standIn.requests(ids[1], 1);
    controller.abort(new Error('enough'));
    const reason = await reasonOf(outcomes.next());
    assert.equal(reason, controller.signal.reason);
    assert.deepEqual(
      reason.outcomes.map(({ index }) => index),
      ids.slice(1).map((_, index) => index + 1),
    );
    const { error } = reason.outcomes[0];
    assert.deepEqual([error.code, error.mayHaveBeenApplied], ['cancelled', true]);
    assert.equal((await outcomes.next()).done, true);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  });

  it('an iteration that nobody waits for at the moment ends what is under way', async () => {
    const client = clientWith({ maxConcurrency: 2 });
    const { open } = await standIn.connections();
    const [first, second] = newIds(2);
    await stalls(second);
    const controller = new AbortController();
    const outcomes = client.iterCompleteSessions([first, second], { signal: controller.signal });
    await outcomes.next();
    await standIn.requests(second, 1);
    controller.abort();
    await standIn.connectionsAtMost(open + 1); // the one of the item that succeeded is kept
    await assert.rejects(outcomes.next(), { name: 'AbortError' });
  });

  for (const reason of ['a word', null, Object.freeze(new Error('frozen'))]) {
    it(`with the reason ${reason}`, async () => {
      const controller = new AbortController();
      setImmediate(() => controller.abort(reason));
      const [id] = newIds(1);
      await stalls(id);
      const call = clientWith({}).completeSessions([id], { signal: controller.signal });
      assert.deepEqual(await Promise.allSettled([call]), [{ status: 'rejected', reason }]);
    });
  }

  it('leaves no listener on a signal that lives long', async () => {
    const { signal } = new AbortController();
    const client = clientWith({});
    for (let round = 0; round < 50; round += 1) {
      await client.completeSessions(['', '.'], { signal });
      for await (const { ok } of client.iterCompleteSessions(['', '.'], { signal })) {
        assert.equal(ok, false);
        break;
      }
    }
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});

describe('an iteration', () => {
  it('gives outcomes as they settle', async () => {
    const [late, quick] = newIds(2);
    await standIn.script(late, { status: 200, body: {}, delay_ms: 300 });
    const places = [];
    for await (const { index } of clientWith({}).iterCompleteSessions([late, quick])) {
      places.push(index);
    }
    assert.deepEqual(places, [1, 0]);
  });

  it('begins with the first next()', async () => {
    const input = endless();
    const outcomes = clientWith({}).iterCompleteSessions(input.items);
    assert.equal(input.taken, 0);
    assert.deepEqual(await outcomes.return('nothing'), { done: true, value: 'nothing' });
    assert.equal((await outcomes.next()).done, true);
    assert.equal(input.taken, 0);
  });

  it('takes from its input only as its outcomes are taken', async () => {
    const input = endless();
    let given = 0;
    for await (const { ok } of clientWith({ maxConcurrency: 4 }).iterCompleteSessions(input.items)) {
      assert.ok(ok);
      given += 1;
      assert.ok(input.taken <= given + 4 * 4, `${input.taken} were taken for ${given} that were given`);
      if (given === 200) {
        break;
      }
      if (given % 50 === 0) {
        const { taken } = input;
        await standIn.allRequests();
        assert.equal(input.taken, taken);
      }
    }
    assert.ok(input.isClosed);
  });

  it('that is left ends what is under way, closes its connections, and sends nothing more', async () => {
    const client = clientWith({ maxConcurrency: 8 });
    const { open } = await standIn.connections();
    const [first, ...others] = newIds(8);
    await Promise.all(others.map(stalls));
    let isClosed = false;
    async function* input() {
      try {
        yield* [first, ...others];
        yield* endless().items;
      } finally {
        isClosed = true;
      }
    }
    for await (const outcome of client.iterCompleteSessions(input())) {
      assert.deepEqual(told(outcome), [0, first, 'ok']);
      await Promise.all(others.map((id) => standIn.requests(id, 1)));
      break;
    }
    assert.ok(isClosed);
    await standIn.connectionsAtMost(open + 1);
    const { length } = await standIn.allRequests();
    await client.completeSession(newId());
    assert.equal((await standIn.allRequests()).length, length + 1);
  });

  it('that is ended while somebody waits for its next outcome', async () => {
    const { open } = await standIn.connections();
    const [id] = newIds(1);
    await stalls(id);
    const outcomes = clientWith({}).iterCompleteSessions([id]);
    const next = outcomes.next();
    await standIn.requests(id, 1);
    assert.deepEqual(await outcomes.return(), { done: true, value: undefined });
    assert.deepEqual(await next, { done: true, value: undefined });
    await standIn.connectionsAtMost(open);
  });

  it('ends as part of a stream that is destroyed', async () => {
    const { open } = await standIn.connections();
    const [first, second] = newIds(2);
    await stalls(second);
    const stream = Readable.from(clientWith({}).iterCompleteSessions([first, second]));
    await once(stream, 'data');
    await standIn.requests(second, 1);
    stream.destroy();
    await standIn.connectionsAtMost(open + 1);
  });

  it('that is left does not wait for an item that the input owes', async () => {
    const [id] = newIds(1);
    const input = stuck(id);
    for await (const { ok } of clientWith({}).iterCompleteSessions(input)) {
      assert.ok(ok);
      break;
    }
    assert.ok(input.isClosed);
  });

  it('that is left fails as the closing of the input does', async () => {
    const thrown = new Error('it does not close');
    function* input() {
      try {
        for (;;) {
          yield newId();
        }
      } finally {
        yield* failing();
      }
    }
    const failing = () => {
      throw thrown;
    };
    const leave = async () => {
      for await (const _ of clientWith({}).iterCompleteSessions(input())) {
        break;
      }
    };
    assert.equal(await reasonOf(leave()), thrown);
  });
});

describe('process life', () => {
  const PRELUDE = js`import { Client } from 'wts-session';
    const client = new Client({ ...${standIn.connection}, rateLimits: null, maxConcurrency: 4 });
    const ids = (name, count) => Array.from({ length: count }, (_, index) => name + index);
    function* endless(name) { for (let index = 0; ; index += 1) yield name + index; }
  `;

  async function endsWell(source, args = []) {
    const ended = await runModule(PRELUDE + source, { args });
    assert.deepEqual(
      { code: ended.code, signal: ended.signal, stderr: ended.stderr },
      { code: 0, signal: null, stderr: '' },
    );
    assert.ok(ended.ms < 10_000, `it took ${ended.ms} ms`);
    return ended.stdout.trim();
  }

  it('a bulk call under way keeps the process', async () => {
    const source = `client.completeSessions(ids('kept-', 100)).then((outcomes) => console.log(outcomes.length));`;
    assert.equal(await endsWell(source), '100');
  });

  it('an iteration that nobody goes on with does not', async () => {
    const source = `const outcomes = client.iterCompleteSessions(endless('not-kept-'));
      console.log((await outcomes.next()).value.ok);`;
    assert.equal(await endsWell(source), 'true');
  });

  it('an iteration that nobody has any more ends, and lets go of its signal', async () => {
    const { open } = await standIn.connections();
    await Promise.all([1, 2, 3].map((index) => stalls(`forgotten-${index}`)));
    const source = js`import { getEventListeners } from 'node:events';
      const { signal } = new AbortController();
      await (async () => {
        const { value } = await client.iterCompleteSessions(endless('forgotten-'), { signal }).next();
        console.log(value.ok, getEventListeners(signal, 'abort').length);
      })();
      const open = async () => (await (await fetch(${standIn.addresses.api} + '/_stand-in/connections')).json()).open;
      const before = await open();
      const until = performance.now() + 5000;
      do {
        await new Promise((resolve) => setImmediate(resolve));
        gc();
      } while (getEventListeners(signal, 'abort').length > 0 && performance.now() < until);
      const answer = await fetch(${standIn.addresses.api} + '/_stand-in/connections?wait_ms=5000&at_most=' + (before - 3));
      console.log(getEventListeners(signal, 'abort').length, (await answer.json()).open <= before - 3);`;
    assert.equal(await endsWell(source, ['--expose-gc']), 'true 1\n0 true');
    await standIn.connectionsAtMost(open);
  });

  it('process.exit is clean in the middle', () =>
    endsWell(`client.completeSessions(endless('exits-'), { onProgress: (done) => done === 50 && process.exit() });`));

  it('worker threads may end in the middle', async () => {
    const { open } = await standIn.connections();
    const source = `const { parentPort, workerData } = require('node:worker_threads');
      const { Client } = require(workerData.module);
      const client = new Client({ ...workerData.connection, rateLimits: null });
      function* endless() { for (let index = 0; ; index += 1) yield 'worker-' + index; }
      client.completeSessions(endless(), { onProgress: (done) => done === 20 && parentPort.postMessage(done) });`;
    const workerData = {
      module: createRequire(import.meta.url).resolve('wts-session'),
      connection: standIn.connection,
    };
    const workers = [1, 2, 3, 4].map(() => new Worker(source, { eval: true, workerData }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    assert.deepEqual(await Promise.all(workers.map((worker) => worker.terminate())), [1, 1, 1, 1]);
    await standIn.connectionsAtMost(open);
    assert.equal((await clientWith({}).completeSession(newId())).success, true);
  });
});
