// Bulk calls that go on to their end, or end early because something threw. Signals: bulk-end; many items: bulk-load.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { BulkError, Client, WtsError } from 'wts-session';
import { Calls } from '../lib/calls.cjs';
import { CallSite } from '../lib/error.cjs';
import native from '../lib/native.cjs';
import { StandIn } from './support/stand-in.mjs';

const standIn = await StandIn.start({ extra: ['--create-unknown'] });
const client = clientWith({});
let lastName = 0;

after(() => standIn.stop());

function clientWith(options) {
  return new Client({ ...standIn.connection, rateLimits: null, maxRetries: 0, ...options });
}

/** An id that no other test has. */
function newId() {
  lastName += 1;
  return `bulk-${lastName}`;
}

const newIds = (count) => Array.from({ length: count }, newId);
const told = ({ index, sessionId, ok, error }) => [index, sessionId, ok ? 'ok' : error.code];
const requestsFor = async (ids) => (await Promise.all(ids.map((id) => standIn.requests(id)))).flat();

async function* slowly(items) {
  for (const item of items) {
    await nextTurn();
    yield item;
  }
}

describe('outcomes', () => {
  it('are in the order of the input, one for each item, and no failure stops another', async () => {
    const [late, refused, reset, blank, twice] = newIds(5);
    await standIn.script(late, { pass: true, delay_ms: 200 });
    await standIn.script(refused, { status: 500, body_file: 'error-refused-as-500.json' });
    await standIn.script(reset, { raw: [{ reset: true }] });
    await standIn.script(blank, { status: 204 });
    const ids = [late, refused, '', twice, reset, '..', blank, undefined, twice, null, ` ${twice} `, 'a\ud800'];
    const outcomes = await client.completeSessions(ids);
    assert.deepEqual(outcomes.map(told), [
      [0, late, 'ok'],
      [1, refused, 'refused'],
      [2, '', 'empty_session_id'],
      [3, twice, 'ok'],
      [4, reset, 'connection'],
      [5, '..', 'invalid_session_id'],
      [6, blank, 'ok'],
      [7, '', 'empty_session_id'],
      [8, twice, 'ok'],
      [9, '', 'empty_session_id'],
      [10, ` ${twice} `, 'ok'],
      [11, 'a\ud800', 'invalid_session_id'],
    ]);
    assert.equal(outcomes[0].result.status, 'COMPLETED');
    assert.deepEqual(outcomes[6].result, { success: true, sessionId: blank });
    assert.ok(outcomes.every(({ ok, result, error }) => (ok ? error === undefined : result === undefined)));
    assert.equal((await standIn.requests(twice)).length, 3);
    assert.equal((await standIn.requests('a\ufffd')).length, 0);
  });

  it('of updates have statuses of their own', async () => {
    const [one, other] = newIds(2);
    const outcomes = await client.updateSessionStatuses([
      { sessionId: one, status: 'IN_PROGRESS' },
      { sessionId: other, status: 'hidden' },
      { sessionId: one, status: 'UNDEFINED' },
      { sessionId: one },
      { status: 'PENDING' },
      { sessionId: null, status: null },
    ]);
    assert.deepEqual(outcomes.map(told), [
      [0, one, 'ok'],
      [1, other, 'ok'],
      [2, one, 'invalid_status'],
      [3, one, 'missing_fields'],
      [4, '', 'missing_fields'],
      [5, '', 'missing_fields'],
    ]);
    assert.deepEqual([outcomes[0].result.status, outcomes[1].result.status], ['IN_PROGRESS', 'HIDDEN']);
  });

  it('come of the options', async () => {
    const [update, complete, plain] = newIds(3);
    await client.updateSessionStatuses([{ sessionId: update, status: 'PENDING' }], { stopBotInExecution: true });
    await client.completeSessions([complete], { reactivateOnNewMessage: true, stopBotInExecution: true });
    await client.completeSessions([plain]);
    const bodies = (await requestsFor([update, complete, plain])).map(({ body }) => body);
    const asJson = bodies.map((body) => (typeof body === 'string' ? JSON.parse(body) : body));
    const iterated = newIds(2);
    for await (const { ok } of client.iterCompleteSessions([iterated[0]], { reactivateOnNewMessage: true })) {
      assert.ok(ok);
    }
    const updates = [{ sessionId: iterated[1], status: 'STARTED' }];
    for await (const { ok } of client.iterUpdateSessionStatuses(updates, { stopBotInExecution: true })) {
      assert.ok(ok);
    }
    const [third, fourth] = (await requestsFor(iterated)).map(({ body }) => body);
    assert.deepEqual(asJson[0], { newStatus: 'PENDING', options: { stopBotInExecution: true } });
    assert.deepEqual(asJson[1], { reactivateOnNewMessage: true, stopBotInExecution: true });
    assert.equal('reactivateOnNewMessage' in asJson[2] && asJson[2].reactivateOnNewMessage, false);
    assert.equal(third.reactivateOnNewMessage, true);
    assert.deepEqual(fourth, { newStatus: 'STARTED', options: { stopBotInExecution: true } });
  });

  it('have errors whose stacks begin at the line of the call', async () => {
    async function caller() {
      return client.completeSessions(['', '.']);
    }
    const [{ error: first }, { error: second }] = await caller();
    assert.ok(first instanceof WtsError);
    assert.match(first.stack, /^WtsError: SessionID is empty! Fill in the SessionID field\n +at .*bulk\.test\.mjs/);
    assert.match(second.stack, /^WtsError: SessionID is not valid! .*\n +at .*bulk\.test\.mjs/);
    assert.equal(Error.stackTraceLimit, 10);
    for await (const { error } of client.iterCompleteSessions([''])) {
      assert.match(error.stack.split('\n')[1], /bulk\.test\.mjs/);
    }
  });

  it('of a client that is closed are all closed', async () => {
    const closed = clientWith({});
    closed.close();
    const ids = newIds(3);
    assert.deepEqual(
      (await closed.completeSessions(ids)).map(({ error }) => [error.code, error.attempts]),
      Array(3).fill(['closed', 0]),
    );
  });

  it('cross to this thread many at a time', async () => {
    const calls = new Calls();
    const bulk = calls.client(native.createClient, standIn.connection, {}).completeSessions(1, false, false);
    let given = 0;
    while (given < 1000 && bulk.push('', undefined)) {
      given += 1;
    }
    bulk.finish();
    const sizes = [];
    do {
      sizes.push((await calls.run(new CallSite(), (id) => bulk.next(id))).indexes.length);
    } while (sizes.at(-1) > 0);
    assert.equal(
      sizes.reduce((sum, size) => sum + size),
      given,
    );
    assert.ok(given > 10 * sizes.length, `${given} outcomes in ${sizes}`);
  });
});

