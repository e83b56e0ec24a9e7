// Bulk calls that end before their input does: signals, loops that are left, threads and processes that end.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { BulkError, Client, WtsError } from 'wts-session';
import { js, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const MAX_MS = 5000;
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

/** The error of a call that ends early because of `cause`. */
async function endedBy(cause, call) {
  const error = await reasonOf(call);
  assert.ok(error instanceof BulkError && error instanceof WtsError, error);
  assert.deepEqual([error.name, error.code, error.retryable], ['BulkError', 'cancelled', true]);
  assert.equal(error.cause, cause);
  assert.deepEqual(
    error.outcomes.map(({ index }) => index),
    error.outcomes.map(({ index }) => index).toSorted((one, other) => one - other),
  );
  return error;
}

/** As the package abort-controller has it: events of its own, no reason. */
class ForeignController {
  signal = Object.assign(new EventTarget(), { aborted: false });

  abort() {
    this.signal.aborted = true;
    this.signal.dispatchEvent(new Event('abort'));
  }
}

/** An object that throws when it is looked at. */
function hostile() {
  const fail = () => {
    throw new Error('do not look at it');
  };
  return new Proxy({}, { get: fail, has: fail, getOwnPropertyDescriptor: fail, defineProperty: fail, ownKeys: fail });
}

function nameOf(value) {
  try {
    return String(value);
  } catch {
    return 'that throws when it is looked at';
  }
}

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
      call = client.completeSessions(ids, { signal: controller.signal, onProgress });
      call.catch(() => {});
    });
    await Promise.all([firstIsDone, standIn.requests(ids[1], 1), standIn.requests(ids[2], 1)]);
    const reason = new Error('enough');
    const aborted = performance.now();
    controller.abort(reason);
    const error = await endedBy(reason, call);
    assert.ok(performance.now() - aborted < MAX_MS);
    assert.equal(error.message, 'The call was cancelled: enough');
    assert.deepEqual([error.attempts, error.mayHaveBeenApplied], [3, true]);
    assert.match(error.stack, /^BulkError: The call was cancelled: enough\n +at .*bulk-end\.test\.mjs/);
    assert.deepEqual(error.outcomes.map(told), [
      [0, ids[0], 'ok'],
      ...ids.slice(1).map((id, index) => [index + 1, id, 'cancelled']),
    ]);
    const told3 = ({ error }) => [error.attempts, error.mayHaveBeenApplied, error.retryable];
    assert.deepEqual(error.outcomes.slice(1, 5).map(told3), [
      [1, true, true],
      [1, true, true],
      [0, false, true],
      [0, false, true],
    ]);
    assert.deepEqual(calls, [1]);
    assert.ok(!Object.keys(error).includes('outcomes'), 'they show in logs');
    assert.equal('outcomes' in reason, false);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    await standIn.connectionsAtMost(open);
    assert.equal((await standIn.requests(ids[3])).length, 0);
  });

  it('before the call: nothing is sent', async () => {
    const ids = newIds(3);
    const reason = new Error('never mind');
    const signal = AbortSignal.abort(reason);
    const client = clientWith({});
    const { outcomes, attempts, mayHaveBeenApplied } = await endedBy(reason, client.completeSessions(ids, { signal }));
    assert.deepEqual(
      outcomes.map(told),
      ids.map((id, index) => [index, id, 'cancelled']),
    );
    assert.deepEqual([attempts, mayHaveBeenApplied], [0, false]);
    const updates = ids.map((sessionId) => ({ sessionId, status: 'PENDING' }));
    await endedBy(reason, client.updateSessionStatuses(updates, { signal }));
    await endedBy(reason, client.iterCompleteSessions(ids, { signal }).next());
    const input = endless();
    assert.deepEqual((await endedBy(reason, client.completeSessions(input.items, { signal }))).outcomes, []);
    assert.equal(input.taken, 0);
    await assert.rejects(client.completeSessions([1], { signal }), TypeError);
    assert.equal((await standIn.requests(ids[0])).length, 0);
  });

  it('while it waits for the limits', async () => {
    const apiKey = `${standIn.addresses.token}_bulk`;
    const limited = clientWith({ apiKey, rateLimits: [{ requests: 1, periodMs: 3_600_000 }] });
    const signal = AbortSignal.timeout(1000);
    const ids = newIds(200);
    const begun = performance.now();
    const { cause, outcomes } = await reasonOf(limited.completeSessions(ids, { signal }));
    assert.deepEqual([cause, cause.name], [signal.reason, 'TimeoutError']);
    assert.ok(performance.now() - begun < 1000 + MAX_MS);
    assert.equal(outcomes.length, 200);
    assert.equal(outcomes.filter(({ error }) => error?.attempts === 0).length, 199);
  });

  it('with an input that has no end: what was taken of it is told, and it is closed', async () => {
    const input = endless();
    const controller = new AbortController();
    const onProgress = (done) => done === 100 && controller.abort();
    const client = clientWith({ maxConcurrency: 4 });
    const error = await reasonOf(client.completeSessions(input.items, { signal: controller.signal, onProgress }));
    assert.equal(error.cause, controller.signal.reason);
    assert.equal(error.cause.name, 'AbortError');
    assert.equal(error.message, 'The call was cancelled: This operation was aborted');
    assert.deepEqual(
      error.outcomes.map(({ index }) => index),
      Array.from({ length: input.taken }, (_, index) => index),
    );
    assert.ok(error.outcomes.slice(0, 80).every(({ ok }) => ok));
    assert.ok(input.isClosed);
  });

  it('by the input itself: it is closed when it has returned, and its last item is told', async () => {
    const ids = newIds(10);
    const controller = new AbortController();
    let isClosed = false;
    const items = (function* () {
      try {
        for (const [index, id] of ids.entries()) {
          if (index === 5) controller.abort('enough');
          yield id;
        }
      } finally {
        isClosed = true;
      }
    })();
    const error = await endedBy('enough', clientWith().completeSessions(items, { signal: controller.signal }));
    assert.deepEqual(
      error.outcomes.map(({ sessionId }) => sessionId),
      ids.slice(0, 6),
    );
    assert.ok(isClosed);
  });

  it('by an async input: the item that it gives next is told', async () => {
    const ids = newIds(3);
    const controller = new AbortController();
    const items = (async function* () {
      yield ids[0];
      controller.abort('enough');
      yield ids[1];
      yield ids[2];
    })();
    const error = await endedBy('enough', clientWith().completeSessions(items, { signal: controller.signal }));
    const [first, second, ...more] = error.outcomes;
    assert.equal(first.sessionId, ids[0]);
    assert.deepEqual([told(second), more], [[1, ids[1], 'cancelled'], []]);
  });

  it('while the input owes an item', async () => {
    const [id] = newIds(1);
    const input = stuck(id);
    const controller = new AbortController();
    const call = reasonOf(clientWith({}).completeSessions(input, { signal: controller.signal }));
    await standIn.requests(id, 1);
    controller.abort();
    assert.equal((await call).cause.name, 'AbortError');
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
    const ended = await endedBy(controller.signal.reason, outcomes.next());
    assert.deepEqual(
      ended.outcomes.map(({ index }) => index),
      ids.slice(1).map((_, index) => index + 1),
    );
    const { error } = ended.outcomes[0];
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
    await assert.rejects(outcomes.next(), (error) => error.cause.name === 'AbortError');
  });

  for (const reason of ['a word', null, Object.freeze(new Error('frozen')), hostile()]) {
    it(`with the reason ${nameOf(reason)}`, async () => {
      const controller = new AbortController();
      const [id] = newIds(1);
      await stalls(id);
      const call = clientWith({}).completeSessions([id], { signal: controller.signal });
      await standIn.requests(id, 1);
      controller.abort(reason);
      const { outcomes } = await endedBy(reason, call);
      assert.deepEqual(outcomes.map(told), [[0, id, 'cancelled']]);
    });
  }

  it('calls that share a signal: each tells its own outcomes', async () => {
    const reason = Object.freeze(new Error('shutdown'));
    const controller = new AbortController();
    const client = clientWith({});
    const [one, other, third, alone] = newIds(4);
    await Promise.all([one, other, third, alone].map(stalls));
    const calls = [[one], [other, third]].map((ids) => client.completeSessions(ids, { signal: controller.signal }));
    const single = reasonOf(client.completeSession(alone, { signal: controller.signal }));
    await Promise.all([one, other, third, alone].map((id) => standIn.requests(id, 1)));
    controller.abort(reason);
    const [first, second] = await Promise.all(calls.map((call) => endedBy(reason, call)));
    assert.deepEqual(
      [first, second].map(({ outcomes }) => outcomes.map(({ sessionId }) => sessionId)),
      [[one], [other, third]],
    );
    assert.equal(await single, reason);
  });

  it('with a signal without a reason, as of the package abort-controller', async () => {
    const [id, other] = newIds(2);
    await Promise.all([id, other].map(stalls));
    const controller = new ForeignController();
    const call = reasonOf(clientWith({}).completeSessions([id], { signal: controller.signal }));
    const single = reasonOf(clientWith({}).completeSession(other, { signal: controller.signal }));
    await Promise.all([id, other].map((each) => standIn.requests(each, 1)));
    controller.abort();
    const error = await call;
    assert.ok(error.cause instanceof DOMException);
    assert.deepEqual([error.cause.name, error.outcomes.length], ['AbortError', 1]);
    assert.equal((await single).name, 'AbortError');
    await assert.rejects(clientWith({}).completeSession(newId(), { signal: controller.signal }), {
      name: 'AbortError',
    });
    const late = await reasonOf(clientWith({}).completeSessions(newIds(1), { signal: controller.signal }));
    assert.equal(late.cause.name, 'AbortError');
  });

  it('many calls have one listener on a signal, and cause no warning', async () => {
    const warnings = [];
    const warn = (warning) => warnings.push(warning);
    process.on('warning', warn);
    const controller = new AbortController();
    const ids = newIds(12);
    await Promise.all(ids.map(stalls));
    const client = clientWith({});
    const calls = ids.map((id) => reasonOf(client.completeSessions([id], { signal: controller.signal })));
    await Promise.all(ids.map((id) => standIn.requests(id, 1)));
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1);
    controller.abort();
    const errors = await Promise.all(calls);
    assert.deepEqual(
      errors.map(({ outcomes }) => outcomes[0].sessionId),
      ids,
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warn);
    assert.deepEqual(warnings, []);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  });

  it('100,000 items leave turns to the other work of the thread', async () => {
    const input = Array.from({ length: 100_000 }, (_, index) => `many-${index}`);
    const signal = AbortSignal.abort();
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) {
        setImmediate(count);
      }
    };
    setImmediate(count);
    const { outcomes } = await endedBy(signal.reason, clientWith({}).completeSessions(input, { signal }));
    isOver = true;
    assert.equal(outcomes.length, 100_000);
    assert.ok(turns >= 90, `${turns} turns`);
  });

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

  it('that is aborted and then ended, while somebody waits for its next outcome, tells what became of each item', async () => {
    const ids = newIds(5);
    await Promise.all(ids.map(stalls));
    const controller = new AbortController();
    const outcomes = clientWith({ maxConcurrency: 2 }).iterCompleteSessions(ids, { signal: controller.signal });
    const next = outcomes.next();
    await standIn.requests(ids[1], 1);
    controller.abort();
    const returned = outcomes.return();
    const error = await endedBy(controller.signal.reason, next);
    assert.deepEqual(
      error.outcomes.map(told),
      ids.map((id, index) => [index, id, 'cancelled']),
    );
    assert.equal(error.mayHaveBeenApplied, true);
    assert.deepEqual(await returned, { done: true, value: undefined });
  });

  it('that is ended and then aborted, while somebody waits for its next outcome, is over', async () => {
    const [id] = newIds(1);
    await stalls(id);
    const controller = new AbortController();
    const outcomes = clientWith({}).iterCompleteSessions([id], { signal: controller.signal });
    const next = outcomes.next();
    await standIn.requests(id, 1);
    const returned = outcomes.return();
    controller.abort();
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.deepEqual(await returned, { done: true, value: undefined });
  });

  it('that its async input ends does not wait for the item that the input owes', async () => {
    const outcomes = clientWith({}).iterCompleteSessions(input());
    async function* input() {
      yield newId();
      outcomes.return();
      await new Promise(() => {});
    }
    for await (const { ok } of outcomes) {
      assert.ok(ok);
    }
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
  const PRELUDE = js`import { BulkError, Client, WtsError } from 'wts-session';
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
