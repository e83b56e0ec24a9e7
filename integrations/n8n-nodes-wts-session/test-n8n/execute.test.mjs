// A real n8n executes workflows, against the stand-in.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Home } from './support/home.mjs';
import { readJson } from './support/install.mjs';
import { N8n } from './support/n8n.mjs';
import { branching, credential, end, node, workflow, wtsChat } from './support/workflow.mjs';

const REFUSED = { status: 500, body_file: 'error-refused-as-500.json' };
const UNAUTHORIZED = { status: 401, body_file: 'error-unauthorized.json' };
const DROPPED = { raw: [{ reset: true }] };
const LATER = { pass: true, delay_ms: 2500 };

const CHANGE = { operation: 'updateStatusSession', statusSessionOption: 'IN_PROGRESS' };
const COMPLETE = { operation: 'concludeSession' };
const GOES_ON = { onError: 'continueRegularOutput' };
const HAS_ERROR_OUTPUT = { onError: 'continueErrorOutput' };
const RETRIED = { retryOnFail: true, maxTries: 2, waitBetweenTries: 10 };

const items = (...ids) => ids.map((id) => ({ id }));
const many = (count, name) => items(...Array.from({ length: count }, (_, index) => `${name}-${index}`));
const mixed = (name) => items(`${name}-1`, `${name}-refused`, `${name}-unauthorized`, '  ', `${name}-5`);
const PER_ITEM = [
  { id: 'per-item-1', status: 'PENDING', bot: true, reactivate: false },
  { id: 'per-item-2', status: 'In Progress', bot: false, reactivate: true },
  { id: 'per-item-3', status: 'HIDDEN', bot: true, reactivate: true },
];

let standIn;
let otherServer;
let home;
let n8n;
let olderWorkflow;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown'] });
  otherServer = createServer((_, response) => response.writeHead(404).end('<h1>Not Found</h1>'));
  await once(otherServer.listen(0, '127.0.0.1'), 'listening');
  home = await Home.make();
  n8n = await N8n.start(home);
  olderWorkflow = await readJson(new URL('fixtures/older-node.json', import.meta.url));
  await n8n.import(credentials(), [...workflows(), moved(olderWorkflow)]);
});

after(async () => {
  await n8n?.stop();
  await home?.remove();
  otherServer.close();
  await standIn.stop();
});

function credentials() {
  const { api, token } = standIn.addresses;
  return [
    credential('good', { apiKey: token, baseUrl: api }),
    credential('unknownKey', { apiKey: 'pn_CANARY0000000000000000', baseUrl: api }),
    credential('otherServer', { apiKey: token, baseUrl: `http://127.0.0.1:${otherServer.address().port}` }),
    credential('plainHttp', { apiKey: token, baseUrl: 'http://api.example.com' }),
    credential('withPath', { apiKey: token, baseUrl: `${api}/chat` }),
    credential('pasted', { apiKey: ` "Bearer ${token}"`, baseUrl: api }),
    credential('raw', { apiKey: token, baseUrl: api, authScheme: 'raw' }),
  ];
}

