// Runs of the node without n8n: failures, hints, tries, waits.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'wts-session';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Account } from '../dist/nodes/WtsSession/account.js';
import { execute } from '../dist/nodes/WtsSession/execute.js';
import { Waits } from '../dist/nodes/WtsSession/waits.js';
import { BadExpression, Context, n8nWorkflowPath } from './support/context.mjs';

const REFUSED = { status: 500, body_file: 'error-refused-as-500.json' };
const GOES_ON = { goesOn: true };

let standIn;
before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown'] });
});
after(() => standIn.stop());

/** A credential of a token of its own, which shares no budget with another one. */
function credential(name, others) {
  const { apiKey, baseUrl } = standIn.connection;
  return { apiKey: `${apiKey}_${name}`, baseUrl, ...others };
}

const sessions = (...ids) => ids.map((sessionId) => ({ sessionId }));

async function run(parameters, given, options) {
  const context = new Context(parameters, given, options);
  const { items } = await execute(context);
  assert.deepEqual(
    items.map(({ pairedItem }) => pairedItem.item),
    [...parameters.keys()],
  );
  return { json: items.map(({ json }) => json), hints: context.hints, lines: context.lines };
}

async function assertSent(expected) {
  for (const [sessionId, count] of Object.entries(expected)) {
    assert.equal((await standIn.requests(sessionId)).length, count, sessionId);
  }
}

describe('these tests', () => {
  it('run with the n8n-workflow that was asked for', () => {
    const expected = process.env.N8N_WORKFLOW ?? 'n8n-workflow';
    assert.ok(n8nWorkflowPath.includes(`/node_modules/${expected}/`), n8nWorkflowPath);
  });
});

describe('a failure before any request', () => {
  const FAILURES = {
    'no credential': {
      given: () => undefined,
      message: /^Node does not have any credentials set$/,
    },
    'a base URL with a path': {
      given: () => credential('path', { baseUrl: `${standIn.addresses.api}/chat` }),
      message: /^Invalid configuration! \(session "path-good-1", invalid_config\)$/,
    },
    'a base URL that is none': {
      given: () => credential('nonsense', { baseUrl: 'nonsense' }),
      message: /^Invalid configuration! \(session "path-good-1", invalid_config\)$/,
    },
    'a shared ledger on the machine': {
      given: () => credential('file', { sharedLimits: 'url', sharedLimitsSecretUrl: 'file:///tmp' }),
      message: /^Shared Limits URL must begin with redis:/,
    },
    'a key that is no text': {
      given: () => credential('number', { apiKey: 42 }),
      message: /apiKey must be a string/,
    },
    'a timeout of zero': {
      first: { 'options.timeout': 0 },
      message: /^Invalid configuration!/,
    },
    'a reserve that is no number': {
      first: { 'options.reserve': 'most' },
      message: /^Reserve must be a number, not a string$/,
    },
    'an operation of the older node': {
      first: { operation: 'sendMessage' },
      message: /^This node has no operation "sendMessage" of the resource "session"$/,
    },
    'a resource of the older node': {
      first: { resource: 'contact' },
      message: /^This node has no operation "concludeSession" of the resource "contact"$/,
    },
  };

  for (const [name, { given = () => credential('all'), first = {}, message }] of Object.entries(FAILURES)) {
    it(`${name}: is the error of all items if the run goes on, and that of the first if it stops`, async () => {
      const parameters = sessions('path-good-1', 'path-good-2').map((each) => ({ ...each, ...first }));
      const { json, hints } = await run(parameters, given(), GOES_ON);
      assert.match(json[0].error.message, message);
      for (const [index, { error, ...others }] of json.entries()) {
        assert.deepEqual([error.sessionId, others], [parameters[index].sessionId, {}]);
      }
      assert.deepEqual(
        hints.map((hint) => [hint.message, hint.type]),
        [['2 of 2 sessions failed', 'warning']],
      );
      await assert.rejects(execute(new Context(parameters, given())), (error) => {
        assert.match(error.message, message);
        assert.match(error.name, /^NodeOperationError$/);
        return error.context.itemIndex === 0;
      });
      await assertSent({ 'path-good-1': 0, 'path-good-2': 0 });
    });
  }

  const BAD_ITEMS = [
    [{ sessionId: { is: 'an object' } }, 'Session ID must be a text, not an object'],
    [{ sessionId: ['a'] }, 'Session ID must be a text, not an array'],
    [{ sessionId: 42 }, 'Session ID must be a text, not a number'],
    [{ sessionId: true }, 'Session ID must be a text, not a boolean'],
    [{ sessionId: undefined }, 'SessionID is empty!'],
    [{ sessionId: null }, 'SessionID is empty!'],
    [{ sessionId: '..' }, 'SessionID is not valid! (session "..", invalid_session_id)'],
    [{ sessionId: new BadExpression('[line 1] invalid syntax') }, '[line 1] invalid syntax'],
    [
      { sessionId: 'wrong-switch', 'options.stopBotInExecution': 'yes' },
      'Stop Running Bot must be true or false, not a string (session "wrong-switch")',
    ],
    [
      { sessionId: 'wrong-switch', reactivateOnNewMessage: 1 },
      /^Reactivate on New Message must be true or false, not a number/,
    ],
    [
      { sessionId: 'wrong-status', statusSessionOption: true },
      /^Status must be a text, not a boolean \(session "wrong-status"\)$/,
    ],
  ];

  it('of an item is its own error, and the good items of the run are sent', async () => {
    const parameters = BAD_ITEMS.flatMap(([bad], index) => [bad, { sessionId: `beside-${index}` }]);
    const { json, hints } = await run(parameters, credential('items'), GOES_ON);
    for (const [index, [, message]] of BAD_ITEMS.entries()) {
      const { error } = json[2 * index];
      assert.ok(message instanceof RegExp ? message.test(error.message) : error.message === message, error.message);
      assert.equal(json[2 * index + 1].sessionId, `beside-${index}`);
      await assertSent({ [`beside-${index}`]: 1 });
    }
    assert.equal(hints[0].message, `${BAD_ITEMS.length} of ${2 * BAD_ITEMS.length} sessions failed`);
    await assertSent({ 'wrong-switch': 0, 'wrong-status': 0 });
  });

  for (const [bad, message] of BAD_ITEMS) {
    it(`stops a run that stops on failures: ${message}`, async () => {
      const context = new Context([{ sessionId: 'before-it' }, bad], credential('stops'));
      await assert.rejects(execute(context), (error) => {
        assert.ok(message instanceof RegExp ? message.test(error.message) : error.message === message, error.message);
        return error.context.itemIndex === 1;
      });
    });
  }

  it('of the key’s quotes there is none', async () => {
    const { apiKey, baseUrl } = standIn.connection;
    const { json } = await run(sessions('quoted'), { apiKey: `"${apiKey}"`, baseUrl }, GOES_ON);
    assert.equal(json[0].sessionId, 'quoted');
  });
});

