'use strict';

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

/** Every failure of this library; see `index.d.cts`. */
class WtsError extends Error {
  constructor(failure) {
    super(failure.message);
    for (const name of SHOWN) {
      if (failure[name] !== undefined) {
        this[name] = failure[name];
      }
    }
    // Not enumerable: what the API sent may hold personal data, which has no place in logs.
    hide(this, 'body', failure.body);
    if (failure.causes.length > 0) {
      hide(this, 'cause', chained(failure.causes));
    }
  }

  toJSON() {
    const shown = SHOWN.map((name) => [name, this[name]]);
    return Object.fromEntries([['name', this.name], ['message', this.message], ...shown]);
  }
}

hide(WtsError.prototype, 'name', 'WtsError');

function hide(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
}

/** Errors of these messages, each the cause of the one before. They have no stack: they happened in no JavaScript. */
function chained(messages) {
  return messages.reduceRight((cause, message) => {
    const error = new Error(message, cause && { cause });
    hide(error, 'stack', String(error));
    return error;
  }, undefined);
}

/** Remembers where the caller of `method` is; costs little until the error is looked at. */
function callSite(method) {
  const site = {};
  Error.captureStackTrace(site, method);
  return site;
}

/** The error of `failure`, with the stack of the call that failed. */
function errorAt(site, failure) {
  const { stackTraceLimit } = Error;
  // Its own stack is replaced, and would cost ten times all the rest. Unlike `=`, this may fail, where Error is frozen.
  Reflect.set(Error, 'stackTraceLimit', 0);
  const error = new WtsError(failure);
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  hide(error, 'stack', stackFrom(site, String(error)));
  return error;
}

function stackFrom({ stack }, headline) {
  if (typeof stack !== 'string') {
    return stack; // someone's own Error.prepareStackTrace
  }
  const frames = stack.indexOf('\n    at ');
  return frames === -1 ? headline : headline + stack.slice(frames);
}

module.exports = { WtsError, callSite, errorAt };