describe('inputs', () => {
  const ids = newIds(3);
  const sparse = [...ids];
  sparse.length = 4;

  for (const [name, input] of Object.entries({
    array: () => ids,
    set: () => new Set(ids),
    iterator: () => ids.values(),
    'async generator': () => slowly(ids),
    stream: () => Readable.from(ids),
    'iterable of its own': () => ({ [Symbol.iterator]: () => ids.values() }),
    'async iterable of its own': () => ({ [Symbol.asyncIterator]: () => slowly(ids) }),
  })) {
    it(`may be an ${name}`, async () => {
      const expected = ids.map((id, index) => [index, id, 'ok']);
      assert.deepEqual((await client.completeSessions(input())).map(told), expected);
      const iterated = [];
      for await (const outcome of client.iterCompleteSessions(input())) {
        iterated.push(outcome);
      }
      assert.deepEqual(iterated.sort((one, other) => one.index - other.index).map(told), expected);
    });
  }

  it('may be empty', async () => {
    for (const empty of [[], new Set(), [].values(), slowly([])]) {
      assert.deepEqual(await client.completeSessions(empty, { onProgress: assert.fail }), []);
    }
    for await (const outcome of client.iterCompleteSessions([])) {
      assert.fail(outcome);
    }
  });

  it('may have holes, which are missing ids', async () => {
    assert.deepEqual((await client.completeSessions(sparse)).map(told).at(-1), [3, '', 'empty_session_id']);
  });

  it('may be changed meanwhile, if they are arrays', async () => {
    const given = newIds(200);
    const call = clientWith({ maxConcurrency: 1 }).completeSessions(given);
    const before = [...given];
    given.length = 1;
    given[0] = 12;
    assert.deepEqual(
      (await call).map(({ sessionId }) => sessionId),
      before,
    );
  });

  it('are sent from while they go on', async () => {
    const [first, second] = newIds(2);
    async function* input() {
      yield first;
      await standIn.requests(first, 1);
      yield second;
    }
    assert.deepEqual((await client.completeSessions(input())).map(told), [
      [0, first, 'ok'],
      [1, second, 'ok'],
    ]);
  });
});

