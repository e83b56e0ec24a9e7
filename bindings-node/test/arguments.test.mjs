import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Client, completeSession, SessionStatus, updateSessionStatus } from 'wts-session';
import { js, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const standIn = await StandIn.start();
const client = new Client(standIn.connection);

after(() => standIn.stop());

const rejectsWithTypeError = (promise, message) => assert.rejects(promise, { name: 'TypeError', message });
const throwsTypeError = (options, message) => assert.throws(() => new Client(options), { name: 'TypeError', message });

describe('statuses', () => {
  it('are the names and values of the API', () => {
    assert.deepEqual(SessionStatus, {
      Undefined: 'UNDEFINED',
      Started: 'STARTED',
      Pending: 'PENDING',
      InProgress: 'IN_PROGRESS',
      Completed: 'COMPLETED',
      Hidden: 'HIDDEN',
    });
    assert.ok(Object.isFrozen(SessionStatus));
  });

  it('are taken as members, wire values and display names', async () => {
    for (const status of [SessionStatus.InProgress, 'IN_PROGRESS', 'in progress']) {
      assert.equal((await client.updateSessionStatus('session_12345', status)).status, 'IN_PROGRESS');
    }
  });
});

describe('wrong types', () => {
  for (const [value, type] of [
    [12, 'a number'],
    [{}, 'an object'],
    [['s'], 'an array'],
    [true, 'a boolean'],
    [1n, 'a bigint'],
    [Symbol('s'), 'a symbol'],
    [() => 's', 'a function'],
    [new String('s'), 'an object'],
  ]) {
    it(`${type} (${typeof value}) as session id or status`, async () => {
      const id = `sessionId must be a string, not ${type}`;
      await rejectsWithTypeError(client.completeSession(value), id);
      await rejectsWithTypeError(client.updateSessionStatus(value, 'PENDING'), id);
      await rejectsWithTypeError(client.updateSessionStatus('s', value), `status must be a string, not ${type}`);
      await rejectsWithTypeError(completeSession(value, standIn.connection), id);
    });
  }

  it('undefined and null are the missing case', async () => {
    for (const missing of [undefined, null]) {
      await assert.rejects(client.completeSession(missing), { code: 'empty_session_id' });
      await assert.rejects(client.updateSessionStatus(missing, 'PENDING'), { code: 'missing_fields' });
      await assert.rejects(client.updateSessionStatus('s', missing), { code: 'missing_fields' });
    }
    await assert.rejects(client.completeSession(), { code: 'empty_session_id' });
    await assert.rejects(client.updateSessionStatus(), { code: 'missing_fields' });
  });

  it('half a surrogate pair in a text is not sent as something else', async () => {
    const message = "sessionId has half a surrogate pair, which can't be sent";
    await rejectsWithTypeError(client.completeSession('a\ud800'), message);
    assert.equal((await standIn.requests('a\ufffd')).length, 0);
  });

  for (const options of [null, [], 'x', 1, () => {}]) {
    it(`${JSON.stringify(options)} as options`, async () => {
      await rejectsWithTypeError(client.completeSession('s', options), /^options must be an object, not /);
      await rejectsWithTypeError(completeSession('s', options), /^options must be an object, not /);
      throwsTypeError(options, /^options must be an object, not /);
    });
  }

  for (const [options, message] of [
    [{ stopBotInExecution: 'yes' }, 'options.stopBotInExecution must be a boolean, not a string'],
    [{ stopBotInExecution: null }, 'options.stopBotInExecution must be a boolean, not null'],
    [{ reactivateOnNewMessage: 1 }, 'options.reactivateOnNewMessage must be a boolean, not a number'],
    [{ signal: {} }, 'options.signal must be an AbortSignal, not an object'],
    [{ signal: new AbortController() }, 'options.signal must be an AbortSignal, not an object'],
  ]) {
    it(message, () => rejectsWithTypeError(client.completeSession('s', options), message));
  }

  for (const [options, message] of [
    [{ apiKey: 1 }, 'options.apiKey must be a string, not a number'],
    [{ apiKey: null }, 'options.apiKey must be a string, not null'],
    [{ baseUrl: new URL('https://api.wts.chat') }, 'options.baseUrl must be a string, not an object'],
    [{ timeoutMs: '5' }, 'options.timeoutMs must be a number, not a string'],
    [{ totalTimeoutMs: true }, 'options.totalTimeoutMs must be a number or null, not a boolean'],
    [{ maxRetries: 1n }, 'options.maxRetries must be a number, not a bigint'],
    [{ maxConcurrency: [] }, 'options.maxConcurrency must be a number, not an array'],
    [{ rateLimits: {} }, 'options.rateLimits must be an array or null, not an object'],
    [{ rateLimits: [[200, 5000]] }, 'options.rateLimits[0] must be an object, not an array'],
    [{ rateLimits: new Array(1) }, 'options.rateLimits[0] must be an object, not undefined'],
    [{ rateLimits: [{ requests: 1 }] }, 'options.rateLimits[0].periodMs must be a number, not undefined'],
    [{ rateLimits: [{ requests: 1, period: 1 }] }, 'period is not part of a rate limit. Did you mean periodMs?'],
    [{ authScheme: 1 }, 'options.authScheme must be a string, not a number'],
    [{ allowInsecureHttp: 'no' }, 'options.allowInsecureHttp must be a boolean, not a string'],
  ]) {
    it(message, () => throwsTypeError({ ...standIn.connection, ...options }, message));
  }

  it('a method without its client rejects', async () => {
    const { completeSession: alone } = client;
    await assert.rejects(alone('s'), TypeError);
  });
});

describe('unknown options', () => {
  for (const [name, meant] of [
    ['stopBot', 'stopBotInExecution'],
    ['stop_bot_in_execution', 'stopBotInExecution'],
    ['StopBotInExecution', 'stopBotInExecution'],
    ['stopBotInExecutoin', 'stopBotInExecution'],
    ['reactivate', 'reactivateOnNewMessage'],
    ['abortSignal', 'signal'],
  ]) {
    it(`${name} for ${meant}`, () =>
      rejectsWithTypeError(
        client.completeSession('s', { [name]: true }),
        `${name} is not an option of client.completeSession. Did you mean ${meant}?`,
      ));
  }

  for (const [name, meant] of [
    ['apikey', 'apiKey'],
    ['api_key', 'apiKey'],
    ['baseURL', 'baseUrl'],
    ['timeout', 'timeoutMs'],
    ['retries', 'maxRetries'],
    ['insecureHttp', 'allowInsecureHttp'],
  ]) {
    it(`${name} for ${meant}`, () =>
      throwsTypeError({ [name]: 1 }, `${name} is not an option of Client. Did you mean ${meant}?`));
  }

  it('are told what is valid where nothing is like them', async () => {
    const message = 'x is not an option of client.updateSessionStatus. Valid are stopBotInExecution, signal.';
    await rejectsWithTypeError(client.updateSessionStatus('s', 'PENDING', { x: 1 }), message);
    await rejectsWithTypeError(updateSessionStatus('s', 'PENDING', { maxRetries: 1 }), /^maxRetries is not an option/);
    await rejectsWithTypeError(
      client.updateSessionStatus('s', 'PENDING', { reactivateOnNewMessage: true }),
      /^reactivateOnNewMessage is not an option of client.updateSessionStatus/,
    );
  });

  it('nothing was sent for any of them', async () => {
    assert.equal((await standIn.requests('s')).length, 0);
  });
});

describe('what is no object of options', () => {
  const { signal } = new AbortController();

  it('a signal in place of the options', async () => {
    const message =
      /^options must be an object with options, not an object of class AbortSignal\. Did you mean \{ signal \}\?$/;
    await rejectsWithTypeError(client.completeSession('s', signal), message);
    await rejectsWithTypeError(client.updateSessionStatus('s', 'PENDING', signal), message);
    await rejectsWithTypeError(client.completeSessions(['s'], signal), message);
    await rejectsWithTypeError(client.iterCompleteSessions(['s'], signal).next(), message);
    await rejectsWithTypeError(completeSession('s', signal), message);
  });

  for (const value of [
    new AbortController(),
    new Map([['apiKey', 'k']]),
    new URL('https://api.wts.chat'),
    new Date(),
  ]) {
    it(`a ${value.constructor.name}`, async () => {
      const message = new RegExp(
        `^options must be an object with options, not an object of class ${value.constructor.name}`,
      );
      throwsTypeError(value, message);
      await rejectsWithTypeError(client.completeSession('s', value), message);
    });
  }

  it('an object of a class may have options of its own', async () => {
    class Settings {
      reactivateOnNewMessage = true;
    }
    assert.equal((await client.completeSession('session_23456', new Settings())).success, true);
  });
});

describe('what others have changed', () => {
  const settings = js`const connection = ${standIn.connection};`;

  it('members of Object.prototype are no options, settings or details of errors', async () => {
    const source = `${settings} import { Client, completeSession, WtsError } from 'wts-session';
      const polluted = { baseUrl: 'http://127.0.0.1:9', apiKey: 'x', signal: AbortSignal.abort(), key: 'KEY', causes: [],
        WTS_BASE_URL: 'http://127.0.0.1:9', onProgress: 1, httpStatus: 1, cause: 'x', indexes: [], then: 1 };
      process.env.WTS_API_KEY = connection.apiKey;
      for (const [name, value] of Object.entries(polluted)) {
        Object.defineProperty(Object.prototype, name, { value, writable: true, configurable: true });
      }
      const client = new Client(connection);
      const [{ success }, outcomes] = [await client.completeSession('session_12345'), await client.completeSessions(['session_12345', ''])];
      const error = await client.completeSession('').catch((reason) => reason);
      const address = await completeSession('').catch(({ code }) => code);
      const shared = await completeSession('session_12345', { baseUrl: connection.baseUrl });
      for (const name of Object.keys(polluted)) delete Object.prototype[name];
      const own = [Object.keys(error).join(), Object.hasOwn(error, 'cause')];
      console.log(JSON.stringify([success, outcomes.map(({ ok }) => ok), ...own, address, shared.success]));`;
    const ended = await runModule(source);
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    const details = 'code,description,attempts,retryable,mayHaveBeenApplied';
    const expected = [true, [true, false], details, false, 'empty_session_id', true];
    assert.deepEqual(JSON.parse(ended.stdout), expected);
  });

  it('intrinsics may be frozen', async () => {
    const source = `${settings} import { BulkError, Client, WtsError } from 'wts-session';
      const client = new Client({ ...connection, logger: { debug() {}, warn() {} } });
      const { success } = await client.completeSession('session_12345', { signal: new AbortController().signal });
      const { code } = await client.completeSession('').catch((error) => error);
      const outcomes = await client.completeSessions(['session_12345', '']);
      const iterated = [];
      for await (const { ok } of client.iterCompleteSessions(['session_12345', ''])) iterated.push(ok);
      for await (const _ of client.iterCompleteSessions(['session_12345', ''])) break;
      const ended = await client.completeSessions(['s'], { signal: AbortSignal.abort() }).catch((error) => error);
      console.log(success, code, outcomes.length, iterated.length, ended instanceof BulkError, new WtsError('x').code);`;
    const ended = await runModule(source, { args: ['--frozen-intrinsics', '--no-warnings'] });
    assert.deepEqual([ended.code, ended.stderr, ended.stdout], [0, '', 'true empty_session_id 2 2 true internal\n']);
  });
});

describe('settings that are none', () => {
  for (const [name, values] of Object.entries({
    timeoutMs: [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 0.5, 1e300],
    totalTimeoutMs: [Number.NaN, Number.POSITIVE_INFINITY, -1, 0],
    maxRetries: [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 101, 2 ** 32],
    maxConcurrency: [Number.NaN, -1, 0, 0.5, 2 ** 32 + 1],
    reserve: [Number.NaN, -0.1, 0.51],
    sharedLimits: ['on', 'redis://u:CANARY@h?timeout=1', 'http://CANARY@h', 'file:///proc/none'],
    sharedLimitsAccount: [' ', 'a'.repeat(257)],
    sharedLimitsFallback: ['go', Number.NaN, -0.1, 1.1],
  })) {
    for (const value of values) {
      it(`${name} ${value}`, () => {
        assert.throws(
          () => new Client({ ...standIn.connection, [name]: value }),
          (error) => error.code === 'invalid_config' && !error.message.includes('CANARY'),
        );
      });
    }
  }

  it('in rate limits', () => {
    for (const limit of [
      { requests: Number.NaN, periodMs: 1 },
      { requests: 1.5, periodMs: 1 },
      { requests: 1, periodMs: -1 },
    ]) {
      assert.throws(() => new Client({ ...standIn.connection, rateLimits: [limit] }), { code: 'invalid_config' });
    }
    assert.throws(() => new Client({ ...standIn.connection, rateLimits: [] }), { code: 'invalid_config' });
  });

  it('are told as JavaScript writes them', () => {
    assert.throws(() => new Client({ timeoutMs: Number.POSITIVE_INFINITY }), {
      description: 'The timeout is from 1 ms to 86400000 ms, not Infinity ms.',
    });
  });
});

describe('what is as good as the usual', () => {
  it('undefined is the same as left out', async () => {
    const options = { timeoutMs: undefined, rateLimits: undefined, totalTimeoutMs: undefined, ...standIn.connection };
    const call = { signal: undefined, stopBotInExecution: undefined, reactivateOnNewMessage: undefined };
    assert.equal((await new Client(options).completeSession('session_23456', call)).success, true);
  });

  it('null switches limits and the total time off', async () => {
    const unlimited = new Client({ ...standIn.connection, rateLimits: null, totalTimeoutMs: null });
    assert.equal((await unlimited.completeSession('session_23456')).success, true);
  });

  it('options of another realm', async () => {
    const foreign = runInNewContext('({ reactivateOnNewMessage: true })');
    assert.equal((await client.completeSession('session_23456', foreign)).success, true);
    const windows = runInNewContext('[{ requests: 5, periodMs: 1000 }]');
    assert.ok(new Client({ ...standIn.connection, rateLimits: windows }));
  });
});

describe('functions without a client', () => {
  it('take key and address with each call', async () => {
    const options = { ...standIn.connection, stopBotInExecution: true };
    assert.equal((await updateSessionStatus('session_34567', 'Pending', options)).status, 'PENDING');
    assert.equal((await completeSession('session_34567', { ...options, reactivateOnNewMessage: true })).success, true);
    const [update, complete] = await standIn.requests('session_34567', 2);
    assert.deepEqual(update.body, { newStatus: 'PENDING', options: { stopBotInExecution: true } });
    assert.deepEqual(complete.body, { reactivateOnNewMessage: true, stopBotInExecution: true });
    assert.equal(update.connection, complete.connection, 'the second call had a connection of its own');
  });

  it('tell a blank key from one that is missing', async () => {
    const blank = /^WtsError: No API key! The API key that was given is blank\./;
    await assert.rejects(completeSession('s', { apiKey: ' ', baseUrl: standIn.addresses.api }), blank);
    assert.throws(() => new Client({ apiKey: '', baseUrl: standIn.addresses.api }), blank);
    assert.throws(
      () => new Client({ baseUrl: standIn.addresses.api }),
      /^WtsError: No API key! Give an API key, or set /,
    );
  });

  it('reject when key or address are wrong', async () => {
    await assert.rejects(completeSession('s', { apiKey: ' ', baseUrl: standIn.addresses.api }), {
      code: 'missing_api_key',
    });
    await assert.rejects(updateSessionStatus('s', 'PENDING', { apiKey: 'k', baseUrl: 'x' }), {
      code: 'invalid_config',
    });
  });
});