/** All workflows of these tests: to import them takes n8n as long as to import one. */
function workflows() {
  const perItem = {
    change: {
      operation: 'updateStatusSession',
      statusSessionOption: '={{ $json.status }}',
      options: { stopBotInExecution: '={{ $json.bot }}' },
    },
    complete: {
      operation: 'concludeSession',
      sessionId: "={{ $('Items').item.json.id }}",
      reactivateOnNewMessage: "={{ $('Items').item.json.reactivate }}",
      options: { stopBotInExecution: "={{ $('Items').item.json.bot }}" },
    },
  };
  const invalid = [{ id: '' }, { id: ' \t' }, { id: '..' }, { id: null }, { id: { is: 'an object' } }, {}];
  return [
    workflow('both', items('both-1', 'both-2', 'both-3'), [wtsChat('Change', CHANGE), wtsChat('Complete', COMPLETE)]),
    workflow('per-item', PER_ITEM, [wtsChat('Change', perItem.change), wtsChat('Complete', perItem.complete)]),
    workflow('encoding', items('a/b ç?#%2e', '../up'), [wtsChat('Complete', COMPLETE)]),
    workflow('stop', many(100, 'stop'), [wtsChat('Complete', COMPLETE), end('Next')]),
    workflow('goes-on', mixed('goes-on'), [wtsChat('Complete', COMPLETE, GOES_ON), end('Next')]),
    branching('branches', mixed('branches'), wtsChat('Complete', COMPLETE, HAS_ERROR_OUTPUT)),
    workflow('no-id-to-change', items('fine-1', ''), [wtsChat('Change', CHANGE)]),
    workflow('no-id-to-complete', items('fine-2', '  '), [wtsChat('Complete', COMPLETE)]),
    workflow('no-status', items('undefined-status'), [wtsChat('Change', { operation: 'updateStatusSession' })]),
    workflow('invalid-changes', [...invalid, { id: 'valid-change' }], [wtsChat('Change', CHANGE, GOES_ON)]),
    workflow('invalid-completions', [...invalid, { id: 'valid-completion' }], [wtsChat('Complete', COMPLETE, GOES_ON)]),
    workflow('no-credential', items('no-credential-1', 'no-credential-2'), [
      wtsChat('Complete', COMPLETE, GOES_ON, 'none'),
    ]),
    workflow('no-credential-stop', items('no-credential-3'), [wtsChat('Complete', COMPLETE, {}, 'none')]),
    workflow('unknown-key', items('unknown-key-1', 'unknown-key-2'), [
      wtsChat('Complete', COMPLETE, GOES_ON, 'unknownKey'),
    ]),
    workflow('other-server', items('other-server-1'), [wtsChat('Complete', COMPLETE, {}, 'otherServer')]),
    workflow('plain-http', items('plain-http-1', 'plain-http-2'), [
      wtsChat('Complete', COMPLETE, GOES_ON, 'plainHttp'),
    ]),
    workflow('waits', items('waits'), [wtsChat('Complete', COMPLETE)]),
    workflow('dropped-once', items('dropped-once'), [wtsChat('Complete', COMPLETE)]),
    workflow('dropped', items('not-dropped', 'dropped'), [wtsChat('Complete', COMPLETE)]),
    workflow('refused', items('refused'), [wtsChat('Complete', COMPLETE)]),
    ...earlyFailures(),
    ...['pasted', 'raw'].map((uses) => workflow(`http-${uses}`, items(`http-${uses}`), [httpRequest(uses)])),
    workflow('raw', items('raw'), [wtsChat('Complete', COMPLETE, GOES_ON, 'raw')]),
    ...['goes-on', 'stops'].map((how) => {
      const onError = how === 'stops' ? {} : GOES_ON;
      const ids = [`retry-${how}-failing`, ...[2, 3].map((number) => `retry-${how}-${number}`)];
      return workflow(`retry-${how}`, items(...ids), [wtsChat('Complete', COMPLETE, { ...RETRIED, ...onError })]);
    }),
    workflow('simplify', items('simplify'), [wtsChat('Complete', { ...COMPLETE, simplify: true })]),
    workflow('empty', items('empty'), [wtsChat('Complete', { ...COMPLETE, sessionId: '' })]),
    workflow('elsewhere', items('elsewhere'), [wtsChat('Send', { resource: 'message', operation: 'send' }, GOES_ON)]),
  ];
}

/** What fails before a request, by what it is. */
const EARLY_FAILURES = {
  'no-credential-at-all': { uses: 'none', message: /^Node does not have any credentials set/ },
  'base-url-with-path': { uses: 'withPath', message: /^Invalid configuration! \(session ".+", invalid_config\)$/ },
  'wrong-type': {
    parameters: { sessionId: "={{ $json.isBad ? { is: 'an object' } : $json.id }}" },
    message: /^Session ID must be a text, not an object$/,
  },
  'wrong-switch': {
    parameters: { options: { stopBotInExecution: "={{ $json.isBad ? 'yes' : true }}" } },
    message: /^Stop Running Bot must be true or false, not a string \(session ".+"\)$/,
  },
  'bad-expression': {
    parameters: { sessionId: "={{ $json.isBad ? $('Nowhere').item.json.id : $json.id }}" },
    message: /Nowhere|Referenced node/,
  },
};