describe('a failure of a tool', () => {
  it('is an item, since not every agent tells its model what is thrown', async () => {
    for (const [parameters, code] of [
      [{ sessionId: '..' }, 'invalid_session_id'],
      [{ sessionId: 42 }, undefined],
    ]) {
      const { json } = await run([parameters], credential('agent'), { isTool: true });
      assert.ok(json[0].error.message);
      assert.equal(json[0].error.code, code);
    }
  });
});

describe('a message', () => {
  it('names session, code and status', async () => {
    await standIn.script('named', REFUSED);
    const { json } = await run(sessions('named'), credential('named'), GOES_ON);
    assert.equal(json[0].error.message, 'Conversa não encontrada (session "named", refused, HTTP 500)');
    assert.deepEqual([json[0].error.code, json[0].error.sessionId], ['refused', 'named']);
  });

  it('of a connection names host and port', async () => {
    const given = credential('refused', { baseUrl: standIn.addresses.refused });
    const { host } = new URL(standIn.addresses.refused);
    const { json } = await run(sessions('no-way'), given, GOES_ON);
    assert.equal(json[0].error.message, `No connection to the API (session "no-way", connection, ${host})`);
  });

  it('that is fixed stays, and its description names the session', async () => {
    const parameters = [{ operation: 'updateStatusSession', sessionId: 'fixed', statusSessionOption: 'UNDEFINED' }];
    const { json } = await run(parameters, credential('fixed'), GOES_ON);
    const { message, description } = json[0].error;
    assert.deepEqual([message, description], ['Add a valid status!', '(session "fixed", invalid_status)']);
  });

  it('shortens a long id', async () => {
    const { json } = await run(sessions('x'.repeat(600)), credential('long'), GOES_ON);
    assert.equal(json[0].error.message, `SessionID is not valid! (session "${'x'.repeat(80)}…", invalid_session_id)`);
  });
});

