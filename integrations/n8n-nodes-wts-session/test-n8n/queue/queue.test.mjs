// n8n 2 in queue mode: its workers share the limits of an account, in the Redis of the queue.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, it } from 'node:test';
import { StandIn } from '../../../../bindings-node/test/support/stand-in.mjs';
import { Home } from '../support/home.mjs';
import { Queue } from '../support/queue.mjs';
import { versions } from '../support/versions.mjs';
import { credential, node, workflow, wtsChat } from '../support/workflow.mjs';

const REAL_LIMITS = ['--limit', '200/5', '--limit', '1000/300'];
/** All of one test are no more than large runs may send in five minutes: 950, for they leave a reserve to others. */
const [MANY, FEW] = [470, 250];
const PATIENCE_MS = 180_000;
const LEAST_MS = { [MANY]: 20_000, [FEW]: 10_000 };

let standIn;
let barrier;
let home;
let queue;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown', ...REAL_LIMITS] });
  barrier = new Barrier();
  await barrier.start();
  const { token: apiKey, api: baseUrl } = standIn.addresses;
  home = await Home.make();
  queue = new Queue(home);
  await queue.start(3);
  await queue.main.import(
    ['shared', 'killed'].map((key) => credential(key, { apiKey: `${apiKey}_${key}`, baseUrl })),
    [
      together('first', MANY, 'shared'),
      together('second', MANY, 'shared'),
      webhook('single', 'shared'),
      together('survivor', FEW, 'killed'),
      together('victim', FEW, 'killed'),
    ],
  );
  await queue.main.publish('single');
});

after(async () => {
  await queue?.stop();
  await home?.remove();
  barrier?.stop();
  await standIn.stop();
});

beforeEach(async () => {
  const reset = (name) => fetch(`${standIn.addresses.api}/_stand-in/${name}`, { method: 'DELETE' });
  await Promise.all(['windows', 'requests'].map(reset));
});

/** Gives items, and to nobody before there are two that want some. */
class Barrier {
  #waiting = [];
  #server = createServer((request, response) => {
    const [, name, count] = request.url.split('/');
    this.#waiting.push({ response, items: ids(name, Number(count)) });
    if (this.#waiting.length === 2) {
      for (const waiting of this.#waiting.splice(0)) {
        waiting.response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(waiting.items));
      }
    }
  });

  async start() {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  stop() {
    this.#server.close();
  }
}

const complete = (key, sessionId = '={{ $json.id }}') =>
  wtsChat('Complete', { operation: 'concludeSession', sessionId }, {}, key);

const ids = (name, count) => Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}` }));

/** A workflow that completes sessions as soon as another one does too. */
function together(name, count, key) {
  const url = `${barrier.url}/${name}/${count}`;
  const wait = node('Wait', 'n8n-nodes-base.httpRequest', 4.2, { url, options: {} });
  return workflow(name, [{}], [wait, complete(key)]);
}

function webhook(name, key) {
  const trigger = { httpMethod: 'POST', path: name, responseMode: 'lastNode', options: {} };
  const nodes = [
    node('Webhook', 'n8n-nodes-base.webhook', 2, trigger, { webhookId: name }),
    complete(key, '={{ $json.body.id }}'),
  ];
  const connections = { Webhook: { main: [[{ node: 'Complete', type: 'main', index: 0 }]] } };
  return { id: name, name, settings: { executionOrder: 'v1' }, nodes, connections };
}

async function assertKept() {
  // The first is the default of the tests' stand-in.
  for (const { requests, peak, refused } of (await standIn.windows()).slice(1)) {
    assert.ok(peak <= requests && refused === 0, `${peak} of ${requests}, ${refused} refused`);
  }
}

/** Awaits so many requests, of all workflows. */
async function sent(atLeast) {
  const url = `${standIn.addresses.api}/_stand-in/requests?at_least=${atLeast}&wait_ms=${PATIENCE_MS}`;
  const requests = await (await fetch(url)).json();
  assert.ok(requests.length >= atLeast, `${requests.length} of ${atLeast} requests`);
  return requests;
}

const ofWorkflow = (name, requests) => requests.filter(({ session_id: id }) => id.startsWith(`${name}-`));

function assertAllDone(execution, name, count) {
  assert.equal(execution.status, 'success', execution.printed);
  const expected = ids(name, count).map(({ id }) => id);
  const done = execution.json('Complete').map(({ sessionId }) => sessionId);
  assert.deepEqual(done, expected);
}

it('two executions are served alike, and a single item beside them at once', async (test) => {
  const executions = await Promise.all(['first', 'second'].map((name) => queue.main.run(name)));
  const workers = await Promise.all(executions.map((execution) => queue.workerOf(execution)));
  assert.notEqual(workers[0], workers[1]);
  await sent(300);
  const began = performance.now();
  const answer = await fetch(`${queue.main.url}/webhook/single`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'single-1' }),
  });
  const singleMs = performance.now() - began;
  assert.equal((await answer.json()).sessionId, 'single-1');
  const [first, second] = await Promise.all(executions.map((execution) => queue.main.finished(execution)));
  assertAllDone(first, 'first', MANY);
  assertAllDone(second, 'second', MANY);

  const requests = await sent(2 * MANY + 1);
  assert.equal(requests.length, 2 * MANY + 1);
  await assertKept();
  const ms = requests.at(-1).at_ms - requests[0].at_ms;
  assert.ok(ms >= LEAST_MS[MANY], `${ms} ms`);
  const half = requests.slice(0, MANY);
  const [most, least] = ['first', 'second'].map((name) => ofWorkflow(name, half).length).sort((a, b) => b - a);
  const after = requests.length - 1 - requests.findIndex(({ session_id: id }) => id === 'single-1');
  test.diagnostic(
    `n8n ${versions.n8n} in queue mode, two executions of ${MANY} items: ${ms} ms (least: ${LEAST_MS[MANY]} ms), ` +
      `of the first ${MANY} requests ${most} and ${least} are theirs; a webhook's item took ${singleMs.toFixed(0)} ms`,
  );
  assert.ok(least >= MANY / 4, `${most} and ${least} of ${MANY}`);
  assert.ok(after > 0, 'the webhook’s item was the last one');
});

it('a killed worker’s part of the limits comes free, and no more is sent than they allow', async (test) => {
  const [survivor, victim] = await Promise.all(['survivor', 'victim'].map((name) => queue.main.run(name)));
  const worker = await queue.workerOf(victim);
  assert.notEqual(worker, await queue.workerOf(survivor));
  await sent(100);
  await worker.kill();
  queue.workers.splice(queue.workers.indexOf(worker), 1);
  const [done, lost] = await Promise.all([survivor, victim].map((execution) => queue.main.finished(execution)));
  assertAllDone(done, 'survivor', FEW);
  const requests = await sent(FEW);
  const before = ofWorkflow('victim', requests).length;
  test.diagnostic(
    `n8n ${versions.n8n}, of ${FEW} items of a killed worker ${before} were sent; it ended as ${lost.status}`,
  );
  assert.equal(ofWorkflow('survivor', requests).length, FEW);
  assert.ok(before < FEW);
  await assertKept();
});
