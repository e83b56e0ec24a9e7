// A program that is tested.
import { Client, WtsError } from 'wts-session';

/** Completes a session, and gives the status that it has then. */
export async function close(sessionId) {
  const client = new Client(); // takes WTS_API_KEY and WTS_BASE_URL
  try {
    return (await client.completeSession(sessionId)).status;
  } catch (error) {
    if (error instanceof WtsError && error.code === 'not_found') return 'GONE';
    throw error;
  } finally {
    client.close();
  }
}
