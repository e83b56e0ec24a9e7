import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { after, describe, it } from 'node:test';
import { Client, completeSession, updateSessionStatus } from 'wts-session';
import { StandIn } from './support/stand-in.mjs';

const MAX_MS = 5000;
const standIn = await StandIn.start();
const client = clientWith({});

after(() => standIn.stop());

function clientWith(options) {
  return new Client({ ...standIn.connection, totalTimeoutMs: null, rateLimits: null, maxRetries: 0, ...options });
}

/** Aborts when `ready` is done; the call has to reject with the reason soon after, and leave no listener. */
async function abortsWhen(ready, call) {
  const controller = new AbortController();
  const reason = new Error('enough');
  const outcome = call(controller.signal).catch((error) => ({ error, at: performance.now() }));
  await ready();
  const aborted = performance.now();
  controller.abort(reason);
  const { error, at } = await outcome;
  assert.equal(error, reason);
  assert.ok(at - aborted < MAX_MS, `${at - aborted} ms`);
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a signal that is aborted already', () => {
  it('rejects with its reason, and nothing is sent', async () => {
    const reason = new Error('never mind');
    const signal = AbortSignal.abort(reason);
    const same = (error) => error === reason;
    await assert.rejects(client.completeSession('aborted-already', { signal }), same);
    await assert.rejects(client.updateSessionStatus('aborted-already', 'PENDING', { signal }), same);
    await assert.rejects(completeSession('aborted-already', { ...standIn.connection, signal }), same);
    await assert.rejects(updateSessionStatus('aborted-already', 'PENDING', { ...standIn.connection, signal }), same);
    await client.completeSession('session_12345');
    assert.equal((await standIn.requests('aborted-already')).length, 0);
  });

  it('comes after the check of types', async () => {
    await assert.rejects(client.completeSession(1, { signal: AbortSignal.abort() }), TypeError);
  });
});

describe('aborting', () => {
  it('in the same turn', () =>
    abortsWhen(
      () => undefined,
      (signal) => client.completeSession('aborted-at-once', { signal }),
    ));

  it('before it is sent, while another call has the only place', async () => {
    const narrow = clientWith({ maxConcurrency: 1 });
    await standIn.script('holds-the-place', { raw: [{ stall: true }] });
    const holder = new AbortController();
    const held = assert.rejects(narrow.completeSession('holds-the-place', { signal: holder.signal }));
    await standIn.requests('holds-the-place', 1);
    await abortsWhen(settled, (signal) => narrow.completeSession('aborted-in-the-queue', { signal }));
    holder.abort();
    await held;
    await narrow.completeSession('session_12345');
    assert.equal((await standIn.requests('aborted-in-the-queue')).length, 0);
  });

  it('while it waits for the limits', async () => {
    const apiKey = `${standIn.addresses.token}_aborted`;
    const limited = clientWith({ apiKey, rateLimits: [{ requests: 1, periodMs: 3_600_000 }] });
    await assert.rejects(limited.completeSession('takes-the-slot'), { code: 'not_found' });
    await abortsWhen(settled, (signal) => limited.completeSession('aborted-at-the-limit', { signal }));
    assert.equal((await standIn.requests('aborted-at-the-limit')).length, 0);
  });

  it('while it waits for the answer: the connection is closed', async () => {
    const other = clientWith({});
    const { open } = await standIn.connections();
    await standIn.script('aborted-waiting', { raw: [{ stall: true }] });
    await abortsWhen(
      () => standIn.requests('aborted-waiting', 1),
      (signal) => other.updateSessionStatus('aborted-waiting', 'PENDING', { signal }),
    );
    await standIn.connectionsAtMost(open);
    assert.equal((await standIn.requests('aborted-waiting')).length, 1);
  });

  it('in the middle of the answer: the connection is closed', async () => {
    const other = clientWith({});
    const { open } = await standIn.connections();
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":';
    await standIn.script('aborted-reading', { raw: [{ send: head }, { stall: true }] });
    await abortsWhen(
      () => standIn.requests('aborted-reading', 1),
      (signal) => other.completeSession('aborted-reading', { signal }),
    );
    await standIn.connectionsAtMost(open);
  });

  it('between the retries: no other is sent', async () => {
    await standIn.script('aborted-between', { status: 503, headers: [['Retry-After', '300']] });
    let patient;
    const waitsForTheNext = new Promise((warn) => {
      patient = clientWith({ maxRetries: 3, logger: { debug() {}, warn } });
    });
    await abortsWhen(
      () => waitsForTheNext,
      (signal) => patient.completeSession('aborted-between', { signal }),
    );
    assert.equal((await standIn.requests('aborted-between')).length, 1);
  });

  it('one of many leaves the others alone', async () => {
    await standIn.script('aborted-of-many', { raw: [{ stall: true }] });
    const others = Array.from({ length: 20 }, () => client.completeSession('session_12345'));
    await abortsWhen(
      () => standIn.requests('aborted-of-many', 1),
      (signal) => client.completeSession('aborted-of-many', { signal }),
    );
    for (const result of await Promise.all(others)) {
      assert.equal(result.success, true);
    }
  });

  it('after the end changes nothing', async () => {
    const controller = new AbortController();
    const result = await client.completeSession('session_12345', { signal: controller.signal });
    controller.abort();
    assert.equal(result.success, true);
  });
});