describe('a credential', () => {
  it('may want the raw token', async () => {
    const { json } = await run(sessions('raw'), credential('raw', { authScheme: 'raw' }), GOES_ON);
    // The stand-in wants a bearer token.
    assert.equal(json[0].error.code, 'unauthorized');
    const [{ headers }] = await standIn.requests('raw');
    assert.equal(headers.authorization, 'raw ***');
  });

  it('of another scheme, ledger, timeout or reserve has a client of its own', async () => {
    const settings = [{}, { 'options.timeout': 1000 }, { 'options.timeout': 20_000 }];
    await standIn.script('slow', { pass: true, held: true }, { pass: true, held: true });
    for (const [index, each] of settings.entries()) {
      await run([{ sessionId: `client-${index}`, ...each }], credential('clients'), GOES_ON);
    }
    const { json } = await run([{ sessionId: 'slow', 'options.timeout': 1000 }], credential('clients'), GOES_ON);
    assert.equal(json[0].sessionId, 'slow');
    assert.equal((await standIn.requests('slow')).length, 3);
  });
});

describe('the addresses of a run', () => {
  const BLOCKED = { ok: false, error: new Error('The request was blocked') };

  function helpers(verdicts, asked = []) {
    const validateUrl = async (url) => {
      asked.push(url);
      return verdicts.shift() ?? { ok: true };
    };
    return { getSecureEgressFilter: () => ({ validateUrl }) };
  }

  it('are those that n8n allows', async () => {
    const asked = [];
    const given = credential('egress', { sharedLimits: 'off', sharedLimitsSecretUrl: 'redis://unused' });
    const { json } = await run(sessions('allowed'), given, { ...GOES_ON, helpers: helpers([], asked) });
    assert.equal(json[0].sessionId, 'allowed');
    assert.deepEqual(asked, [given.baseUrl]);
  });

  it('that n8n blocks are the error of all items', async () => {
    const { json } = await run(sessions('blocked'), credential('egress'), { ...GOES_ON, helpers: helpers([BLOCKED]) });
    assert.equal(json[0].error.message, 'The request was blocked');
    const redis = credential('egress', { sharedLimits: 'url', sharedLimitsSecretUrl: 'redis://10.0.0.1' });
    const second = await run(sessions('blocked'), redis, { ...GOES_ON, helpers: helpers([{ ok: true }, BLOCKED]) });
    assert.equal(second.json[0].error.message, 'The request was blocked');
    await assertSent({ blocked: 0 });
  });
});

describe('Simplify', () => {
  it('leaves a few fields, and no personal data', async () => {
    const [plain, simple] = (
      await run([{ sessionId: 'plain' }, { sessionId: 'simple', simplify: true }], credential('simplify'), GOES_ON)
    ).json;
    assert.ok(Object.keys(plain).length > 20);
    assert.deepEqual(Object.keys(simple), [
      'id',
      'sessionId',
      'status',
      'success',
      'createdAt',
      'startAt',
      'updatedAt',
      'endAt',
    ]);
    assert.deepEqual(
      [simple.id, simple.sessionId, simple.status, simple.success],
      ['simple', 'simple', 'COMPLETED', true],
    );
  });
});

describe('a run that n8n begins again', () => {
  const retried = (nodeContext, others) => ({ ...GOES_ON, retryOnFail: true, nodeContext, ...others });
  const ids = (name) => [1, 2, 3].map((number) => `${name}-${number}`);

  for (const [how, options] of [
    ['goes-on', { goesOn: true }],
    ['stops', { goesOn: false }],
  ]) {
    it(`sends only what has not succeeded, if it ${how}`, async () => {
      const [first, second, third] = ids(how);
      await standIn.script(second, REFUSED);
      const nodeContext = {};
      const given = credential(how);
      const parameters = sessions(first, second, third);
      const once = execute(new Context(parameters, given, retried(nodeContext, options)));
      await (options.goesOn ? once : assert.rejects(once, { name: 'NodeApiError' }));
      const { json } = await run(parameters, given, retried(nodeContext, options));
      assert.deepEqual(
        json.map(({ sessionId }) => sessionId),
        [first, second, third],
      );
      await assertSent({ [first]: 1, [second]: 2, [third]: 1 });
    });
  }

  it('sends again what asks for something else now', async () => {
    const [first, second] = ids('changed');
    await standIn.script(second, REFUSED);
    const nodeContext = {};
    const given = credential('changed');
    await run(sessions(first, second), given, retried(nodeContext));
    const parameters = [{ sessionId: first, reactivateOnNewMessage: true }, { sessionId: second }];
    await run(parameters, given, retried(nodeContext));
    await assertSent({ [first]: 2, [second]: 2 });
  });

  for (const [name, one, other] of [
    ['of another execution', {}, { nodeContext: {} }],
    ['of a later round of a loop', { runIndex: 0 }, { runIndex: 1 }],
    ['of a node without Retry On Fail', { retryOnFail: false }, { retryOnFail: false }],
  ]) {
    it(`but not ${name}`, async () => {
      const [first, second] = ids(name.replaceAll(' ', '-'));
      await standIn.script(second, REFUSED);
      const nodeContext = {};
      const given = credential('others');
      await run(sessions(first, second), given, retried(nodeContext, one));
      await run(sessions(first, second), given, retried(nodeContext, other));
      await assertSent({ [first]: 2, [second]: 2 });
    });
  }

  it('nor one in which nothing failed', async () => {
    const nodeContext = {};
    const given = credential('fine');
    await run(sessions('fine'), given, retried(nodeContext));
    await run(sessions('fine'), given, retried(nodeContext));
    await assertSent({ fine: 2 });
  });
});