/** The bad one among them is the second; where the credential is bad, all are. */
const earlyItems = (name) => [1, 2, 3].map((number) => ({ id: `${name}-${number}`, isBad: number === 2 }));

function earlyFailures() {
  return Object.entries(EARLY_FAILURES).flatMap(([name, { parameters, uses }]) => {
    const complete = (others) => wtsChat('Complete', { ...COMPLETE, ...parameters }, others, uses);
    return [
      workflow(`${name}-stop`, earlyItems(`${name}-stop`), [complete({}), end('Next')]),
      workflow(`${name}-goes-on`, earlyItems(`${name}-goes-on`), [complete(GOES_ON)]),
      branching(`${name}-branches`, earlyItems(`${name}-branches`), complete(HAS_ERROR_OUTPUT)),
    ];
  });
}

/** n8n's own node for requests, with our credential. */
function httpRequest(uses) {
  const parameters = {
    method: 'PUT',
    url: `=${standIn.addresses.api}/chat/v1/session/{{ $json.id }}/complete`,
    authentication: 'predefinedCredentialType',
    nodeCredentialType: 'wtsApi',
    sendBody: true,
    specifyBody: 'json',
    jsonBody: '{}',
    options: { response: { response: { neverError: true } } },
  };
  return node('Request', 'n8n-nodes-base.httpRequest', 4.2, parameters, {
    credentials: { wtsApi: { id: uses, name: uses } },
  });
}

/** A workflow of the older node, of which nothing is changed but the type of its nodes. */
function moved(older) {
  const retype = (node) => (node.type === 'n8n-nodes-wts.wtsChat' ? 'n8n-nodes-wts-session.wtsSession' : node.type);
  return { ...older, id: 'older', nodes: older.nodes.map((node) => ({ ...node, type: retype(node) })) };
}

/** Executes a workflow, in whose output the key must not be. */
async function execute(id) {
  const execution = await n8n.execute(id);
  assert.ok(!execution.printed.includes(standIn.addresses.token), 'the key is in the output');
  return execution;
}

async function succeed(id) {
  const execution = await execute(id);
  assert.equal(execution.status, 'success', execution.printed);
  return execution;
}

async function fail(id) {
  const execution = await execute(id);
  assert.equal(execution.status, 'error', execution.printed);
  return execution.error;
}

/** The only request for a session. */
async function requestFor(sessionId) {
  const requests = await standIn.requests(sessionId);
  assert.equal(requests.length, 1, `requests for ${sessionId}`);
  return requests[0];
}

async function assertNothingSent(...sessionIds) {
  for (const sessionId of sessionIds) {
    assert.deepEqual(await standIn.requests(sessionId), [], sessionId);
  }
}

const pairs = (given) => given.map(({ pairedItem }) => pairedItem);
const errors = (given) => given.map(({ error }) => error);

describe('the installed node', () => {
  it('has its binding below it, and nothing else', async () => {
    const manifest = await readJson(join(home.nodeFolder, 'package.json'));
    assert.deepEqual(Object.keys(manifest.dependencies), ['wts-session']);
    const binding = await readJson(join(home.nodeFolder, 'node_modules/wts-session/package.json'));
    assert.equal(binding.version, manifest.version);
  });
});

