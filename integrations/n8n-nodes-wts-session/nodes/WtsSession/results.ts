import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { errorFields, nodeError, type Subject } from './errors';

/** What came of the items of a run. */
export class Results {
  /** One for each item, in their order. */
  readonly items: INodeExecutionData[] = [];

  /** Whether the first failure ends the run. */
  readonly stopsOnFailure: boolean;

  readonly #context: IExecuteFunctions;

  #failures = 0;

  constructor(context: IExecuteFunctions) {
    this.#context = context;
    this.stopsOnFailure = !context.continueOnFail() && !isTool(context);
  }

  succeed(itemIndex: number, session: IDataObject): void {
    this.#put(itemIndex, session);
  }

  /**
   * Throws the error if it ends the run; otherwise it is the item.
   *
   * Not as n8n's own `error` beside `json`: that would leave nothing of it but its message.
   */
  fail(itemIndex: number, error: Error, subject: Subject = {}): void {
    if (this.stopsOnFailure) {
      throw nodeError(this.#context.getNode(), error, itemIndex, subject);
    }
    this.#failures += 1;
    this.#put(itemIndex, { error: errorFields(error, subject) });
  }

  /** Says in the editor how many have failed: a run that goes on is green. */
  hint(): void {
    const { length } = this.items;
    if (this.#failures > 0) {
      const message = `${this.#failures} of ${length} ${length === 1 ? 'session' : 'sessions'} failed`;
      this.#context.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
    }
  }

  #put(itemIndex: number, json: IDataObject): void {
    this.items[itemIndex] = { json, pairedItem: { item: itemIndex } };
  }
}

/**
 * Whether the node is a tool of an agent: n8n derives a type of its own from it. If a tool throws, the agent's model is told
 * nothing, or the workflow ends, or the model gets the message, depending on the versions of n8n and of the agent.
 */
function isTool(context: IExecuteFunctions): boolean {
  return context.getNode().type.endsWith('Tool');
}
