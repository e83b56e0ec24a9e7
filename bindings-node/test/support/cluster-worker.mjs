// One of a cluster's workers: makes a call, tells the primary, and ends.
import cluster from 'node:cluster';
import { completeSession } from 'wts-session';

const { success } = await completeSession('session_12345');
process.send(success, () => cluster.worker.disconnect());
