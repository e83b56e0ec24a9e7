// What an item of a bulk call costs in CPU and memory, beside single calls: for `make bench-memory`, which runs one way at a
// time: `bulk-items.mjs WAY COUNT` prints the microseconds of CPU per item, and the largest size of the process in KB.

import { readFileSync } from 'node:fs';

const AT_ONCE = 64;

const [way, given] = process.argv.slice(2);
const count = Number(given);

/** As the API's ids are: UUIDs. */
function* ids() {
  for (let number = 0; number < count; number += 1) {
    yield `044abf6f-1851-40b6-84ac-${String(number).padStart(12, '0')}`;
  }
}

async function counted(outcomes) {
  let done = 0;
  for await (const { ok } of outcomes) {
    done += Number(ok);
  }
  return done;
}

async function singleCalls(client) {
  const numbers = ids();
  let done = 0;
  const lane = async () => {
    for (const sessionId of numbers) {
      await client.completeSession(sessionId);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return done;
}

const ways = {
  'the input alone': () => [...ids()].length,
  'single calls': singleCalls,
  'iterator in, one by one out': (client) => counted(client.iterCompleteSessions(ids())),
  'list in, one by one out': (client) => counted(client.iterCompleteSessions([...ids()])),
  'list in, list out': async (client) => (await client.completeSessions([...ids()])).filter(({ ok }) => ok).length,
};

function peakKb() {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

if (way === 'bare') {
  console.log(peakKb());
} else {
  const before = process.cpuUsage();
  const { Client } = await import('wts-session');
  const client = new Client({ rateLimits: null });
  const done = await ways[way](client);
  if (done !== count) {
    throw new Error(`${done} of ${count} succeeded`);
  }
  const { user, system } = process.cpuUsage(before);
  console.log(((user + system) / count).toFixed(2), peakKb());
}