describe('wrong types', () => {
  for (const [value, type] of [
    ['session_12345', 'a string'],
    [undefined, 'undefined'],
    [null, 'null'],
    [12, 'a number'],
    [{}, 'an object'],
    [{ length: 1, 0: 'x' }, 'an object'],
    [() => [], 'a function'],
  ]) {
    it(`${type} in place of the items`, async () => {
      const must = (name) => ({
        name: 'TypeError',
        message: `${name} must be an iterable or async iterable, not ${type}`,
      });
      await assert.rejects(client.completeSessions(value), must('sessionIds'));
      await assert.rejects(client.updateSessionStatuses(value), must('updates'));
      await assert.rejects(client.iterCompleteSessions(value).next(), must('sessionIds'));
      await assert.rejects(client.iterUpdateSessionStatuses(value).next(), must('updates'));
    });
  }

  for (const [updates, message] of [
    [[null], 'updates[0] must be an object, not null'],
    [[['s', 'PENDING']], 'updates[0] must be an object, not an array'],
    [[{ sessionId: 's', status: 'PENDING' }, 's'], 'updates[1] must be an object, not a string'],
    [[{ sessionId: 1, status: 'PENDING' }], 'updates[0].sessionId must be a string, not a number'],
    [[{ sessionId: 's', status: Symbol('s') }], 'updates[0].status must be a string, not a symbol'],
  ]) {
    it(message, () => assert.rejects(client.updateSessionStatuses(updates), { name: 'TypeError', message }));
  }

  it('of one item of an array or a set: nothing is sent', async () => {
    const [first] = newIds(1);
    const error = { name: 'TypeError', message: 'sessionIds[1] must be a string, not a number' };
    await assert.rejects(client.completeSessions([first, 12]), error);
    await assert.rejects(client.completeSessions(new Set([first, 12])), error);
    await assert.rejects(client.iterCompleteSessions([first, 12]).next(), error);
    await client.completeSessions(newIds(1));
    assert.equal((await standIn.requests(first)).length, 0);
  });

  it('of one item of another iterable: what was sent is told, the input is closed, and no more is sent', async () => {
    for (const isAsync of [false, true]) {
      const [first, last] = newIds(2);
      let isClosed = false;
      function* input() {
        try {
          yield first;
          yield 12;
          yield last;
        } finally {
          isClosed = true;
        }
      }
      const call = client.completeSessions(isAsync ? slowly(input()) : input());
      const error = await call.catch((reason) => reason);
      assert.ok(error instanceof BulkError);
      assert.ok(error.cause instanceof TypeError);
      assert.equal(error.cause.message, 'sessionIds[1] must be a string, not a number');
      assert.equal(error.outcomes.length, 1);
      assert.ok(isClosed);
      assert.equal((await standIn.requests(last)).length, 0);
    }
  });

  for (const [options, message] of [
    [{ onProgress: true }, 'options.onProgress must be a function, not a boolean'],
    [{ signal: {} }, 'options.signal must be an AbortSignal, not an object'],
    [{ stopBotInExecution: 1 }, 'options.stopBotInExecution must be a boolean, not a number'],
    [{ progress: () => {} }, 'progress is not an option of client.completeSessions. Did you mean onProgress?'],
    [{ stopBot: true }, 'stopBot is not an option of client.completeSessions. Did you mean stopBotInExecution?'],
    [null, 'options must be an object, not null'],
  ]) {
    it(message, () => assert.rejects(client.completeSessions([], options), { name: 'TypeError', message }));
  }

  it('options that others have', async () => {
    const reactivate = /^reactivateOnNewMessage is not an option of client.updateSessionStatuses/;
    await assert.rejects(client.updateSessionStatuses([], { reactivateOnNewMessage: true }), { message: reactivate });
    const progress = /^onProgress is not an option of client.iterCompleteSessions/;
    await assert.rejects(client.iterCompleteSessions([], { onProgress() {} }).next(), { message: progress });
  });

  it('a method without its client rejects', async () => {
    const { completeSessions, iterCompleteSessions } = client;
    await assert.rejects(completeSessions([]), TypeError);
    await assert.rejects(iterCompleteSessions([]).next(), TypeError);
  });
});

