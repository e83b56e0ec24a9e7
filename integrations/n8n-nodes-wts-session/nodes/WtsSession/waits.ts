import type { IExecuteFunctions } from 'n8n-workflow';
import type { AccountEvent } from './account';

/** A wait that is shorter is not worth a hint, in seconds. */
const NOTABLE_S = 5;

/** What a run tells of its account: lines in n8n's log at once, and at its end a hint how long it waited for the limits. */
export class Waits {
  readonly #context: IExecuteFunctions;

  readonly #began = Date.now();

  #seconds = 0;

  constructor(context: IExecuteFunctions) {
    this.#context = context;
  }

  readonly tell = ({ line, isWarning, wait }: AccountEvent): void => {
    this.#seconds += wait;
    const { logger } = this.#context;
    const text = `${this.#context.getNode().name}, execution ${this.#context.getExecutionId()}: ${line}`;
    if (isWarning) {
      logger.warn(text);
    } else {
      logger.info(text);
    }
  };

  hint(): void {
    // How long a wait lasts is an estimate when it begins.
    const seconds = Math.round(Math.min(this.#seconds, (Date.now() - this.#began) / 1000));
    if (seconds >= NOTABLE_S) {
      const message = `Waited ${lengthOf(seconds)} for the account's request limits`;
      this.#context.addExecutionHints({ message, type: 'info', location: 'outputPane' });
    }
  }
}

function lengthOf(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}
