// 500 items in one execution, under the limits of a real account.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, it } from 'node:test';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { freePort, N8n } from './support/n8n.mjs';
import { credential, workflow, wtsChat } from './support/workflow.mjs';

const REAL_LIMITS = ['--limit', '200/5', '--limit', '1000/300'];
/** The older node makes a pause of 3 s after each of the first 50 items. */
const OLDER_PAUSES_MS = 150_000;
/** What it takes for 500 items. */
const OLDER_NODE_MS = 153_700;
/** 200 requests in 5 s let the last 100 of 500 go after 10 s. */
const LEAST_MS = 10_000;

const ids = (count, name) => Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}` }));
const complete = () => wtsChat('Complete', { operation: 'concludeSession' });

let standIn;
let n8n;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown', ...REAL_LIMITS] });
  const { token: apiKey, api: baseUrl } = standIn.addresses;
  n8n = await N8n.install();
  await n8n.import(
    [credential('good', { apiKey, baseUrl })],
    [
      workflow('burst', ids(200, 'burst'), [complete()]),
      workflow('many', ids(500, 'many'), [complete()]),
      workflow('one', ids(300, 'one'), [complete()]),
      workflow('other', ids(300, 'other'), [complete()]),
    ],
  );
});

after(async () => {
  await n8n?.remove();
  await standIn.stop();
});

/** How long the node takes for so many items, and to send them, each of which has to be sent once, with no limit hit. */
async function timeOf(id, count) {
  await fetch(`${standIn.addresses.api}/_stand-in/windows`, { method: 'DELETE' });
  const execution = await n8n.execute(id);
  assert.equal(execution.error, undefined, execution.output);
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

it('200 items, which the limits allow at once, go at least 20 times as fast as in the older node', async () => {
  const { ms } = await timeOf('burst', 200);
  assert.ok(ms <= OLDER_PAUSES_MS / 20, `${ms} ms`);
});

it('500 items take hardly longer than the least time that the limits allow', async (test) => {
  const { ms, sendingMs } = await timeOf('many', 500);
  test.diagnostic(`500 items: ${ms} ms, ${(OLDER_NODE_MS / ms).toFixed(1)} times as fast as in the older node`);
  assert.ok(sendingMs >= LEAST_MS && sendingMs <= LEAST_MS * 1.25, `${sendingMs} ms`);
  assert.ok(ms <= OLDER_NODE_MS / 10, `${ms} ms`);
});

it('two processes of n8n in queue mode share one budget, in the Redis of the queue', async () => {
  const port = await freePort();
  const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], {
    stdio: 'ignore',
  });
  await fetch(`${standIn.addresses.api}/_stand-in/windows`, { method: 'DELETE' });
  const queue = { EXECUTIONS_MODE: 'queue', QUEUE_BULL_REDIS_HOST: '127.0.0.1', QUEUE_BULL_REDIS_PORT: String(port) };
  const executions = await Promise.all(['one', 'other'].map((id) => n8n.execute(id, queue)));
  for (const execution of executions) {
    assert.equal(execution.error, undefined, execution.output);
    assert.equal(execution.json('Complete').length, 300);
  }
  for (const { requests, peak, refused } of await standIn.windows()) {
    assert.ok(peak <= requests && refused === 0, `${peak} of ${requests}, ${refused} refused`);
  }
  redis.kill();
  await once(redis, 'exit');
});
