import { ensureError, type IDataObject, type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import type { Client } from 'wts-session';
import { settle } from './bulk';
import { type Connection, clientOf } from './connection';
import { type Job, jobOf, type Operation } from './jobs';
import { Results } from './results';

/** Does what the items ask for, and gives what came of each. */
export async function execute(context: IExecuteFunctions): Promise<Results> {
  const results = new Results(context);
  const jobs = jobsOf(context, results);
  const client = await connected(context, jobs, results);
  if (client !== undefined) {
    await settleAll(context, client, jobs, results);
  }
  return results;
}

/** The jobs of all items but those that have failed already. */
function jobsOf(context: IExecuteFunctions, results: Results): Job[] {
  const jobs: Job[] = [];
  for (const itemIndex of context.getInputData().keys()) {
    try {
      jobs.push(jobOf(context, itemIndex));
    } catch (error) {
      results.fail(itemIndex, ensureError(error));
    }
  }
  return jobs;
}

/** The client of the node's credential; where there can be none, all jobs have failed. */
async function connected(
  context: IExecuteFunctions,
  jobs: readonly Job[],
  results: Results,
): Promise<Client | undefined> {
  try {
    return clientOf(await context.getCredentials<Connection>('wtsApi'));
  } catch (error) {
    for (const { itemIndex, sessionId } of jobs) {
      results.fail(itemIndex, ensureError(error), sessionId);
    }
    return undefined;
  }
}

async function settleAll(
  context: IExecuteFunctions,
  client: Client,
  jobs: readonly Job[],
  results: Results,
): Promise<void> {
  const operation = context.getNodeParameter('operation', 0) as Operation;
  const stopsOnFailure = !context.continueOnFail();
  const signal = context.getExecutionCancelSignal();
  const outcomes = await settle(client, operation, jobs, { stopsOnFailure, signal });
  if (signal?.aborted) {
    throw new NodeOperationError(context.getNode(), 'The execution was stopped before all items were done');
  }
  for (const job of jobs) {
    const outcome = outcomes.get(job);
    if (outcome?.ok) {
      results.succeed(job.itemIndex, outcome.result as IDataObject);
    } else if (outcome !== undefined && !(stopsOnFailure && outcome.error.code === 'cancelled')) {
      results.fail(job.itemIndex, outcome.error, job.sessionId);
    }
  }
}