describe('the reason', () => {
  const stalled = async (signal) => {
    await standIn.script('aborted-with-reason', { raw: [{ stall: true }] });
    return client.completeSession('aborted-with-reason', { signal });
  };

  it('of a time limit is a TimeoutError', () =>
    assert.rejects(stalled(AbortSignal.timeout(50)), { name: 'TimeoutError' }));

  it('that was not given is an AbortError', async () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    await assert.rejects(stalled(controller.signal), { name: 'AbortError' });
  });

  for (const reason of ['a word', null, 0]) {
    it(`may be ${JSON.stringify(reason)}`, async () => {
      const controller = new AbortController();
      setImmediate(() => controller.abort(reason));
      const [outcome] = await Promise.allSettled([stalled(controller.signal)]);
      assert.deepEqual(outcome, { status: 'rejected', reason });
    });
  }
});

describe('the signal itself', () => {
  it('keeps the onabort of its owner', async () => {
    const controller = new AbortController();
    const aborted = once(controller.signal, 'abort');
    let called = 0;
    const onabort = () => {
      called += 1;
    };
    controller.signal.onabort = onabort;
    await standIn.script('aborted-with-owner', { raw: [{ stall: true }] });
    const call = client.completeSession('aborted-with-owner', { signal: controller.signal });
    await standIn.requests('aborted-with-owner', 1);
    controller.abort();
    await Promise.all([aborted, assert.rejects(call)]);
    assert.equal(controller.signal.onabort, onabort);
    assert.equal(called, 1);
  });

  it('may be of another make', async () => {
    const signal = Object.assign(new EventTarget(), { aborted: false, reason: 'foreign' });
    await standIn.script('aborted-by-another', { raw: [{ stall: true }] });
    const call = client.completeSession('aborted-by-another', { signal });
    await standIn.requests('aborted-by-another', 1);
    signal.dispatchEvent(new Event('abort'));
    await assert.rejects(call, (reason) => reason === 'foreign');
  });

  it('may fail: calls settle, and it is a warning', async () => {
    const fail = () => {
      throw new Error('a broken signal');
    };
    const signal = { aborted: false, addEventListener() {}, removeEventListener: fail };
    const warned = once(process, 'warning');
    assert.equal((await client.completeSession('session_12345', { signal })).success, true);
    assert.match((await warned)[0].message, /^A signal failed: Error: a broken signal/);
    const silent = { ...signal, addEventListener: fail };
    await assert.rejects(client.completeSession('session_12345', { signal: silent }), { message: 'a broken signal' });
    const mute = { ...signal, aborted: true };
    Object.defineProperty(mute, 'reason', { get: fail });
    await assert.rejects(client.completeSession('session_12345', { signal: mute }), { message: 'a broken signal' });
  });

  it('collects no listeners in 10,000 calls, and causes no warning', async () => {
    const warnings = [];
    const warn = (warning) => warnings.push(warning);
    process.on('warning', warn);
    const { signal } = new AbortController();
    let left = 10_000;
    const worker = async () => {
      for (left -= 1; left >= 0; left -= 1) {
        const id = left % 2 === 0 ? 'session_12345' : '';
        await client.completeSession(id, { signal }).catch((error) => assert.equal(error.code, 'empty_session_id'));
      }
    };
    await Promise.all(Array.from({ length: 50 }, worker));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    await settled();
    process.off('warning', warn);
    assert.deepEqual(warnings, []);
  });
});
