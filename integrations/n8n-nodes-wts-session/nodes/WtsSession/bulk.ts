import { BulkError, type Client, type Outcome } from 'wts-session';
import { AT_ONCE } from './connection';
import { InFlightGate, oneByOne, Stopped } from './inFlightGate';
import type { Job, Operation } from './jobs';

export interface BulkOptions {
  /** Whether the first failure keeps what has not been sent from being sent. */
  stopsOnFailure: boolean;
  /** Aborted, it does the same. */
  signal: AbortSignal | undefined;
}

/**
 * Does the jobs, as many at once as the account's limits allow: one bulk call for each combination of switches.
 *
 * Jobs that have no outcome were not begun when it was stopped.
 */
export async function settle(
  client: Client,
  operation: Operation,
  jobs: readonly Job[],
  { stopsOnFailure, signal }: BulkOptions,
): Promise<Map<Job, Outcome>> {
  const outcomes = new Map<Job, Outcome>();
  const stopping = new AbortController();
  const stopped = AbortSignal.any([stopping.signal, ...(signal === undefined ? [] : [signal])]);

  async function settleGroup(group: readonly Job[]): Promise<void> {
    const gate = new InFlightGate(AT_ONCE);
    whenAborted(stopped, () => gate.stop());
    for await (const outcome of begin(client, operation, group, gate)) {
      if (stopsOnFailure && !outcome.ok) {
        stopping.abort();
      }
      const job = group[outcome.index];
      if (job !== undefined) {
        outcomes.set(job, outcome);
      }
      gate.leave();
    }
  }

  try {
    await Promise.all(groups(jobs).map((group) => settleGroup(group).catch(unlessStopped)));
  } finally {
    stopping.abort();
  }
  return outcomes;
}

function whenAborted(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) {
    listener();
  } else {
    signal.addEventListener('abort', listener);
  }
}

/** Jobs of the same switches, in the order of their items. */
function groups(jobs: readonly Job[]): Job[][] {
  const bySwitches = new Map<string, Job[]>();
  for (const job of jobs) {
    const id = JSON.stringify(job.switches);
    const group = bySwitches.get(id);
    if (group === undefined) {
      bySwitches.set(id, [job]);
    } else {
      group.push(job);
    }
  }
  return [...bySwitches.values()];
}

function begin(
  client: Client,
  operation: Operation,
  group: readonly Job[],
  gate: InFlightGate,
): AsyncGenerator<Outcome, void, undefined> {
  const { reactivateOnNewMessage, stopBotInExecution } = group[0]?.switches ?? {};
  if (operation === 'updateStatusSession') {
    return client.iterUpdateSessionStatuses(oneByOne(group, gate), { stopBotInExecution });
  }
  const sessionIds = group.map(({ sessionId }) => sessionId);
  return client.iterCompleteSessions(oneByOne(sessionIds, gate), { reactivateOnNewMessage, stopBotInExecution });
}

function unlessStopped(error: unknown): void {
  if (!(error instanceof BulkError && error.cause instanceof Stopped)) {
    throw error;
  }
}
