// Compiled by package.test.mjs, as a program that has installed the package.
import {
  Client,
  type ClientOptions,
  type CompletedSession,
  completeSession,
  type Logger,
  type Session,
  SessionStatus,
  updateSessionStatus,
  WtsError,
  type WtsErrorCode,
} from 'wts-session';

const options: ClientOptions = {
  apiKey: 'pn_1',
  baseUrl: 'https://api.wts.chat',
  timeoutMs: 15_000,
  totalTimeoutMs: null,
  maxRetries: 3,
  maxConcurrency: 64,
  rateLimits: [{ requests: 200, periodMs: 5000 }] as const,
  authScheme: 'raw',
  allowInsecureHttp: false,
  logger: console,
};
const client = new Client(options);
new Client();
new Client({ apiKey: process.env.WTS_API_KEY, rateLimits: null });

const logger: Logger = { debug: (line) => void line.length, warn: (line) => void line.length };
new Client({ logger });

const inProgress: 'IN_PROGRESS' = SessionStatus.InProgress;
const status: SessionStatus = 'HIDDEN';
const { signal } = new AbortController();

export async function calls(): Promise<void> {
  const session: Session = await client.updateSessionStatus('s', inProgress, { stopBotInExecution: true, signal });
  await client.updateSessionStatus('s', status);
  await client.updateSessionStatus('s', 'In Progress');
  const completed: CompletedSession = await client.completeSession('s', { reactivateOnNewMessage: true, signal });
  await updateSessionStatus('s', 'PENDING', { apiKey: 'k', baseUrl: 'https://x', stopBotInExecution: true, signal });
  await completeSession('s', { apiKey: 'k', baseUrl: 'https://x', reactivateOnNewMessage: true, signal });

  const id: string = session.id;
  const success: boolean = completed.success;
  const lastMessageIn: string | null | undefined = completed.lastMessageIn;
  const unknownField: unknown = session.tags;
  // @ts-expect-error a field that is not known has to be looked at first
  const text: string = session.tags;
  void [id, success, lastMessageIn, unknownField, text];
  client.close();
}

export function codeOf(error: unknown): WtsErrorCode | undefined {
  if (!(error instanceof WtsError)) {
    return undefined;
  }
  const attempts: number = error.attempts;
  const retryAfter: number | undefined = error.retryAfter;
  const body: string | undefined = error.body;
  const cause: unknown = error.cause;
  void [attempts, retryAfter, body, cause, error.toJSON(), error.stack];
  // @ts-expect-error no such code
  void (error.code === 'no_such_code');
  // @ts-expect-error read only
  error.code = 'closed';
  return error.code;
}

// @ts-expect-error an id is a string
client.completeSession(12);
// @ts-expect-error a status is needed
client.updateSessionStatus('s');
// @ts-expect-error no such option
client.completeSession('s', { stopBot: true });
// @ts-expect-error only when a session is completed
client.updateSessionStatus('s', 'PENDING', { reactivateOnNewMessage: true });
// @ts-expect-error no such scheme
new Client({ authScheme: 'basic' });
new Client({ reserve: 0, sharedLimits: 'machine', sharedLimitsAccount: 'a', sharedLimitsFallback: 0.25 });
new Client({ sharedLimitsFallback: 'wait' });
// @ts-expect-error no such fallback
new Client({ sharedLimitsFallback: 'go' });
const made: WtsError = new WtsError('x', {
  code: 'not_found',
  httpStatus: 404,
  retryable: false,
  cause: new Error('y'),
});
const name: 'WtsError' | 'BulkError' = new WtsError('x').name;
void [made, name];
// @ts-expect-error a message is needed
new WtsError();
// @ts-expect-error no such code
new WtsError('x', { code: 'no_such_code' });
// @ts-expect-error no such detail
new WtsError('x', { status: 404 });
// @ts-expect-error not without a client of one's own
completeSession('s', { maxRetries: 1 });
// @ts-expect-error some other object
const other: Client = { updateSessionStatus, completeSession, close() {} };
void other;
