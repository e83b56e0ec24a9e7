// A thread of behaviour.mjs: makes a call, and tells of it.
import { parentPort } from 'node:worker_threads';
import { completeSession } from 'wts-session';

const { success } = await completeSession('session_12345');
parentPort.postMessage(success);
