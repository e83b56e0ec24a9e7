// Makes as many calls as its standard input says, one number a line, and prints a line each time they are done:
// `WTS_BASE_URL=... WTS_API_KEY=... node calls.mjs CLIENT`.
//
// What the calls cost is measured from outside, by scripts/bench: `make bench-node`. Each client imports what it needs by
// itself, so that its memory is its own.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';

const AT_ONCE = 64;
const SESSION = 'session_12345';
const PATH = `/chat/v1/session/${SESSION}/complete`;
const { WTS_BASE_URL: baseUrl, WTS_API_KEY: apiKey } = process.env;
const headers = { authorization: `Bearer ${apiKey}`, accept: 'application/json', 'content-type': 'application/json' };
// As many as the account has, but so high that they stop nobody.
const LIMITS = [
  { requests: 1_000_000, periodMs: 1000 },
  { requests: 1_000_000, periodMs: 5000 },
];
// Without retries, so that no error is hidden.
const UNLIMITED = { rateLimits: null, maxRetries: 0 };

async function ours(settings) {
  const { Client } = await import('wts-session');
  const client = new Client(settings);
  return () => client.completeSession(SESSION);
}

async function ofUndici() {
  const { Pool } = await import('undici');
  const pool = new Pool(baseUrl, {
    connections: AT_ONCE,
    connect: { timeout: 5000 },
    headersTimeout: 15_000,
    bodyTimeout: 15_000,
    keepAliveTimeout: 60_000,
  });
  return async () => {
    const { statusCode, body } = await pool.request({ path: PATH, method: 'PUT', headers, body: '{}' });
    if (statusCode !== 200) {
      throw Object.assign(new Error(await body.text()), { statusCode });
    }
    return body.json();
  };
}

async function ofHttp() {
  const [http, { once }, { text }] = await Promise.all(
    ['http', 'events', 'stream/consumers'].map((name) => import(`node:${name}`)),
  );
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const options = { method: 'PUT', agent, timeout: 15_000, headers: { ...headers, 'content-length': 2 } };
  return async () => {
    const [response] = await once(http.request(baseUrl + PATH, options).end('{}'), 'response');
    assert.equal(response.statusCode, 200);
    return JSON.parse(await text(response));
  };
}

/** The same job: kept connections, time limits, the account's two limits, and retries of what a retry can help. */
async function byHand() {
  const [{ default: Bottleneck }, { default: retry }] = await Promise.all([import('bottleneck'), import('p-retry')]);
  const call = await ofUndici();
  const [first, second] = LIMITS.map(
    ({ requests, periodMs }) =>
      new Bottleneck({
        maxConcurrent: AT_ONCE,
        reservoir: requests,
        reservoirRefreshAmount: requests,
        reservoirRefreshInterval: periodMs,
      }),
  );
  const limited = first.chain(second).wrap(call);
  const shouldRetry = ({ error: { statusCode } }) =>
    statusCode === undefined || statusCode === 429 || statusCode >= 500;
  return () => retry(limited, { retries: 3, minTimeout: 500, randomize: true, shouldRetry });
}

/** Calls by so many workers, each of which makes one call after another. */
function calls(make, atOnce) {
  return async () => {
    const call = await make();
    const share = async (count) => {
      for (let done = 0; done < count; done += 1) {
        const { status } = await call();
        assert.equal(status, 'COMPLETED');
      }
    };
    return (count) => Promise.all(Array.from({ length: atOnce }, () => share(count / atOnce)));
  };
}

function checkOutcome({ ok, result, error }) {
  assert.ok(ok, error);
  assert.equal(result.status, 'COMPLETED');
}

async function bulk() {
  const { Client } = await import('wts-session');
  const client = new Client(UNLIMITED);
  return async (count) => {
    const outcomes = await client.completeSessions(Array(count).fill(SESSION));
    outcomes.forEach(checkOutcome);
  };
}

async function iteratedBulk() {
  const { Client } = await import('wts-session');
  const client = new Client(UNLIMITED);
  return async (count) => {
    for await (const outcome of client.iterCompleteSessions(Array(count).fill(SESSION))) {
      checkOutcome(outcome);
    }
  };
}

const CLIENTS = {
  undici: calls(ofUndici, 1),
  http: calls(ofHttp, 1),
  single: calls(() => ours(UNLIMITED), 1),
  'undici-at-once': calls(ofUndici, AT_ONCE),
  'http-at-once': calls(ofHttp, AT_ONCE),
  'single-at-once': calls(() => ours(UNLIMITED), AT_ONCE),
  bulk,
  'bulk-iterated': iteratedBulk,
  'by-hand': calls(byHand, 1),
  limited: calls(() => ours({ rateLimits: LIMITS }), 1),
  'by-hand-at-once': calls(byHand, AT_ONCE),
  'limited-at-once': calls(() => ours({ rateLimits: LIMITS }), AT_ONCE),
};

const work = await CLIENTS[process.argv[2]]();
for await (const line of createInterface({ input: process.stdin })) {
  await work(Number(line));
  console.log('done');
}
// Kept connections, and Bottleneck's timers, would keep it.
process.exit();
