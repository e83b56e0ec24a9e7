import { type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import type { Account } from './account';
import { settle } from './bulk';
import { accountOf, type Connection, hostOf } from './connection';
import { EarlierTries } from './earlierTries';
import { checkAddresses } from './egress';
import { type Job, jobOf, type Operation, operationOf, settingsOf } from './jobs';
import { Results } from './results';
import { simplified } from './simplified';
import { asError } from './thrown';
import { Waits } from './waits';

/** All that a run needs to send its jobs. */
interface Run {
  account: Account;
  operation: Operation;
  host: string | undefined;
}

/** Does what the items ask for, and gives what came of each. */
export async function execute(context: IExecuteFunctions): Promise<Results> {
  const results = new Results(context);
  const jobs = jobsOf(context, results);
  const run = await runOf(context, jobs, results);
  if (run !== undefined) {
    await settleAll(context, run, jobs, results);
  }
  results.hint();
  return results;
}

/** The jobs of all items but those that have failed already. */
function jobsOf(context: IExecuteFunctions, results: Results): Job[] {
  const jobs: Job[] = [];
  for (const itemIndex of context.getInputData().keys()) {
    try {
      jobs.push(jobOf(context, itemIndex));
    } catch (error) {
      results.fail(itemIndex, asError(error));
    }
  }
  return jobs;
}

/** What the node's parameters and credential say for all items; if they are of no use, all jobs have failed. */
async function runOf(context: IExecuteFunctions, jobs: readonly Job[], results: Results): Promise<Run | undefined> {
  try {
    const operation = operationOf(context);
    const connection = await context.getCredentials<Connection>('wtsApi');
    const account = accountOf(connection, settingsOf(context));
    await checkAddresses(context, connection);
    return { account, operation, host: hostOf(connection) };
  } catch (error) {
    for (const { itemIndex, sessionId } of jobs) {
      results.fail(itemIndex, asError(error), { sessionId });
    }
    return undefined;
  }
}

async function settleAll(
  context: IExecuteFunctions,
  { account, operation, host }: Run,
  jobs: readonly Job[],
  results: Results,
): Promise<void> {
  const { stopsOnFailure } = results;
  const signal = context.getExecutionCancelSignal();
  const earlier = EarlierTries.of(context);
  const waits = new Waits(context);
  const open = jobs.filter((job) => earlier.successOf(job) === undefined);
  const options = { stopsOnFailure, signal };
  const outcomes = await account.watch(waits.tell, () => settle(account.client, operation, open, options));
  waits.hint();
  if (signal?.aborted) {
    throw new NodeOperationError(context.getNode(), 'The execution was stopped before all items were done');
  }
  earlier.remember(outcomes);
  for (const job of jobs) {
    const outcome = outcomes.get(job);
    const session = outcome?.ok ? (outcome.result as IDataObject) : earlier.successOf(job);
    if (session !== undefined) {
      results.succeed(job.itemIndex, job.simplify ? simplified(session) : session);
    } else if (outcome?.ok === false && !(stopsOnFailure && outcome.error.code === 'cancelled')) {
      results.fail(job.itemIndex, outcome.error, { sessionId: job.sessionId, host });
    }
  }
}
