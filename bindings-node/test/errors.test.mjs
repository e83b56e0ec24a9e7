import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Client, completeSession, updateSessionStatus, WtsError } from 'wts-session';
import { Calls } from '../lib/calls.cjs';
import { CallSite } from '../lib/error.cjs';
import native from '../lib/native.cjs';
import { StandIn } from './support/stand-in.mjs';

const codes = JSON.parse(readFileSync(new URL('../../tests/errors.json', import.meta.url), 'utf8')).map(
  ({ code }) => code,
);
const standIn = await StandIn.start();
const client = new Client({ ...standIn.connection, maxRetries: 0 });

after(() => standIn.stop());

const errorOf = (promise) =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error) => error,
  );

async function refusal() {
  await standIn.script('refused', { status: 500, body_file: 'error-refused-as-500.json' });
  return errorOf(client.completeSession('refused'));
}

describe('codes', () => {
  it('are those of every language', () => {
    assert.deepEqual(native.errorCodes(), codes);
  });
});

describe('WtsError', () => {
  it('has every attribute', async () => {
    const error = await refusal();
    assert.ok(error instanceof WtsError);
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'WtsError');
    assert.equal(error.code, 'refused');
    assert.equal(error.httpStatus, 500);
    assert.equal(error.key, 'FORM_ERROR');
    assert.ok(error.message.endsWith(` ${error.description}`));
    assert.equal(JSON.parse(error.body).key, 'FORM_ERROR');
    assert.equal(error.attempts, 1);
    assert.equal(error.retryable, false);
    assert.equal(error.mayHaveBeenApplied, false);
    assert.equal('retryAfter' in error, false);
    assert.equal('cause' in error, false);
  });

  it('has the whole text as its message, said once', async () => {
    const empty = await errorOf(client.completeSession(''));
    assert.equal(empty.message, 'SessionID is empty! Fill in the SessionID field');
    assert.equal(empty.description, 'Fill in the SessionID field');
    const undefinedStatus = await errorOf(client.updateSessionStatus('s', 'UNDEFINED'));
    assert.equal(undefinedStatus.message, 'Add a valid status!');
  });

  it('shows its attributes to people and to JSON, but never the body', async () => {
    const error = await refusal();
    const shown = inspect(error, { depth: Infinity });
    const json = JSON.parse(JSON.stringify(error));
    assert.match(shown, /^WtsError: .*\n +at .*errors\.test\.mjs/);
    assert.match(shown, /code: 'refused'/);
    assert.deepEqual(
      { name: json.name, message: json.message, code: json.code, httpStatus: json.httpStatus, key: json.key },
      { name: 'WtsError', message: error.message, code: 'refused', httpStatus: 500, key: 'FORM_ERROR' },
    );
    for (const text of [shown, JSON.stringify(error), String(error), error.stack]) {
      assert.ok(!text.includes('httpStatusCode'), text);
    }
    assert.ok(error.body.includes('httpStatusCode'));
  });

  it('names its causes', async () => {
    const error = await errorOf(
      new Client({ apiKey: 'k', baseUrl: standIn.addresses.refused, maxRetries: 0 }).completeSession('s'),
    );
    assert.equal(error.code, 'connection');
    const causes = [];
    for (let cause = error.cause; cause !== undefined; cause = cause.cause) {
      assert.ok(cause instanceof Error);
      causes.push(cause.message);
    }
    assert.match(causes.at(-1), /refused/i);
    assert.ok(!Object.keys(error).includes('cause'));
  });
});

describe('the stack', () => {
  const aboveTheCall = (error) => error.stack.split('\n')[1];

  it('begins at the line of the call, which was awaited', async () => {
    async function caller() {
      await client.completeSession('');
    }
    const { stack } = await errorOf(caller());
    assert.match(
      stack,
      /^WtsError: SessionID is empty! Fill in the SessionID field\n +at .*caller .*errors\.test\.mjs/,
    );
  });

  it('begins at the line of the call, which was not awaited', async () => {
    function caller() {
      return [
        client.completeSession(''),
        client.updateSessionStatus('s', 'none'),
        completeSession('', standIn.connection),
        updateSessionStatus('s', '', standIn.connection),
      ];
    }
    for (const promise of caller()) {
      assert.match(aboveTheCall(await errorOf(promise)), /caller .*errors\.test\.mjs/);
    }
  });

  it('begins at the line that makes a client which cannot be made', () => {
    function caller() {
      return new Client({ ...standIn.connection, timeoutMs: 0 });
    }
    assert.throws(caller, (error) => /caller .*errors\.test\.mjs/.test(aboveTheCall(error)));
    const shared = errorOf(completeSession('s', { apiKey: 'k', baseUrl: 'ftp://x' }));
    return shared.then((error) => assert.match(aboveTheCall(error), /errors\.test\.mjs/));
  });
});

describe('a stack of another kind', () => {
  const limit = Error.stackTraceLimit;
  const prepare = Error.prepareStackTrace;

  afterEach(() => {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = prepare;
  });

  it('is the headline alone where stacks are switched off', async () => {
    Error.stackTraceLimit = 0;
    assert.equal(
      (await errorOf(client.completeSession(''))).stack,
      'WtsError: SessionID is empty! Fill in the SessionID field',
    );
  });

  it('is what the program makes of it', async () => {
    Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getLineNumber());
    const { stack } = await errorOf(client.completeSession(''));
    assert.ok(Array.isArray(stack) && Number.isInteger(stack[0]), stack);
  });
});

describe('a panic', () => {
  it('is the error internal, and the client still works', async () => {
    const calls = new Calls();
    const inner = calls.client(native.createClient, standIn.connection);
    const error = await errorOf(calls.run(new CallSite(), (id) => inner.panic(id)));
    assert.ok(error instanceof WtsError);
    assert.equal(error.code, 'internal');
    const result = await calls.run(new CallSite(), (id) => inner.completeSession(id, 'session_12345', false, false));
    assert.equal(result.success, true);
  });
});
