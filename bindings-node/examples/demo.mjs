// Shows calls, their results, and errors. Takes a session id; reads WTS_API_KEY and WTS_BASE_URL.
import { Client, SessionStatus } from 'wts-session';

const client = new Client();
const id = process.argv[2] ?? 'session_12345';

await show(`updateSessionStatus('${id}', SessionStatus.InProgress, { stopBotInExecution: true })`, () =>
  client.updateSessionStatus(id, SessionStatus.InProgress, { stopBotInExecution: true }),
);
await show(`completeSession('${id}', { reactivateOnNewMessage: true })`, () =>
  client.completeSession(id, { reactivateOnNewMessage: true }),
);
await show(`completeSession('no-such-session')`, () => client.completeSession('no-such-session'));
await show(`completeSession('')`, () => client.completeSession(''));

async function show(call, begin) {
  console.log(`node > client.${call}`);
  try {
    const { id: session, sessionId = session, status, success = '-', lastMessageIn } = await begin();
    console.log(
      `     < session ${sessionId}, status ${status}, success ${success}, last message in ${lastMessageIn}\n`,
    );
  } catch (error) {
    console.log(`     < ${error.name} ${error.code}: ${error.message}`);
    console.log(`       attempts ${error.attempts}, retryable ${error.retryable}\n`);
  }
}
