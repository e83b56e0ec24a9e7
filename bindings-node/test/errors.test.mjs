import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { BulkError, Client, completeSession, updateSessionStatus, WtsError } from 'wts-session';
import { Calls } from '../lib/calls.cjs';
import { CallSite } from '../lib/error.cjs';
import native from '../lib/native.cjs';
import { js, runModule } from './support/run.mjs';
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

describe('errors that are made by hand', () => {
  it('have what they are given, and defaults for the rest', () => {
    const cause = new Error('why');
    const error = new WtsError('No such session.', { code: 'not_found', httpStatus: 404, body: '{}', cause });
    assert.ok(error instanceof WtsError && error instanceof Error);
    assert.deepEqual(
      { ...error },
      {
        code: 'not_found',
        description: '',
        httpStatus: 404,
        attempts: 0,
        retryable: false,
        mayHaveBeenApplied: false,
      },
    );
    assert.deepEqual([error.message, error.body, error.cause], ['No such session.', '{}', cause]);
    assert.match(error.stack, /^WtsError: No such session\.\n +at .*errors\.test\.mjs/);
    assert.equal(new WtsError('x').code, 'internal');
    assert.equal('cause' in new WtsError('x'), false);
  });

  it('are as those of calls', async () => {
    const real = await refusal();
    const { code, description, httpStatus, key, errorId, body, attempts, retryable, mayHaveBeenApplied } = real;
    const details = { code, description, httpStatus, key, errorId, body, attempts, retryable, mayHaveBeenApplied };
    const made = new WtsError(real.message, details);
    assert.deepEqual(made, real);
    assert.deepEqual(Object.getOwnPropertyDescriptor(made, 'body'), Object.getOwnPropertyDescriptor(real, 'body'));
    assert.deepEqual(made.toJSON(), real.toJSON());
  });

  it('may be of bulk calls', () => {
    const outcomes = [{ index: 0, sessionId: 's', ok: false, error: new WtsError('x', { code: 'timeout' }) }];
    const error = new BulkError('enough', { outcomes, cause: 'shutdown' });
    assert.ok(error instanceof WtsError);
    assert.deepEqual(
      [error.name, error.code, error.cause, error.outcomes],
      ['BulkError', 'cancelled', 'shutdown', outcomes],
    );
    assert.deepEqual(new BulkError('x').outcomes, []);
    assert.ok(!Object.keys(error).includes('outcomes'));
  });

  it('may have classes of their own', () => {
    class OwnError extends WtsError {}
    assert.equal(new OwnError('x', { code: 'closed' }).code, 'closed');
  });

  for (const [options, message] of [
    [{ code: 'nope' }, 'options.code must be one of the codes of WtsErrorCode, not a string'],
    [{ httpStatus: '404' }, 'options.httpStatus must be a number, not a string'],
    [{ status: 404 }, 'status is not an option of WtsError. Did you mean httpStatus?'],
    ['not_found', 'options must be an object, not a string'],
  ]) {
    it(message, () => assert.throws(() => new WtsError('x', options), { name: 'TypeError', message }));
  }
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

  it('is the headline alone where the program fails to make one, which is a warning', async () => {
    const source = js`import { Client } from 'wts-session';
      const client = new Client({ ...${standIn.connection}, maxRetries: 0 });
      const warnings = [];
      process.on('warning', ({ message }) => warnings.push(message));
      Error.prepareStackTrace = () => { throw 'no stacks today'; };
      const error = await client.completeSession('').catch((reason) => reason);
      const [{ error: ofItem }] = await client.completeSessions(['']);
      const { success } = await client.completeSession('session_12345');
      Error.prepareStackTrace = undefined;
      await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify([error.code, error.stack, ofItem.stack, success, warnings]));`;
    const ended = await runModule(source, { args: ['--no-warnings'] });
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    const headline = 'WtsError: SessionID is empty! Fill in the SessionID field';
    const warning = "Error.prepareStackTrace failed: 'no stacks today'";
    const expected = ['empty_session_id', headline, headline, true, [warning, warning]];
    assert.deepEqual(JSON.parse(ended.stdout), expected);
  });

  it('is what the program makes of it', async () => {
    Error.prepareStackTrace = (_, frames) => frames.map((frame) => frame.getLineNumber());
    const { stack } = await errorOf(client.completeSession(''));
    assert.ok(Array.isArray(stack) && Number.isInteger(stack[0]), stack);
  });
});

describe('a program that has replaced what the library uses', () => {
  it('fails the call that it breaks, and no other', async () => {
    const { parse } = JSON;
    const calls = Array.from({ length: 20 }, () => client.completeSession('session_12345'));
    const failure = new Error('replaced');
    JSON.parse = () => {
      throw failure;
    };
    const settled = await Promise.allSettled(calls);
    JSON.parse = parse;
    assert.ok(settled.every(({ reason }) => reason === failure));
    assert.equal((await client.completeSession('session_12345')).success, true);
  });

  it('fails the items of a bulk call that it breaks, and no others', async () => {
    const { parse } = JSON;
    const failure = new Error('replaced');
    JSON.parse = (text) => {
      if (text.includes('session_23456')) {
        throw failure;
      }
      return parse(text);
    };
    const outcomes = await client.completeSessions(['session_12345', 'session_23456', 'session_12345']);
    JSON.parse = parse;
    assert.deepEqual(
      outcomes.map(({ ok, error }) => [ok, error]),
      [
        [true, undefined],
        [false, failure],
        [true, undefined],
      ],
    );
  });
});

describe('a panic', () => {
  it('is the error internal, and the client still works', async () => {
    const calls = new Calls();
    const inner = calls.client(native.createClient, standIn.connection, {});
    const error = await errorOf(calls.run(new CallSite(), (id) => inner.panic(id)));
    assert.ok(error instanceof WtsError);
    assert.equal(error.code, 'internal');
    const result = await calls.run(new CallSite(), (id) => inner.completeSession(id, 'session_12345', false, false));
    assert.equal(result.success, true);
  });
});
