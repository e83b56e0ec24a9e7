// One of a cluster's workers: completes many sessions under limits that all workers share, tells how many, and ends.
import cluster from 'node:cluster';
import { Client } from 'wts-session';

const client = new Client({ rateLimits: [{ requests: 20, periodMs: 1500 }] });
const ids = Array.from({ length: 20 }, (_, number) => `cluster-${process.pid}-${number}`);
const outcomes = await client.completeSessions(ids);
process.send(outcomes.filter(({ ok }) => ok).length, () => cluster.worker.disconnect());