describe('n8n executes', () => {
  it('both operations in one workflow, over several items', async () => {
    const execution = await succeed('both');
    for (const name of ['Change', 'Complete']) {
      assert.deepEqual(pairs(execution.items(name)), [{ item: 0 }, { item: 1 }, { item: 2 }]);
    }
    const ids = ['both-1', 'both-2', 'both-3'];
    assert.deepEqual(
      execution.json('Change').map(({ id, status }) => [id, status]),
      ids.map((id) => [id, 'IN_PROGRESS']),
    );
    const completed = execution.json('Complete').map(({ sessionId, success, status }) => [sessionId, success, status]);
    assert.deepEqual(
      completed,
      ids.map((id) => [id, true, 'COMPLETED']),
    );
    for (const id of ids) {
      const requests = await standIn.requests(id);
      assert.deepEqual(
        requests.map(({ method, path, body }) => [method, path, body]),
        [
          ['PUT', `/chat/v1/session/${id}/status`, { newStatus: 'IN_PROGRESS' }],
          ['PUT', `/chat/v1/session/${id}/complete`, {}],
        ],
      );
    }
  });

  it('expressions, for each item on its own', async () => {
    const execution = await succeed('per-item');
    assert.deepEqual(
      execution.json('Change').map(({ status }) => status),
      ['PENDING', 'IN_PROGRESS', 'HIDDEN'],
    );
    assert.deepEqual(
      execution.json('Complete').map(({ sessionId }) => sessionId),
      PER_ITEM.map(({ id }) => id),
    );
    const bodies = await Promise.all(
      PER_ITEM.map(async ({ id }) => (await standIn.requests(id)).map(({ body }) => body)),
    );
    assert.deepEqual(bodies, [
      [{ newStatus: 'PENDING', options: { stopBotInExecution: true } }, { stopBotInExecution: true }],
      [{ newStatus: 'IN_PROGRESS' }, { reactivateOnNewMessage: true }],
      [
        { newStatus: 'HIDDEN', options: { stopBotInExecution: true } },
        { reactivateOnNewMessage: true, stopBotInExecution: true },
      ],
    ]);
  });

  it('ids that need encoding', async () => {
    await succeed('encoding');
    const { path } = await requestFor('a/b ç?#%2e');
    assert.equal(path, '/chat/v1/session/a%2Fb%20%C3%A7%3F%23%252e/complete');
    assert.equal((await requestFor('../up')).path, '/chat/v1/session/..%2Fup/complete');
  });

  it('no more after the first failure, where the workflow stops', async () => {
    const ids = many(100, 'stop').map(({ id }) => id);
    await Promise.all(ids.map((id, index) => standIn.script(id, index === 7 ? REFUSED : LATER)));
    const execution = await execute('stop');
    assert.equal(execution.status, 'error');
    const { name, message, description, httpCode, context } = execution.error;
    assert.deepEqual(
      [name, message, httpCode, context.itemIndex],
      ['NodeApiError', 'Conversa não encontrada (session "stop-7", refused, HTTP 500)', '500', 7],
    );
    assert.equal(description, '(HTTP 500, key FORM_ERROR)');
    assert.equal(execution.result.runData.Next, undefined, 'the workflow went on');
    const sent = await Promise.all(ids.map(async (id) => (await standIn.requests(id)).length));
    // As many as are under way at once; none took the place of the one that failed.
    assert.deepEqual(sent, [...Array(64).fill(1), ...Array(36).fill(0)]);
    assert.ok(execution.time('Complete') >= 2000, 'requests that had left were not awaited');
  });

  it('all items, where it goes on with the regular output', async () => {
    await scriptMixed('goes-on');
    const execution = await succeed('goes-on');
    const given = execution.items('Next');
    assert.deepEqual(
      given.map(({ json }) => json.sessionId),
      ['goes-on-1', undefined, undefined, undefined, 'goes-on-5'],
    );
    assert.deepEqual(
      pairs(execution.items('Complete')),
      [0, 1, 2, 3, 4].map((item) => ({ item })),
    );
    assertMixedErrors('goes-on', errors(given.slice(1, 4).map(({ json }) => json)));
    await assertMixedRequests('goes-on');
  });

  it('all items, where failures go to the error output', async () => {
    await scriptMixed('branches');
    const execution = await succeed('branches');
    assert.deepEqual(
      execution.json('Succeeded').map(({ sessionId }) => sessionId),
      ['branches-1', 'branches-5'],
    );
    assert.deepEqual(pairs(execution.items('Complete')), [{ item: 0 }, { item: 4 }]);
    assert.deepEqual(pairs(execution.items('Complete', 1)), [{ item: 1 }, { item: 2 }, { item: 3 }]);
    const failed = execution.json('Failed');
    assert.deepEqual(
      failed.map(({ id }) => id),
      mixed('branches')
        .slice(1, 4)
        .map(({ id }) => id),
    );
    assertMixedErrors('branches', errors(failed));
    await assertMixedRequests('branches');
  });

  async function scriptMixed(name) {
    await standIn.script(`${name}-refused`, REFUSED);
    await standIn.script(`${name}-unauthorized`, UNAUTHORIZED);
  }

  function assertMixedErrors(name, [refused, unauthorized, empty]) {
    const pick = ({ code, message, key, errorId, httpStatus, sessionId }) => ({
      code,
      message,
      key,
      errorId,
      httpStatus,
      sessionId,
    });
    assert.deepEqual([refused, unauthorized, empty].map(pick), [
      {
        code: 'refused',
        message: `Conversa não encontrada (session "${name}-refused", refused, HTTP 500)`,
        key: 'FORM_ERROR',
        errorId: undefined,
        httpStatus: 500,
        sessionId: `${name}-refused`,
      },
      {
        code: 'unauthorized',
        message: `Acesso negado (session "${name}-unauthorized", unauthorized, HTTP 401)`,
        key: 'ERROR_UNAUTHORIZED',
        errorId: 'c44bf0cc',
        httpStatus: 401,
        sessionId: `${name}-unauthorized`,
      },
      {
        code: 'empty_session_id',
        message: 'SessionID is empty!',
        key: undefined,
        errorId: undefined,
        httpStatus: undefined,
        sessionId: '  ',
      },
    ]);
  }

  async function assertMixedRequests(name) {
    for (const id of ['1', 'refused', 'unauthorized', '5']) {
      await requestFor(`${name}-${id}`);
    }
  }

  const INVALID = [
    [
      'no-id-to-change',
      1,
      'Fill in all fields',
      'Both sessionId and status are required to update the session status.',
    ],
    ['no-id-to-complete', 1, 'SessionID is empty!', 'Fill in the SessionID field'],
    ['no-status', 0, 'Add a valid status!', '(session "undefined-status", invalid_status)'],
  ];
  for (const [id, itemIndex, message, description] of INVALID) {
    it(`${id}: ${message}`, async () => {
      const error = await fail(id);
      assert.deepEqual(
        [error.name, error.message, error.description, error.context.itemIndex],
        ['NodeOperationError', message, description, itemIndex],
      );
      await assertNothingSent('', '  ', 'undefined-status');
    });
  }

  const MISSING = ['missing_fields', 'Fill in all fields'];
  const EMPTY = ['empty_session_id', 'SessionID is empty!'];
  for (const [id, name, missing, valid] of [
    ['invalid-changes', 'Change', MISSING, 'valid-change'],
    ['invalid-completions', 'Complete', EMPTY, 'valid-completion'],
  ]) {
    it(`${id} as errors of their items, and the valid item beside them`, async () => {
      const given = (await succeed(id)).json(name);
      assert.equal(given.length, 7);
      const told = errors(given.slice(0, 6)).map(({ code, message }) => [code, message]);
      const unusable = ['invalid_session_id', 'SessionID is not valid! (session "..", invalid_session_id)'];
      const wrongType = [undefined, 'Session ID must be a text, not an object'];
      assert.deepEqual(told, [missing, missing, unusable, missing, wrongType, missing]);
      assert.equal(given[6].id, valid);
      await requestFor(valid);
      await assertNothingSent('..', '');
    });
  }

  it('nothing without a credential, with an error for each item', async () => {
    const given = (await succeed('no-credential')).json('Complete');
    const told = errors(given).map(({ message, sessionId }) => [message, sessionId]);
    const message = 'Node does not have any credentials set for "wtsApi"';
    assert.deepEqual(told, [
      [message, 'no-credential-1'],
      [message, 'no-credential-2'],
    ]);
    const error = await fail('no-credential-stop');
    assert.deepEqual([error.name, error.message], ['NodeOperationError', message]);
    await assertNothingSent('no-credential-1', 'no-credential-2', 'no-credential-3');
  });

  it('a key that the API does not know, with the usual causes', async () => {
    const execution = await succeed('unknown-key');
    for (const { code, message, description, sessionId } of errors(execution.json('Complete'))) {
      const expected = `Acesso negado (session "${sessionId}", unauthorized, HTTP 401)`;
      assert.deepEqual([code, message], ['unauthorized', expected]);
      assert.match(description, /unused for 15 days.*base URL/);
    }
    assert.ok(!execution.printed.includes('pn_CANARY'));
  });

  it('a base URL that is not the API’s', async () => {
    const error = await fail('other-server');
    assert.deepEqual([error.name, error.httpCode, error.context.itemIndex], ['NodeApiError', '404', 0]);
    const given = (await succeed('plain-http')).json('Complete');
    assert.deepEqual(
      errors(given).map(({ code, sessionId }) => [code, sessionId]),
      [
        ['invalid_config', 'plain-http-1'],
        ['invalid_config', 'plain-http-2'],
      ],
    );
    assert.match(given[0].error.description, /The base URL is plain http/);
  });

  it('a wait for the account’s limits, which it tells in its log and at the node', async () => {
    await standIn.script('waits', { status: 429, headers: [['Retry-After', '6']] });
    const execution = await succeed('waits');
    const [hint] = execution.result.runData.Complete[0].hints;
    const [, seconds] = /^Waited (\d+) s for the account's request limits$/.exec(hint?.message) ?? assert.fail(hint);
    assert.ok(Number(seconds) >= 6, `${seconds} s`);
    assert.match(execution.printed, /Complete, execution \d+: .*: nothing is sent for \d+\.\d+ s/);
  });

  it('over a connection that is dropped once', async () => {
    await standIn.script('dropped-once', DROPPED, { status: 503, text: 'Bad Gateway' });
    const [session] = (await succeed('dropped-once')).json('Complete');
    assert.equal(session.sessionId, 'dropped-once');
    assert.equal((await standIn.requests('dropped-once')).length, 3);
  });

  it('over a connection that is always dropped', async () => {
    await standIn.script('dropped', ...Array(8).fill(DROPPED));
    const error = await fail('dropped');
    assert.deepEqual([error.name, error.httpCode, error.context.itemIndex], ['NodeApiError', null, 1]);
    const { host } = new URL(standIn.addresses.api);
    assert.ok(error.message.endsWith(`(session "dropped", connection, ${host})`), error.message);
    // Three retries, and perhaps one request that took the place of a dead connection.
    const { length } = await standIn.requests('dropped');
    assert.ok(length === 4 || length === 5, `${length} requests`);
  });

  it('what is refused as HTTP 500 once, and no more', async () => {
    await standIn.script('refused', REFUSED, REFUSED, REFUSED);
    const error = await fail('refused');
    const message = 'Conversa não encontrada (session "refused", refused, HTTP 500)';
    assert.deepEqual([error.name, error.message, error.httpCode], ['NodeApiError', message, '500']);
    await requestFor('refused');
  });

  it('a workflow of the older node, with nothing changed but the type', async () => {
    const execution = await succeed('older');
    const [session] = execution.json('WTS Chat1');
    assert.deepEqual([session.sessionId, session.success, session.status], ['older-1', true, 'COMPLETED']);
    const requests = await standIn.requests('older-1');
    assert.deepEqual(
      requests.map(({ body }) => body),
      [{ newStatus: 'IN_PROGRESS' }, { reactivateOnNewMessage: true }],
    );
  });
});

