// Completes the sessions of a file, one id a line, as fast as the account's limits allow. Ctrl-C ends it early.
// Reads WTS_API_KEY and WTS_BASE_URL. The ids that failed go to the standard output, for the next run.
import { readFile } from 'node:fs/promises';
import { SingleBar } from 'cli-progress';
import { BulkError, Client } from 'wts-session';

const [file] = process.argv.slice(2);
const ids = (await readFile(file, 'utf8')).split(/\s+/).filter((id) => id !== '');

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

const bar = new SingleBar({ format: '{bar} {value} of {total}, {eta_formatted} left', noTTYOutput: true });
bar.start(ids.length, 0);
const outcomes = await complete(ids);
bar.stop();

const failed = outcomes.filter(({ ok }) => !ok);
for (const { sessionId, error } of failed) {
  console.log(sessionId);
  console.error(`${sessionId}: ${error.message}`);
}
console.error(`${outcomes.length - failed.length} of ${ids.length} sessions are completed`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function complete(ids) {
  const { signal } = interrupted;
  try {
    return await new Client().completeSessions(ids, { signal, onProgress: (done) => bar.update(done) });
  } catch (error) {
    if (!(error instanceof BulkError)) throw error;
    return error.outcomes; // of all sessions, also of those that were not sent
  }
}
