import { Client, type ClientOptions } from 'wts-session';
import { Account } from './account';

/** What the credential `wtsApi` holds. One that was saved by an older version has the first two only. */
export interface Connection {
  apiKey: string;
  baseUrl: string;
  authScheme?: 'bearer' | 'raw';
  sharedLimits?: 'automatic' | 'off' | 'url';
  sharedLimitsSecretUrl?: string;
}

/** The options of the node that are settings of a client. */
export type Settings = Pick<ClientOptions, 'timeoutMs' | 'reserve'>;

/** The most requests of a client that are in flight at once. */
export const AT_ONCE = 64;

/** The most clients that are kept: an expression in a credential may make any number of them. */
const MAX_ACCOUNTS = 100;

/** The accounts of this process, the one used last at the end. */
const accounts = new Map<string, Account>();

/** The account of a credential: all executions of a process share its connections and its limits. */
export function accountOf(connection: Connection, settings: Settings = {}): Account {
  const options = clientOptions(connection, settings);
  const id = JSON.stringify(options);
  const account = accounts.get(id) ?? new Account((logger) => new Client({ ...options, logger }));
  accounts.delete(id);
  accounts.set(id, account);
  if (accounts.size > MAX_ACCOUNTS) {
    for (const eldest of accounts.keys()) {
      accounts.delete(eldest);
      break;
    }
  }
  return account;
}

function clientOptions(connection: Connection, settings: Settings): ClientOptions {
  const { apiKey, baseUrl, authScheme = 'bearer' } = connection;
  return {
    apiKey,
    baseUrl,
    authScheme,
    sharedLimits: sharedLimitsOf(connection),
    maxConcurrency: AT_ONCE,
    ...settings,
  };
}

/** Host and port of the API. */
export function hostOf({ baseUrl }: Connection): string | undefined {
  if (!URL.canParse(baseUrl)) {
    return undefined;
  }
  const { hostname, port, protocol } = new URL(baseUrl);
  return `${hostname}:${port || (protocol === 'http:' ? 80 : 443)}`;
}

/** The schemes of Redis and Valkey. The library's others are files of the machine, which are not for users of n8n. */
const SHARED_LIMITS_URL = /^\s*(redis|valkey)s?[:+]/i;

function sharedLimitsOf({ sharedLimits, sharedLimitsSecretUrl = '' }: Connection): string {
  if (sharedLimits !== 'url') {
    return sharedLimits === 'off' ? 'off' : 'n8n';
  }
  if (!SHARED_LIMITS_URL.test(sharedLimitsSecretUrl)) {
    throw new Error('Shared Limits URL must begin with redis://, rediss://, valkey:// or valkeys://');
  }
  return sharedLimitsSecretUrl;
}
