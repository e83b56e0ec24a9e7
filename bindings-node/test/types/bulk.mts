// Compiled by package.test.mjs, as a program that has installed the package.
import {
  type AbortSignalLike,
  type BulkCompleteOptions,
  BulkError,
  type BulkItems,
  type BulkUpdateOptions,
  Client,
  type CompletedSession,
  type FailedOutcome,
  type Outcome,
  type Session,
  SessionStatus,
  type SessionUpdate,
  WtsError,
} from 'wts-session';

const client = new Client();
const { signal } = new AbortController();
const onProgress = (done: number, total: number | undefined): void => void [done, total];
const update: BulkUpdateOptions = { stopBotInExecution: true, onProgress, signal };
const complete: BulkCompleteOptions = { reactivateOnNewMessage: true, ...update };
const updates: SessionUpdate[] = [{ sessionId: 's', status: SessionStatus.Pending }];

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 's';
  }
}

export async function bulk(): Promise<void> {
  const updated: Outcome<Session>[] = await client.updateSessionStatuses(updates, update);
  await client.updateSessionStatuses(new Set([{ sessionId: 's', status: 'In Progress' }]));
  await client.updateSessionStatuses(updates as readonly SessionUpdate[]);
  const completed: Outcome<CompletedSession>[] = await client.completeSessions(['s'] as const, complete);
  const inputs: BulkItems<string>[] = [new Set(['s']), ['s'].values(), endless()];
  await client.completeSessions(endless(), { onProgress: (done) => void done });
  const either: Outcome[] = [...updated, ...completed];
  for (const { index, sessionId } of either) {
    const place: number = index;
    const id: string = sessionId;
    void [place, id];
  }
  for await (const outcome of client.iterUpdateSessionStatuses(updates, { stopBotInExecution: true, signal })) {
    const status: string = outcome.ok ? outcome.result.status : outcome.error.code;
    void status;
    break;
  }
  for await (const { ok, result, error } of client.iterCompleteSessions(endless(), { signal })) {
    const success: boolean = ok ? result.success : error.retryable;
    void success;
  }
  void inputs;
}

export async function totals(): Promise<void> {
  const known = { onProgress: (done: number, total: number): void => void [done / total] };
  await client.completeSessions(['s'], known);
  await client.completeSessions(new Set(['s']), known);
  await client.updateSessionStatuses(updates, { onProgress: (done, total) => void (done / total) });
  // @ts-expect-error a generator has no length
  await client.completeSessions(endless(), known);
  await client.completeSessions(['s'], { onProgress: async (done) => void done });
}

export async function outcomesOf(calls: Promise<Outcome<CompletedSession>[]>): Promise<Outcome<CompletedSession>[]> {
  try {
    return await calls;
  } catch (error) {
    if (!(error instanceof BulkError)) {
      throw error;
    }
    const code: string = error.code;
    const cause: unknown = error.cause;
    const isOne: boolean = error instanceof WtsError;
    void [code, cause, isOne];
    return error.outcomes;
  }
}

export function failedOf(outcomes: Outcome<Session>[]): FailedOutcome[] {
  const succeeded: Session[] = outcomes.filter((outcome) => outcome.ok).map(({ result }) => result);
  void succeeded;
  return outcomes.filter((outcome) => !outcome.ok);
}

const byHand: Outcome<Session>[] = [
  { index: 0, sessionId: 's', ok: true, result: { id: 's', status: 'PENDING' } },
  { index: 1, sessionId: 't', ok: false, error: new WtsError('x', { code: 'not_found' }) },
];
void new BulkError('x', { outcomes: byHand, cause: 'enough' }).outcomes.length;

const withoutReason: AbortSignalLike = {
  aborted: false,
  addEventListener: (_type, listener) => listener(),
  removeEventListener: () => {},
};
client.completeSession('s', { signal: withoutReason });

export function failureOf(outcome: Outcome): WtsError | undefined {
  // @ts-expect-error it may have failed
  void outcome.result.id;
  return outcome.error;
}

// @ts-expect-error one id is no list of ids
client.completeSessions('s');
// @ts-expect-error ids are strings
client.completeSessions([12]);
// @ts-expect-error as for one session
client.updateSessionStatuses([['s', 'PENDING']]);
// @ts-expect-error a status is needed
client.updateSessionStatuses([{ sessionId: 's' }]);
// @ts-expect-error who iterates sees the progress
client.iterCompleteSessions(['s'], { onProgress });
// @ts-expect-error only when sessions are completed
client.updateSessionStatuses(updates, { reactivateOnNewMessage: true });
