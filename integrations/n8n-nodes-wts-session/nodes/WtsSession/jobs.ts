import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';

export type Operation = 'updateStatusSession' | 'concludeSession';

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
}

/** What the item asks for; its parameters may be expressions. */
export function jobOf(context: IExecuteFunctions, itemIndex: number): Job {
  const text = (name: string) => textOf(context, itemIndex, name);
  const isSwitchedOn = (name: string) => booleanOf(context, itemIndex, name);
  return {
    itemIndex,
    sessionId: text('sessionId'),
    status: text('statusSessionOption'),
    switches: {
      reactivateOnNewMessage: isSwitchedOn('reactivateOnNewMessage'),
      stopBotInExecution: isSwitchedOn('options.stopBotInExecution'),
    },
  };
}

/** The library has the word on missing texts: they are empty for it. */
function textOf(context: IExecuteFunctions, itemIndex: number, name: string): string {
  const value = context.getNodeParameter(name, itemIndex, '') ?? '';
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw wrongType(context, itemIndex, name, 'a text');
  }
  return String(value);
}

function booleanOf(context: IExecuteFunctions, itemIndex: number, name: string): boolean {
  const value = context.getNodeParameter(name, itemIndex, false) ?? false;
  if (typeof value !== 'boolean') {
    throw wrongType(context, itemIndex, name, 'true or false');
  }
  return value;
}

function wrongType(context: IExecuteFunctions, itemIndex: number, name: string, expected: string): NodeOperationError {
  const last = name.slice(name.lastIndexOf('.') + 1);
  return new NodeOperationError(context.getNode(), `${last} must be ${expected}`, { itemIndex });
}
