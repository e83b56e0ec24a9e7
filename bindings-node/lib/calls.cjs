'use strict';

const { errorAt } = require('./error.cjs');
const { Calls } = require('./native.cjs');

/** The calls of this thread that are under way, by their ids. */
const pending = new Map();
/** For each signal the ids of the calls that it cancels, and its one listener, however many they are. */
const watched = new WeakMap();
const calls = new Calls(settle);
let lastId = 0;

/**
 * Begins a call: `begin(calls, id)` hands it to the native half, which settles it later.
 *
 * The caller has seen to it that `signal` is not aborted yet.
 */
function run(site, signal, begin) {
  lastId = (lastId + 1) >>> 0;
  const id = lastId;
  if (signal !== undefined) {
    watch(signal, id);
  }
  begin(calls, id);
  return new Promise((resolve, reject) => pending.set(id, { resolve, reject, site, signal }));
}

/** The call `id`, which is no longer pending; or nothing, where it was not any more. */
function taken(id) {
  const call = pending.get(id);
  if (call !== undefined) {
    pending.delete(id);
    if (call.signal !== undefined) {
      unwatch(call.signal, id);
    }
  }
  return call;
}

/** Called by the native half with all that has settled meanwhile: JSON of results, batches of outcomes, failures. */
function settle(ids, outcomes) {
  for (let index = 0; index < ids.length; index += 1) {
    const call = taken(ids[index]);
    if (call !== undefined) {
      settleOne(call, outcomes[index]);
    }
  }
}

function settleOne({ resolve, reject, site }, outcome) {
  if (typeof outcome === 'string') {
    resolve(JSON.parse(outcome));
  } else if ('indexes' in outcome) {
    resolve(outcome);
  } else {
    reject(errorAt(site, outcome));
  }
}

function cancel(id, reason) {
  const call = taken(id);
  if (call !== undefined) {
    calls.cancel(id);
    call.reject(reason);
  }
}

function watch(signal, id) {
  const watch = watched.get(signal) ?? startWatching(signal);
  watch.ids.add(id);
}

function startWatching(signal) {
  const ids = new Set();
  const abort = () => {
    for (const id of ids) {
      cancel(id, signal.reason);
    }
  };
  signal.addEventListener('abort', abort);
  const watch = { ids, abort };
  watched.set(signal, watch);
  return watch;
}

function unwatch(signal, id) {
  const { ids, abort } = watched.get(signal);
  ids.delete(id);
  if (ids.size === 0) {
    signal.removeEventListener('abort', abort);
    watched.delete(signal);
  }
}

module.exports = { run };
