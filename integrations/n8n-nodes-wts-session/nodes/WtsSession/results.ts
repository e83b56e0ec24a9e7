import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { errorFields, nodeError } from './errors';

/** What came of the items of a run. */
export class Results {
  /** One for each item, in their order. */
  readonly items: INodeExecutionData[] = [];

  readonly #context: IExecuteFunctions;

  constructor(context: IExecuteFunctions) {
    this.#context = context;
  }

  succeed(itemIndex: number, session: IDataObject): void {
    this.#put(itemIndex, session);
  }

  /**
   * Throws the error, unless the workflow is to go on: then it is the item.
   *
   * Not as n8n's own `error` beside `json`: that would leave nothing of it but its message.
   */
  fail(itemIndex: number, error: Error, sessionId?: string): void {
    if (!this.#context.continueOnFail()) {
      throw nodeError(this.#context.getNode(), error, itemIndex);
    }
    this.#put(itemIndex, { error: { ...errorFields(error), sessionId } });
  }

  #put(itemIndex: number, json: IDataObject): void {
    this.items[itemIndex] = { json, pairedItem: { item: itemIndex } };
  }
}
