import type { IContextObject, IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { Outcome } from 'wts-session';
import type { Job } from './jobs';

/** A session that succeeded in an earlier try of a run. */
interface Success {
  job: Job;
  session: IDataObject;
}

type Run = Map<number, Success>;

/** By n8n's own object for the node in an execution, so that it is forgotten with the execution; then by run. */
const executions = new WeakMap<IContextObject, Map<number, Run>>();

/**
 * What succeeded in the earlier tries of a run. With Retry On Fail n8n begins a run that failed again, with all its items; it is
 * the same run of the same execution then.
 */
export class EarlierTries {
  readonly #run: Run;

  private constructor(run: Run) {
    this.#run = run;
  }

  /** Those of this run. They are kept only if the node may be retried. */
  static of(context: IExecuteFunctions): EarlierTries {
    if (!context.getNode().retryOnFail) {
      return new EarlierTries(new Map());
    }
    const node = context.getContext('node');
    const runs = executions.get(node) ?? new Map<number, Run>();
    executions.set(node, runs);
    const { $runIndex } = context.getWorkflowDataProxy(0);
    const run = runs.get($runIndex) ?? new Map<number, Success>();
    runs.set($runIndex, run);
    return new EarlierTries(run);
  }

  /** The session that the same job gave before. */
  successOf(job: Job): IDataObject | undefined {
    const success = this.#run.get(job.itemIndex);
    return success !== undefined && isSame(success.job, job) ? success.session : undefined;
  }

  /** Keeps the successes of a try, if any job failed: only then there may be another try. */
  remember(outcomes: ReadonlyMap<Job, Outcome>): void {
    const all = [...outcomes];
    if (all.some(([, { ok }]) => !ok)) {
      for (const [job, { result }] of all) {
        if (result !== undefined) {
          this.#run.set(job.itemIndex, { job, session: result as IDataObject });
        }
      }
    }
  }
}

function isSame(one: Job, other: Job): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
