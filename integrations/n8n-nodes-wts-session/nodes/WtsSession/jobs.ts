import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import type { Settings } from './connection';
import { labelOf } from './description';
import { shortened } from './errors';

const OPERATIONS = ['updateStatusSession', 'concludeSession'] as const;

export type Operation = (typeof OPERATIONS)[number];

/** What is the same for all sessions of one bulk call. */
export interface Switches {
  reactivateOnNewMessage: boolean;
  stopBotInExecution: boolean;
}

/** What one item of a run asks for. */
export interface Job {
  itemIndex: number;
  sessionId: string;
  /** Where sessions are completed, it is of no use. */
  status: string;
  switches: Switches;
  /** Whether only a few fields of the session are passed on. */
  simplify: boolean;
}

/** The operation of a run. A node that was moved here from the older one may have others. */
export function operationOf(context: IExecuteFunctions): Operation {
  const resource = context.getNodeParameter('resource', 0, 'session');
  const name = context.getNodeParameter('operation', 0, '');
  const operation = OPERATIONS.find((known) => known === name);
  if (resource !== 'session' || operation === undefined) {
    const message = `This node has no operation ${JSON.stringify(name)} of the resource ${JSON.stringify(resource)}`;
    throw new NodeOperationError(context.getNode(), message);
  }
  return operation;
}

/** The settings of a run; those of its first item are those of all. */
export function settingsOf(context: IExecuteFunctions): Settings {
  const parameters = new Parameters(context, 0);
  return { timeoutMs: parameters.number('options.timeout'), reserve: parameters.number('options.reserve') };
}

/** What the item asks for; its parameters may be expressions. */
export function jobOf(context: IExecuteFunctions, itemIndex: number): Job {
  const sessionId = new Parameters(context, itemIndex).text('sessionId');
  const parameters = new Parameters(context, itemIndex, sessionId);
  return {
    itemIndex,
    sessionId,
    status: parameters.text('statusSessionOption'),
    switches: {
      reactivateOnNewMessage: parameters.boolean('reactivateOnNewMessage'),
      stopBotInExecution: parameters.boolean('options.stopBotInExecution'),
    },
    simplify: parameters.boolean('simplify'),
  };
}

/** The parameters of an item, whose values may be of any type if they are expressions. */
class Parameters {
  readonly #context: IExecuteFunctions;

  readonly #itemIndex: number;

  readonly #sessionId: string | undefined;

  constructor(context: IExecuteFunctions, itemIndex: number, sessionId?: string) {
    this.#context = context;
    this.#itemIndex = itemIndex;
    this.#sessionId = sessionId;
  }

  /** The library has the word on missing texts: they are empty for it. */
  text(name: string): string {
    return this.#get(name, 'a text', (value) => typeof value === 'string') ?? '';
  }

  boolean(name: string): boolean {
    return this.#get(name, 'true or false', (value) => typeof value === 'boolean') ?? false;
  }

  /** Undefined if it is not set; the library has defaults. */
  number(name: string): number | undefined {
    return this.#get(name, 'a number', (value) => typeof value === 'number');
  }

  #get<Value>(name: string, expected: string, accepts: (value: unknown) => value is Value): Value | undefined {
    const value: unknown = this.#context.getNodeParameter(name, this.#itemIndex, null) ?? undefined;
    if (value === undefined || accepts(value)) {
      return value;
    }
    const about = this.#sessionId === undefined ? '' : ` (session ${shortened(this.#sessionId)})`;
    const message = `${labelOf(name)} must be ${expected}, not ${kindOf(value)}${about}`;
    throw new NodeOperationError(this.#context.getNode(), message, { itemIndex: this.#itemIndex });
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) {
    return 'an array';
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
