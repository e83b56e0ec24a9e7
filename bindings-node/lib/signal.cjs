'use strict';

const { warn } = require('./warning.cjs');

/** For each signal who waits for it, and its one listener: Node warns of many listeners. */
const watched = new WeakMap();

/** Calls `waiter.abort(reason)` when `signal` is aborted. */
function watch(signal, waiter) {
  const { waiters } = watched.get(signal) ?? listen(signal);
  waiters.add(waiter);
}

function listen(signal) {
  const waiters = new Set();
  const abort = () => {
    const reason = reasonOf(signal);
    for (const waiter of waiters) {
      waiter.abort(reason);
    }
  };
  signal.addEventListener('abort', abort);
  const listening = { waiters, abort };
  watched.set(signal, listening);
  return listening;
}

/** Ends what {@link watch} began. */
function unwatch(signal, waiter) {
  const listening = watched.get(signal);
  if (listening?.waiters.delete(waiter) && listening.waiters.size === 0) {
    watched.delete(signal);
    try {
      signal.removeEventListener('abort', listening.abort);
    } catch (error) {
      // Signals may be of any make.
      warn('A signal failed', error);
    }
  }
}

function throwIfAborted(signal) {
  if (signal?.aborted) {
    throw reasonOf(signal);
  }
}

/** The reason of a signal that is aborted; older implementations have none. */
function reasonOf(signal) {
  try {
    const { reason } = signal;
    return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
  } catch (error) {
    return error;
  }
}

module.exports = { reasonOf, throwIfAborted, unwatch, watch };