describe('what fails before a request', () => {
  for (const [name, { uses, message }] of Object.entries(EARLY_FAILURES)) {
    // Whose error it is: that of the second item, or of all.
    const isBad = (index) => uses !== undefined || index === 1;
    const ids = (how) => earlyItems(`${name}-${how}`).map(({ id }) => id);

    async function assertSent(how) {
      for (const [index, id] of ids(how).entries()) {
        assert.equal((await standIn.requests(id)).length, isBad(index) ? 0 : 1, id);
      }
    }

    it(`${name}: stops the workflow, and nothing goes on`, async () => {
      const execution = await execute(`${name}-stop`);
      assert.equal(execution.status, 'error');
      assert.match(execution.error.message, message);
      assert.equal(execution.error.context.itemIndex, uses === undefined ? 1 : 0);
      assert.equal(execution.result.runData.Next, undefined);
      await assertNothingSent(...ids('stop'));
    });

    it(`${name}: is the error of its items, and the others are sent`, async () => {
      const execution = await succeed(`${name}-goes-on`);
      const given = execution.json('Complete');
      assert.equal(given.length, 3);
      for (const [index, json] of given.entries()) {
        if (isBad(index)) {
          assert.match(json.error.message, message);
        } else {
          assert.equal(json.sessionId, ids('goes-on')[index]);
        }
      }
      const failures = uses === undefined ? 1 : 3;
      assert.deepEqual(hints(execution), [`${failures} of 3 sessions failed`]);
      await assertSent('goes-on');
    });

    it(`${name}: leaves by the error output alone`, async () => {
      const execution = await succeed(`${name}-branches`);
      const [good, bad] = [false, true].map((wanted) => ids('branches').filter((_, index) => isBad(index) === wanted));
      const succeeded = good.length === 0 ? [] : execution.json('Succeeded').map(({ sessionId }) => sessionId);
      assert.deepEqual(succeeded, good);
      assert.deepEqual(
        execution.json('Failed').map(({ id }) => id),
        bad,
      );
      for (const { error } of execution.json('Failed')) {
        assert.match(error.message, message);
      }
      await assertSent('branches');
    });
  }

  function hints(execution) {
    return execution.result.runData.Complete[0].hints.map((hint) => hint.message);
  }

  it('an empty session id: n8n does not begin the workflow', async () => {
    // n8n 2 says so by an execution that fails, n8n 1 by none.
    const [message] = await Promise.allSettled([execute('empty')]).then((all) =>
      all.map(({ value, reason }) => (reason ?? value.error).message),
    );
    assert.match(message, /has issues/);
    await assertNothingSent('empty');
  });

  it('an operation of the older node that this one has not', async () => {
    const [{ error }] = (await succeed('elsewhere')).json('Send');
    assert.match(error.message, /^This node has no operation .+ of the resource "message"$/);
    await assertNothingSent('elsewhere');
  });
});

