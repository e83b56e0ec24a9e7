// An n8n that allows requests to some addresses only: n8n 2 can, and the node keeps to it; n8n 1 has no such thing.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Home } from './support/home.mjs';
import { N8n } from './support/n8n.mjs';
import { major } from './support/versions.mjs';
import { credential, workflow, wtsChat } from './support/workflow.mjs';

const SETTINGS = { N8N_SSRF_PROTECTION_ENABLED: 'true', N8N_SSRF_ALLOWED_HOSTNAMES: 'localhost' };
const protects = major >= 2;
const BLOCKED = /blocked|not allowed/i;

let standIn;
let home;
let n8n;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown'] });
  home = await Home.make();
  n8n = await N8n.start(home, SETTINGS);
  const { token: apiKey, api } = standIn.addresses;
  const named = api.replace('127.0.0.1', 'localhost');
  const redis = { sharedLimits: 'url', sharedLimitsSecretUrl: 'redis://127.0.0.1:9' };
  const credentials = {
    allowed: { apiKey, baseUrl: named },
    blocked: { apiKey, baseUrl: api },
    ledger: { apiKey, baseUrl: named, ...redis },
  };
  const goesOn = { onError: 'continueRegularOutput' };
  const complete = (name) => wtsChat('Complete', { operation: 'concludeSession' }, goesOn, name);
  await n8n.import(
    Object.entries(credentials).map(([name, data]) => credential(name, data)),
    Object.keys(credentials).map((name) => workflow(name, [{ id: name }], [complete(name)])),
  );
});

after(async () => {
  await n8n?.stop();
  await home?.remove();
  await standIn.stop();
});

async function outcomeOf(name) {
  const execution = await n8n.execute(name);
  assert.equal(execution.status, 'success', execution.printed);
  return execution.json('Complete')[0];
}

it('an address that n8n allows is used', async () => {
  assert.equal((await outcomeOf('allowed')).sessionId, 'allowed');
});

it('no request leaves for an address that n8n blocks', async () => {
  const { error, sessionId } = await outcomeOf('blocked');
  const requests = await standIn.requests('blocked');
  assert.deepEqual([requests.length, sessionId], protects ? [0, undefined] : [1, 'blocked']);
  assert.match(error?.message ?? '', protects ? BLOCKED : /^$/);
});

if (protects) {
  it('no ledger is used at an address that n8n blocks', async () => {
    const { error } = await outcomeOf('ledger');
    assert.match(error.message, BLOCKED);
    assert.deepEqual(await standIn.requests('ledger'), []);
  });
}
