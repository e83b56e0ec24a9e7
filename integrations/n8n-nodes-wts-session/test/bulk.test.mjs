// Many jobs at once: what is sent, and what is not when it is stopped.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'wts-session';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { settle } from '../dist/nodes/WtsSession/bulk.js';

const REFUSED = { status: 500, body_file: 'error-refused-as-500.json' };
const OFF = { reactivateOnNewMessage: false, stopBotInExecution: false };

let standIn;
before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown'] });
});
after(() => standIn.stop());

/** A client of a token of its own, which shares no budget with another one. */
function client(name, settings) {
  const { apiKey, baseUrl } = standIn.connection;
  return new Client({ apiKey: `${apiKey}_${name}`, baseUrl, ...settings });
}

function jobs(count, name, switchesOf = () => OFF) {
  const job = (_, itemIndex) => ({ itemIndex, sessionId: `${name}-${itemIndex}`, switches: switchesOf(itemIndex) });
  return Array.from({ length: count }, job).map((made) => ({ ...made, status: 'PENDING' }));
}

async function sentOf(name) {
  const requests = await standIn.allRequests();
  return requests.filter(({ session_id: sessionId }) => sessionId.startsWith(`${name}-`));
}

const goesOn = { stopsOnFailure: false, signal: undefined };
const stops = { stopsOnFailure: true, signal: undefined };
const FEW = { rateLimits: [{ requests: 5, periodMs: 60_000 }] };

describe('many jobs', () => {
  it('have an outcome each, whatever their switches are', async () => {
    const switchesOf = (index) => ({ reactivateOnNewMessage: index % 2 === 1, stopBotInExecution: index % 3 === 1 });
    const all = jobs(300, 'switches', switchesOf);
    const outcomes = await settle(client('switches', { rateLimits: null }), 'concludeSession', all, goesOn);
    for (const job of all) {
      assert.equal(outcomes.get(job).result.sessionId, job.sessionId);
    }
    for (const { session_id: sessionId, body } of await sentOf('switches')) {
      const expected = switchesOf(Number(sessionId.split('-')[1]));
      const defaults = { reactivateOnNewMessage: false, stopBotInExecution: false };
      assert.deepEqual({ ...defaults, ...body }, expected, sessionId);
    }
  });

  it('go on after a failure, where they are to', async () => {
    await standIn.script('goes-on-1', REFUSED);
    const all = jobs(200, 'goes-on');
    const outcomes = await settle(client('goes-on', { rateLimits: null }), 'updateStatusSession', all, goesOn);
    const failed = all.filter((job) => !outcomes.get(job).ok).map(({ itemIndex }) => itemIndex);
    assert.deepEqual([outcomes.size, failed], [200, [1]]);
  });

  it('that wait for the account’s limits are not sent after a failure', { timeout: 30_000 }, async () => {
    // The first of both bulk calls, when the others are waiting.
    const refusal = { ...REFUSED, delay_ms: 500 };
    await Promise.all(['limited-0', 'limited-1'].map((id) => standIn.script(id, refusal)));
    const all = jobs(20, 'limited', (index) => ({ ...OFF, stopBotInExecution: index % 2 === 1 }));
    const outcomes = await settle(client('limited', FEW), 'updateStatusSession', all, stops);
    const sent = (await sentOf('limited')).length;
    assert.ok(sent <= 5, `${sent} requests`);
    const count = (code) => all.filter((job) => outcomes.get(job)?.error?.code === code).length;
    assert.ok(count('refused') >= 1);
    assert.equal(count('cancelled'), 20 - sent);
  });

  it('that wait are not sent after an abort', { timeout: 30_000 }, async () => {
    const abort = new AbortController();
    const settled = settle(client('aborted', FEW), 'concludeSession', jobs(200, 'aborted'), {
      stopsOnFailure: false,
      signal: abort.signal,
    });
    await standIn.requests('aborted-4', 1);
    abort.abort();
    const codes = new Set([...(await settled).values()].map(({ ok, error }) => ok || error.code));
    assert.deepEqual(codes, new Set([true, 'cancelled']));
    assert.equal((await sentOf('aborted')).length, 5);
  });

  it('are not begun where it was aborted before', async () => {
    const signal = AbortSignal.abort();
    await settle(client('before'), 'concludeSession', jobs(3, 'before'), { stopsOnFailure: true, signal });
    assert.deepEqual(await sentOf('before'), []);
  });
});