describe('the credential', () => {
  it('is one for the HTTP Request node too, however the key was pasted', async () => {
    const [session] = (await succeed('http-pasted')).json('Request');
    assert.equal(session.status, 'COMPLETED');
    const { headers } = await requestFor('http-pasted');
    assert.equal(headers.authorization, 'Bearer ***');
  });

  it('sends the raw token if it says so, in both nodes', async () => {
    // The stand-in wants the other scheme, and says no.
    const [answer] = (await succeed('http-raw')).json('Request');
    assert.equal(answer.key, 'ERROR_UNAUTHORIZED');
    const [{ error }] = (await succeed('raw')).json('Complete');
    assert.equal(error.code, 'unauthorized');
    for (const id of ['http-raw', 'raw']) {
      assert.equal((await requestFor(id)).headers.authorization, 'raw ***');
    }
  });
});

describe('Retry On Fail', () => {
  for (const how of ['stops', 'goes-on']) {
    it(`sends only what has not succeeded, in a node that ${how} on failures`, async () => {
      await standIn.script(`retry-${how}-failing`, REFUSED);
      const execution = await succeed(`retry-${how}`);
      const ids = [`retry-${how}-failing`, `retry-${how}-2`, `retry-${how}-3`];
      assert.deepEqual(
        execution.json('Complete').map(({ sessionId }) => sessionId),
        ids,
      );
      const sent = await Promise.all(ids.map(async (id) => (await standIn.requests(id)).length));
      assert.deepEqual(sent, [2, 1, 1]);
    });
  }
});

describe('Simplify', () => {
  it('leaves a few fields', async () => {
    const [session] = (await succeed('simplify')).json('Complete');
    assert.deepEqual([session.id, session.success, session.title], ['simplify', true, undefined]);
  });
});
