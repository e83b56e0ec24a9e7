// CPU per call beside undici and node:http, all against the stand-in: `make bench-node`. Takes the package's main file.
//
// Rounds are interleaved, and only the ratios within a run mean anything.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { Pool } from 'undici';
import { StandIn } from '../test/support/stand-in.mjs';

const ROUNDS = 8;
const CALLS = 4000;
const AT_ONCE = 64;
const PATH = '/chat/v1/session/session_12345/complete';

const { Client } = await import(pathToFileURL(resolve(process.argv[2])));
const standIn = await StandIn.start({ limit: 'off', extra: ['--keep', '1'] });
const { apiKey, baseUrl } = standIn.connection;
const headers = { authorization: `Bearer ${apiKey}`, accept: 'application/json', 'content-type': 'application/json' };

const client = new Client({ apiKey, baseUrl, rateLimits: null });
const pool = new Pool(baseUrl, { connections: AT_ONCE, pipelining: 1 });
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });

const callers = {
  undici: callByUndici,
  'node:http': callByHttp,
  'wts-session': () => client.completeSession('session_12345'),
};
const rows = {
  'one after another': (call) => worker(call, CALLS),
  [`${AT_ONCE} at once`]: (call) =>
    Promise.all(Array.from({ length: AT_ONCE }, () => worker(call, Math.ceil(CALLS / AT_ONCE)))),
};

async function callByUndici() {
  const { statusCode, body } = await pool.request({ path: PATH, method: 'PUT', headers, body: '{}' });
  assert.equal(statusCode, 200);
  return body.json();
}

async function callByHttp() {
  const options = { method: 'PUT', agent, headers: { ...headers, 'content-length': 2 } };
  const [response] = await once(http.request(baseUrl + PATH, options).end('{}'), 'response');
  assert.equal(response.statusCode, 200);
  return JSON.parse(await text(response));
}

async function worker(call, count) {
  for (let done = 0; done < count; done += 1) {
    const { status } = await call();
    assert.equal(status, 'COMPLETED');
  }
}

/** Microseconds of CPU and of time per call. */
async function measured(work) {
  const [cpu, begun] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / CALLS, time: ((performance.now() - begun) * 1000) / CALLS };
}

function median(numbers) {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

for (const [row, run] of Object.entries(rows)) {
  const figures = Object.fromEntries(Object.keys(callers).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, call] of Object.entries(callers)) {
      const figure = await measured(() => run(call));
      // The first round warms up.
      if (round > 0) {
        figures[name].push(figure);
      }
    }
  }
  const base = median(figures.undici.map(({ cpu }) => cpu));
  for (const [name, all] of Object.entries(figures)) {
    const [cpu, time] = [median(all.map((figure) => figure.cpu)), median(all.map((figure) => figure.time))];
    const columns = [cpu.toFixed(1).padStart(7), time.toFixed(1).padStart(7), (cpu / base).toFixed(2).padStart(6)];
    console.log(
      `${`${name}, ${row}`.padEnd(34)} ${columns[0]} us of CPU a call, ${columns[1]} us, ${columns[2]} x undici`,
    );
  }
}
await pool.close();
agent.destroy();
await standIn.stop();
