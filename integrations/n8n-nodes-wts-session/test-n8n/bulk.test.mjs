// 500 items in one execution, under the limits of a real account.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Home } from './support/home.mjs';
import { N8n } from './support/n8n.mjs';
import { versions } from './support/versions.mjs';
import { credential, workflow, wtsChat } from './support/workflow.mjs';

const REAL_LIMITS = ['--limit', '200/5', '--limit', '1000/300'];
/** The older node makes a pause of 3 s after each of the first 50 items. */
const OLDER_PAUSES_MS = 150_000;
/** What it takes for 500 items. */
const OLDER_NODE_MS = 153_700;
/** 200 requests in 5 s let the last 100 of 500 go after 10 s. */
const LEAST_MS = 10_000;

const ids = (count, name) => Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}` }));
/** A workflow with a credential of its own, whose key shares no budget of the node with others. */
const completing = (name, count) =>
  workflow(name, ids(count, name), [wtsChat('Complete', { operation: 'concludeSession' }, {}, name)]);

/** Of so many items one in 20 can be sent, which takes 10 s; the others are wrong, each in one of these ways. */
const MANY_BAD = 10_000;
const BAD = [
  { id: '', code: 'empty_session_id' },
  { id: ' \t', code: 'empty_session_id' },
  { id: '..', code: 'invalid_session_id' },
  { code: 'empty_session_id' },
  { id: { is: 'an object' }, code: undefined },
];
const badOrNot = Array.from({ length: MANY_BAD }, (_, index) =>
  index % 20 === 7 ? { id: `good-${index}` } : BAD[index % BAD.length],
);

let standIn;
let home;
let n8n;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown', ...REAL_LIMITS] });
  const { token: apiKey, api: baseUrl } = standIn.addresses;
  home = await Home.make();
  n8n = await N8n.start(home);
  await n8n.import(
    ['burst', 'many', 'bad'].map((name) => credential(name, { apiKey: `${apiKey}_${name}`, baseUrl })),
    [
      completing('burst', 200),
      completing('many', 500),
      workflow('bad', badOrNot, [
        wtsChat('Complete', { operation: 'concludeSession' }, { onError: 'continueRegularOutput' }, 'bad'),
      ]),
    ],
  );
});

after(async () => {
  await n8n?.stop();
  await home?.remove();
  await standIn.stop();
});

/** How long the node takes for so many items, and to send them, each of which has to be sent once, with no limit hit. */
async function timeOf(id, count) {
  await fetch(`${standIn.addresses.api}/_stand-in/windows`, { method: 'DELETE' });
  const execution = await n8n.execute(id);
  assert.equal(execution.status, 'success', execution.printed);
  const expected = ids(count, id).map((item) => item.id);
  assert.deepEqual(
    execution.json('Complete').map(({ sessionId }) => sessionId),
    expected,
  );
  assert.deepEqual(
    execution.items('Complete').map(({ pairedItem }) => pairedItem.item),
    [...expected.keys()],
  );
  const sent = (await standIn.allRequests()).filter(({ session_id: sessionId }) => sessionId.startsWith(`${id}-`));
  assert.deepEqual(sent.map(({ session_id: sessionId }) => sessionId).sort(), expected.sort());
  for (const { requests, peak, refused } of (await standIn.windows()).slice(1)) {
    assert.ok(peak <= requests && refused === 0, `${peak} of ${requests}, ${refused} refused`);
  }
  return { ms: execution.time('Complete'), sendingMs: sent.at(-1).at_ms - sent[0].at_ms };
}

/** Never mind how slow the machine is: the older node's pauses alone take longer. */
function assertFaster(test, { ms, count, leastMs, olderMs }) {
  const times = (olderMs / ms).toFixed(1);
  test.diagnostic(
    `${count} items in n8n ${versions.n8n}: ${ms} ms (least: ${leastMs} ms), ${times} times as fast as in the older node`,
  );
  assert.ok(ms <= olderMs / 2, `${ms} ms`);
}

it('200 items, which the limits allow at once, go much faster than in the older node', async (test) => {
  const { ms } = await timeOf('burst', 200);
  assertFaster(test, { ms, count: 200, leastMs: 0, olderMs: OLDER_PAUSES_MS });
});

it('500 items take the time that the limits demand, and little more', async (test) => {
  const { ms, sendingMs } = await timeOf('many', 500);
  assertFaster(test, { ms, count: 500, leastMs: LEAST_MS, olderMs: OLDER_NODE_MS });
  assert.ok(sendingMs >= LEAST_MS, `${sendingMs} ms`);
});

it('10,000 items, most of them wrong, have a session or an error each, in their order', async (test) => {
  await fetch(`${standIn.addresses.api}/_stand-in/windows`, { method: 'DELETE' });
  const execution = await n8n.execute('bad');
  assert.equal(execution.status, 'success', execution.printed.slice(-10_000));
  const items = execution.items('Complete');
  assert.deepEqual(
    items.map(({ pairedItem }) => pairedItem.item),
    [...badOrNot.keys()],
  );
  for (const [index, { json }] of items.entries()) {
    const { id, code } = badOrNot[index];
    if (json.error === undefined) {
      assert.equal(json.sessionId, id, `item ${index}`);
    } else {
      assert.equal(json.error.code, code, `item ${index}`);
      assert.ok(json.error.message.length > 0, `item ${index}`);
    }
  }
  const good = badOrNot.filter(({ id }) => String(id).startsWith('good-')).map(({ id }) => id);
  const sent = (await standIn.allRequests()).map(({ session_id: id }) => id).filter((id) => id.startsWith('good-'));
  assert.deepEqual(sent.sort(), good.sort());
  assert.equal(items.filter(({ json }) => json.error === undefined).length, good.length);
  test.diagnostic(
    `${MANY_BAD} items in n8n ${versions.n8n}, ${good.length} of them right: ${execution.time('Complete')} ms`,
  );
});