describe('onProgress', () => {
  it('is told each item, and how many there are where that is known', async () => {
    const ids = [...newIds(5), '', '.'];
    for (const [input, total] of [
      [ids, 7],
      [new Set(ids), 7],
      [ids.values(), undefined],
      [slowly(ids), undefined],
    ]) {
      const calls = [];
      await client.completeSessions(input, { onProgress: (...args) => calls.push(args) });
      assert.deepEqual(
        calls,
        ids.map((_, index) => [index + 1, total]),
      );
    }
  });

  it('that throws: requests in flight are awaited, nothing more is sent, and the error names what it threw', async () => {
    const narrow = clientWith({ maxConcurrency: 2 });
    const [late, ...ids] = newIds(50);
    const others = ids.slice(3);
    const held = [late, ...others.slice(0, 2)];
    for (const id of held) {
      await standIn.script(id, { status: 200, body: {}, held: true });
    }
    const thrown = new Error('from onProgress');
    const calls = [];
    let released;
    const onProgress = (done) => {
      calls.push(done);
      if (done === 3) {
        released = nextTurn().then(() => Promise.all(held.map((id) => standIn.release(id))));
        throw thrown;
      }
    };
    const error = await narrow.completeSessions([late, ...ids], { onProgress }).catch((reason) => reason);
    assert.ok(error instanceof BulkError);
    assert.equal(error.cause, thrown);
    assert.equal(error.message, 'The call was cancelled: from onProgress');
    assert.deepEqual(calls, [1, 2, 3]);
    assert.deepEqual(
      error.outcomes.map(({ index, sessionId }) => [index, sessionId]),
      [late, ...ids].map((id, index) => [index, id]),
    );
    await released;
    assert.ok(error.outcomes.slice(0, 4).every(({ ok }) => ok));
    const cancelled = error.outcomes.filter(({ ok }) => !ok).map((outcome) => outcome.error);
    const sent = await requestsFor(others);
    assert.ok(sent.length <= 1, `${sent.length} were sent, of which one had left when it threw`);
    assert.equal(cancelled.length, others.length - sent.length);
    assert.ok(cancelled.every(({ code, attempts }) => code === 'cancelled' && attempts === 0));
    assert.ok(cancelled.every(({ mayHaveBeenApplied }) => !mayHaveBeenApplied));
    assert.equal('outcomes' in thrown, false);
    assert.ok(inspect(error).length < 4000, 'the outcomes show in logs');
  });

  for (const thrown of ['a word', null, undefined, Object.freeze(new Error('frozen'))]) {
    it(`may throw ${inspect(thrown).split('\n')[0]}`, async () => {
      const onProgress = () => {
        throw thrown;
      };
      const error = await client.completeSessions(newIds(3), { onProgress }).catch((reason) => reason);
      assert.ok(error instanceof BulkError);
      assert.ok(Object.hasOwn(error, 'cause'));
      assert.deepEqual([error.cause, error.outcomes.length], [thrown, 3]);
    });
  }

  it('that returns a promise which rejects is as one that throws', async () => {
    const narrow = clientWith({ maxConcurrency: 1 });
    const [first, ...ids] = newIds(50);
    const thrown = new Error('from an async onProgress');
    const calls = [];
    const onProgress = async (done) => {
      calls.push(done);
      throw thrown;
    };
    const error = await narrow.completeSessions([first, ...ids], { onProgress }).catch((reason) => reason);
    assert.ok(error instanceof BulkError);
    assert.equal(error.cause, thrown);
    assert.equal(error.outcomes.length, 50);
    assert.ok(calls.length < 50, `${calls.length} calls`);
    assert.equal((await standIn.requests(ids.at(-1))).length, 0);
  });

  it('that is async is awaited, also after the last item', async () => {
    const ids = newIds(3);
    const thrown = new Error('late');
    let done = 0;
    const reports = await client.completeSessions(ids, {
      onProgress: async () => {
        await nextTurn();
        done += 1;
      },
    });
    assert.deepEqual([reports.length, done], [3, 3]);
    const onProgress = async (count) => {
      await nextTurn();
      if (count === ids.length) {
        throw thrown;
      }
    };
    const error = await client.completeSessions(ids, { onProgress }).catch((reason) => reason);
    assert.equal(error.cause, thrown);
    assert.ok(error.outcomes.every(({ ok }) => ok));
  });

  it('that is async and never done can still be aborted', async () => {
    const controller = new AbortController();
    const onProgress = () => {
      setImmediate(() => controller.abort('enough'));
      return new Promise(() => {});
    };
    const call = client.completeSessions(newIds(1), { onProgress, signal: controller.signal });
    const error = await call.catch((reason) => reason);
    assert.deepEqual([error.cause, error.outcomes.length], ['enough', 1]);
  });
});

