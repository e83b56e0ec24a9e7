'use strict';

const { checkedOptions } = require('./arguments.cjs');
const { warn } = require('./warning.cjs');

const SHOWN = [
  'code',
  'description',
  'httpStatus',
  'key',
  'errorId',
  'retryAfter',
  'attempts',
  'retryable',
  'mayHaveBeenApplied',
];

/** The details of an error that is made by hand, where none are given. */
const DEFAULTS = { code: 'internal', description: '', attempts: 0, retryable: false, mayHaveBeenApplied: false };

/** Details that need no checks. */
class Details {
  constructor(values) {
    this.values = values;
  }
}

/** Every failure of this library; see `index.d.cts`. */
class WtsError extends Error {
  constructor(message, options) {
    const { values } =
      options instanceof Details ? options : new Details({ ...DEFAULTS, ...checkedOptions('WtsError', options) });
    super(message);
    for (const name of SHOWN) {
      if (Object.hasOwn(values, name) && values[name] !== undefined) {
        this[name] = values[name];
      }
    }
    // Not enumerable: what the API sent may hold personal data, which must not be logged.
    hide(this, 'body', Object.hasOwn(values, 'body') ? values.body : undefined);
    if (Object.hasOwn(values, 'cause')) {
      hide(this, 'cause', values.cause);
    }
  }

  toJSON() {
    const shown = SHOWN.map((name) => [name, this[name]]);
    return Object.fromEntries([['name', this.name], ['message', this.message], ...shown]);
  }
}

/** A bulk call that ended before its input; see `index.d.cts`. */
class BulkError extends WtsError {
  constructor(message, options) {
    const { values } =
      options instanceof Details
        ? options
        : new Details({ ...DEFAULTS, code: 'cancelled', outcomes: [], ...checkedOptions('BulkError', options) });
    super(message, new Details(values));
    // Not enumerable: there may be thousands.
    hide(this, 'outcomes', values.outcomes);
  }
}

hide(WtsError.prototype, 'name', 'WtsError');
hide(BulkError.prototype, 'name', 'BulkError');

function hide(object, name, value) {
  const descriptor = { __proto__: null, value, writable: true, enumerable: false, configurable: true };
  Object.defineProperty(object, name, descriptor);
}

/** Where a call was made; costs little until its stack is asked for. */
class CallSite {
  #frames;

  /** The line that called `method`. */
  constructor(method) {
    try {
      Error.captureStackTrace(this, method);
    } catch (error) {
      warn(PREPARING_FAILED, error);
    }
  }

  /** The stack of an error of this call. */
  stackOf({ name, message }) {
    this.#frames ??= this.#read();
    return typeof this.#frames === 'string' ? `${name}: ${message}${this.#frames}` : this.#frames.stack;
  }

  /** The lines after the first one, or what a program's own `Error.prepareStackTrace` made of the stack. */
  #read() {
    try {
      const { stack } = this;
      if (typeof stack !== 'string') {
        return { stack };
      }
      const start = stack.indexOf('\n    at ');
      return start === -1 ? '' : stack.slice(start);
    } catch (error) {
      warn(PREPARING_FAILED, error);
      return '';
    }
  }
}

const PREPARING_FAILED = 'Error.prepareStackTrace failed';

/** The error of `failure`, with the stack of the call that failed. */
function errorAt(site, failure) {
  return thrownAt(site, () => {
    const error = new WtsError(failure.message, new Details(failure));
    if (failure.causes.length > 0) {
      hide(error, 'cause', chained(failure.causes));
    }
    return error;
  });
}

/** The error of a bulk call that `cause` ended, after these outcomes. */
function bulkErrorAt(site, failure, cause, outcomes) {
  const failures = outcomes.filter(({ ok }) => !ok).map(({ error }) => error);
  const description = textOf(cause);
  const values = {
    ...failure,
    description,
    cause,
    outcomes,
    attempts: failures.reduce((sum, { attempts }) => sum + attempts, outcomes.length - failures.length),
    mayHaveBeenApplied: failures.some(({ mayHaveBeenApplied }) => mayHaveBeenApplied),
  };
  const message = description === '' ? failure.message : `${failure.message.replace(/\.$/, '')}: ${description}`;
  return thrownAt(site, () => new BulkError(message, new Details(values)));
}

/** What was thrown, as far as it is a text or has one. */
function textOf(thrown) {
  try {
    const text = Object(thrown) === thrown ? thrown.message : thrown;
    return typeof text === 'string' ? text : '';
  } catch {
    return '';
  }
}

function thrownAt(site, make) {
  const { stackTraceLimit } = Error;
  // Its own stack is replaced, and would cost ten times all the rest. Unlike `=`, this may fail, where Error is frozen.
  Reflect.set(Error, 'stackTraceLimit', 0);
  const error = make();
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  setStack(error, site.stackOf(error));
  return error;
}

function setStack(error, stack) {
  try {
    hide(error, 'stack', stack);
  } catch {
    // Node 20 reads the old one first, and so calls the program's own Error.prepareStackTrace.
    Reflect.deleteProperty(error, 'stack');
    hide(error, 'stack', stack);
  }
}

/** Errors of these messages, each the cause of the one before. They have no stack: they happened in no JavaScript. */
function chained(messages) {
  return messages.reduceRight((cause, message) => {
    const error = new Error(message, cause && { cause });
    setStack(error, `Error: ${message}`);
    return error;
  }, undefined);
}

module.exports = { BulkError, CallSite, WtsError, bulkErrorAt, errorAt };
