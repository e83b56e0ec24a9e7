// A running n8n: what its editor offers, the credential test, and an execution that its user stops.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Home } from './support/home.mjs';
import { N8n } from './support/n8n.mjs';
import { credential, workflow, wtsChat } from './support/workflow.mjs';

const UNDER_WAY = 64;
const COMPLETE = { operation: 'concludeSession' };
const ids = Array.from({ length: 100 }, (_, index) => ({ id: `stopped-${index}` }));

let standIn;
let home;
let n8n;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown'] });
  const { token: apiKey, api: baseUrl } = standIn.addresses;
  home = await Home.make();
  n8n = await N8n.start(home);
  await n8n.import(
    [credential('good', { apiKey, baseUrl })],
    [
      workflow('stopped', ids, [wtsChat('Complete', COMPLETE)]),
      workflow('after-it', [{ id: 'after-it' }], [wtsChat('Complete', COMPLETE)]),
    ],
  );
});

after(async () => {
  await n8n?.stop();
  await home?.remove();
  await standIn.stop();
});

describe('n8n offers', () => {
  let types;
  before(async () => {
    types = await n8n.request('GET', '/types/nodes.json');
  });
  const offered = (name) => types.find((type) => type.name === `n8n-nodes-wts-session.${name}`);

  it('the node, with an icon for light and dark', async () => {
    const { displayName, iconUrl, codex } = offered('wtsSession');
    assert.equal(displayName, 'WTS Chat');
    assert.ok(codex.alias.includes('WhatsApp'));
    for (const url of [iconUrl.light, iconUrl.dark]) {
      const answer = await fetch(`${n8n.url}/${url}`);
      assert.match(answer.headers.get('content-type'), /svg/);
    }
    assert.notEqual(iconUrl.light, iconUrl.dark);
  });

  it('the node as a tool of agents', () => {
    assert.equal(offered('wtsSessionTool').displayName, 'WTS Chat Tool');
  });

  it('the credential, with the API’s address', async () => {
    const all = await n8n.request('GET', '/types/credentials.json');
    const { properties } = all.find(({ name }) => name === 'wtsApi');
    const fields = Object.fromEntries(properties.map((property) => [property.name, property]));
    const names = ['apiKey', 'baseUrl', 'authScheme', 'sharedLimits', 'sharedLimitsSecretUrl'];
    // n8n adds some of its own: the domains to which the HTTP Request node may send it.
    assert.deepEqual(Object.keys(fields).slice(0, names.length), names);
    assert.equal(fields.apiKey.typeOptions.password, true);
    assert.equal(fields.baseUrl.default, 'https://api.wts.chat');
  });
});

describe('the credential test', () => {
  let otherServer;
  before(async () => {
    otherServer = createServer((_, response) => response.writeHead(404).end('<h1>Not Found</h1>'));
    await once(otherServer.listen(0, '127.0.0.1'), 'listening');
  });
  after(() => otherServer.close());

  async function test(data) {
    const { api: baseUrl, token: apiKey } = standIn.addresses;
    const credentials = {
      id: n8n.idOf('good'),
      name: 'good',
      type: 'wtsApi',
      data: { apiKey, baseUrl, ...data },
    };
    return (await n8n.request('POST', '/rest/credentials/test', { credentials })).data;
  }

  it('accepts a key that the API accepts, also as people paste it, and changes nothing', async () => {
    const { token, api } = standIn.addresses;
    for (const apiKey of [token, ` Bearer ${token}\n`]) {
      for (const baseUrl of [api, `${api}/`]) {
        assert.deepEqual(await test({ apiKey, baseUrl }), { status: 'OK', message: 'The API accepts the key' });
      }
    }
    const requests = await standIn.allRequests();
    assert.equal(requests.length, 4);
    for (const { method, path, authorization, headers } of requests) {
      assert.deepEqual([method, path], ['GET', '/chat/v1/credential-test'], authorization);
      assert.equal(headers.authorization, 'Bearer ***');
    }
  });

  it('tells what is wrong', async () => {
    const { port } = otherServer.address();
    for (const [data, message] of [
      [{ apiKey: 'pn_CANARY' }, /^The API did not accept the key/],
      [{ apiKey: ' ' }, /^No API key!/],
      [
        { baseUrl: `http://127.0.0.1:${port}` },
        /^HTTP 404 is not the answer of the WTS Chat API\. Check the base URL\.$/,
      ],
      [{ baseUrl: 'http://api.example.com' }, /plain http/],
      [{ baseUrl: 'nonsense' }, /The base URL is no URL/],
      [
        { baseUrl: standIn.addresses.refused },
        new RegExp(`^No answer from ${new URL(standIn.addresses.refused).host}: .*ECONNREFUSED`),
      ],
      [{ authScheme: 'raw' }, /^The API did not accept the key/],
    ]) {
      const result = await test(data);
      assert.equal(result.status, 'Error', JSON.stringify(data));
      assert.match(result.message, message);
    }
  });
});

describe('the credential test, while the API does not answer as ever', () => {
  const ANSWERS = {
    429: [{ 'retry-after': '12' }, /^The account's request limit is reached \(HTTP 429\)\. .*Test again in 12 s\.$/],
    503: [{}, /^The API is not reachable now \(HTTP 503\)\. The key was not refused\. Test again later\.$/],
  };

  for (const [status, [headers, message]] of Object.entries(ANSWERS)) {
    it(`says what HTTP ${status} means`, async () => {
      const server = createServer((_, response) => response.writeHead(status, headers).end('{}'));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      try {
        const data = { apiKey: 'pn_any', baseUrl: `http://127.0.0.1:${server.address().port}` };
        const credentials = { id: n8n.idOf('good'), name: 'good', type: 'wtsApi', data };
        const { data: result } = await n8n.request('POST', '/rest/credentials/test', { credentials });
        assert.equal(result.status, 'Error');
        assert.match(result.message, message);
      } finally {
        server.close();
      }
    });
  }
});

describe('an execution that its user stops', () => {
  it('sends nothing more, and lets what was sent come to its end', async () => {
    await Promise.all(ids.map(({ id }) => standIn.script(id, { pass: true, delay_ms: 3000 })));
    await standIn.script('after-it', { pass: true, delay_ms: 1000 });
    const execution = await n8n.run('stopped');
    await Promise.all(ids.slice(0, UNDER_WAY).map(({ id }) => standIn.requests(id, 1)));
    await n8n.request('POST', `/rest/executions/${execution}/stop`);
    // It waits for room, as the others do, and ends when they would have been sent.
    assert.equal((await n8n.execute('after-it')).status, 'success');
    const sent = (await standIn.allRequests()).filter(({ method }) => method === 'PUT');
    assert.equal(sent.length, UNDER_WAY + 1);
    assert.equal((await n8n.finished(execution)).status, 'canceled');
    const connections = sent.map(({ connection }) => connection);
    assert.ok(connections.slice(0, UNDER_WAY).includes(connections[UNDER_WAY]), 'it has a connection of its own');
  });
});