describe('a wait for the account’s limits', () => {
  const limited = (name) => {
    const { apiKey, baseUrl } = standIn.connection;
    const rateLimits = [{ requests: 1, periodMs: 4000 }];
    return new Account((logger) => new Client({ apiKey: `${apiKey}_${name}`, baseUrl, rateLimits, logger }));
  };

  it('is told to all runs of the account, also to one that begins meanwhile', async () => {
    const account = limited('waits');
    const told = { first: [], second: [] };
    let begin;
    const begun = new Promise((resolve) => {
      begin = resolve;
    });
    const first = account.watch(
      ({ wait }) => {
        told.first.push(wait);
        begin();
      },
      () => account.client.completeSessions(['wait-1', 'wait-2']),
    );
    await begun;
    await account.watch(
      ({ wait }) => told.second.push(wait),
      async () => {},
    );
    await first;
    assert.equal(told.first.length, 1);
    assert.ok(told.first[0] > 3 && told.first[0] <= 4, String(told.first));
    assert.ok(told.second[0] >= 1 && told.second[0] <= told.first[0], String(told.second));
    await account.watch(
      ({ wait }) => told.second.push(wait),
      async () => {},
    );
    assert.equal(told.second.length, 1);
  });

  it('and the pause after a 429 too', async () => {
    await standIn.script('paused', { status: 429, headers: [['Retry-After', '1']] });
    const { apiKey, baseUrl } = standIn.connection;
    const account = new Account((logger) => new Client({ apiKey: `${apiKey}_pause`, baseUrl, logger }));
    const told = [];
    await account.watch(
      ({ wait }) => told.push(wait),
      () => account.client.completeSessions(['paused']),
    );
    assert.ok(told.length >= 1 && told[0] >= 0.9 && told[0] <= 2, String(told));
  });

  it('is a line of n8n’s log and, if it was long, a hint', (test) => {
    test.mock.timers.enable({ apis: ['Date'] });
    const context = new Context([]);
    const waits = new Waits(context);
    waits.tell({ line: 'Requests wait', isWarning: false, wait: 287.4 });
    waits.tell({ line: 'HTTP 429', isWarning: true, wait: 0 });
    assert.deepEqual(context.lines, [
      ['info', 'WTS Chat, execution 7: Requests wait'],
      ['warn', 'WTS Chat, execution 7: HTTP 429'],
    ]);
    test.mock.timers.tick(290_000);
    waits.hint();
    assert.deepEqual(context.hints, [
      { message: "Waited 4 min 47 s for the account's request limits", type: 'info', location: 'outputPane' },
    ]);
  });

  it('is no hint if it was short, whatever its length was thought to be', (test) => {
    test.mock.timers.enable({ apis: ['Date'] });
    const context = new Context([]);
    const waits = new Waits(context);
    waits.tell({ line: 'Requests wait', isWarning: false, wait: 60 });
    test.mock.timers.tick(4000);
    waits.hint();
    assert.deepEqual(context.hints, []);
  });

  it('for a shared ledger that is gone is a warning in n8n’s log, and ends when its user stops the execution', async () => {
    const stop = new AbortController();
    const given = credential('gone', { sharedLimits: 'url', sharedLimitsSecretUrl: 'redis://:CANARY@127.0.0.1:9' });
    const context = new Context(sessions('gone'), given, {
      ...GOES_ON,
      signal: stop.signal,
      onLine: (line) => line.includes("ledger can't be used") && stop.abort(),
    });
    await assert.rejects(execute(context), { message: 'The execution was stopped before all items were done' });
    const [[level, line]] = context.lines;
    assert.equal(level, 'warn');
    assert.match(line, /^WTS Chat, execution 7: Shared limits: the ledger can't be used: /);
    assert.doesNotMatch(line, /CANARY/);
    await assertSent({ gone: 0 });
  });

  it('has no line for each request', async () => {
    await standIn.script('quiet', { status: 503, headers: [['Retry-After', '0']] });
    const { json, lines } = await run(sessions('quiet'), credential('quiet'), GOES_ON);
    assert.deepEqual([json[0].sessionId, lines], ['quiet', []]);
  });
});
