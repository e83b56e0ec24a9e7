import { Client } from 'wts-session';

/** What the credential `wtsApi` holds. */
export interface Connection {
  apiKey: string;
  baseUrl: string;
}

/** So many requests of a client are under way at once at most. */
export const AT_ONCE = 64;

/** So many credentials' clients are kept at most: an expression in a credential may make any number of them. */
const MOST = 100;

/** The clients of this process, the one used last at the end. */
const clients = new Map<string, Client>();

/** The client of a credential: all executions of a process share its connections and its account's limits. */
export function clientOf({ apiKey, baseUrl }: Connection): Client {
  const id = JSON.stringify([apiKey, baseUrl]);
  // In queue mode all workers share one budget, in n8n's own Redis.
  const client = clients.get(id) ?? new Client({ apiKey, baseUrl, maxConcurrency: AT_ONCE, sharedLimits: 'n8n' });
  clients.delete(id);
  clients.set(id, client);
  if (clients.size > MOST) {
    for (const eldest of clients.keys()) {
      clients.delete(eldest);
      break;
    }
  }
  return client;
}
