// Has 40 calls in flight, single ones and items of a bulk call, until it is terminated.
import { parentPort } from 'node:worker_threads';
import { Client } from 'wts-session';

const client = new Client({ apiKey: `${process.env.WTS_API_KEY}_worker`, rateLimits: null });
const ids = Array(20).fill(process.env.STALLS_IN_WORKER);
client.completeSessions(ids);
for (const id of ids) {
  client.completeSession(id);
}
parentPort.postMessage('begun');
