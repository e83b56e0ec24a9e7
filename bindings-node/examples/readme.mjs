// What README.md shows. Takes a session id; reads WTS_API_KEY and WTS_BASE_URL.
// [readme]
import { Client, SessionStatus, WtsError } from 'wts-session';

const id = process.argv[2] ?? 'session_12345';
try {
  const client = new Client(); // the API key is in WTS_API_KEY
  await client.updateSessionStatus(id, SessionStatus.InProgress);
  const session = await client.completeSession(id, { reactivateOnNewMessage: true });
  console.log(session.status, session.lastMessageIn);
} catch (error) {
  if (!(error instanceof WtsError)) throw error;
  console.error(error.code, error.message); // such as: not_found Conversa não encontrada ...
}
// [/readme]