describe('an input that throws', () => {
  const thrown = new Error('no more rows');

  function* failing(ids) {
    yield* ids;
    throw thrown;
  }

  for (const [name, input] of Object.entries({
    iterator: failing,
    'async generator': (ids) => slowly(failing(ids)),
    'iterator that throws later': async function* (ids) {
      yield* ids;
      await standIn.requests(ids[0], 1);
      throw thrown;
    },
  })) {
    it(`${name}: what has left is awaited, and told`, async () => {
      const ids = newIds(3);
      await standIn.script(ids[0], { status: 200, body: {}, delay_ms: 100 });
      const error = await client.completeSessions(input(ids)).catch((reason) => reason);
      assert.equal(error.cause, thrown);
      assert.deepEqual(
        error.outcomes.map(({ index, sessionId }) => [index, sessionId]),
        ids.map((id, index) => [index, id]),
      );
      for (const outcome of error.outcomes) {
        assert.equal((await standIn.requests(outcome.sessionId)).length, outcome.ok ? 1 : 0);
        assert.ok(outcome.ok || (outcome.error.code === 'cancelled' && !outcome.error.mayHaveBeenApplied));
      }
      assert.equal('outcomes' in thrown, false);
    });
  }

  it('at its opening', async () => {
    const input = {
      [Symbol.iterator]() {
        throw thrown;
      },
    };
    await assert.rejects(client.completeSessions(input), thrown);
    await assert.rejects(client.iterCompleteSessions(input).next(), thrown);
  });

  it('at its first item', async () => {
    const error = await client.completeSessions(failing([])).catch((reason) => reason);
    assert.equal(error.cause, thrown);
    assert.deepEqual(error.outcomes, []);
  });

  it('that gives no iterator results', async () => {
    const call = client.completeSessions({ [Symbol.iterator]: () => ({ next: () => 12 }) });
    assert.ok((await call.catch((reason) => reason)).cause instanceof TypeError);
  });

  it('in an iteration: it fails after the last outcome', async () => {
    const [first] = newIds(1);
    async function* input() {
      yield first;
      await standIn.requests(first, 1);
      throw thrown;
    }
    const outcomes = client.iterCompleteSessions(input());
    assert.deepEqual(told((await outcomes.next()).value), [0, first, 'ok']);
    await assert.rejects(outcomes.next(), (error) => error.cause === thrown && error.outcomes.length === 0);
    assert.deepEqual(await outcomes.next(), { done: true, value: undefined });
  });
});
