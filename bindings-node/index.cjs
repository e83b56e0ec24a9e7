'use strict';

const {
  checkIterable,
  checkText,
  checkedOptions,
  checkedRateLimit,
  checkedSessionId,
  checkedUpdate,
} = require('./lib/arguments.cjs');
const { Bulk } = require('./lib/bulk.cjs');
const { Calls } = require('./lib/calls.cjs');
const { BulkError, CallSite, WtsError, errorAt } = require('./lib/error.cjs');
const { Input } = require('./lib/input.cjs');
const native = require('./lib/native.cjs');
const { collected, iterated } = require('./lib/outcomes.cjs');
const { throwIfAborted } = require('./lib/signal.cjs');

/** The calls of this thread whose client has no logger. */
const usualCalls = new Calls();

/** The names of the variables that the native half reads. */
const VARIABLES = native.variables();

const SessionStatus = Object.freeze(Object.fromEntries(native.sessionStatuses()));

class Client {
  #connected;

  constructor(options) {
    const { logger, ...given } = checkedOptions('Client', options);
    const calls = logger === undefined ? usualCalls : new Calls(logger);
    this.#connected = connected(new CallSite(Client), calls, native.createClient, given);
  }

  async updateSessionStatus(sessionId, status, options) {
    const site = new CallSite(updateOfClient);
    const checked = checkedOptions('client.updateSessionStatus', options);
    return update(site, () => this.#connected, sessionId, status, checked);
  }

  async completeSession(sessionId, options) {
    const site = new CallSite(completeOfClient);
    const checked = checkedOptions('client.completeSession', options);
    return complete(site, () => this.#connected, sessionId, checked);
  }

  async updateSessionStatuses(updates, options) {
    const site = new CallSite(updateManyOfClient);
    const checked = checkedOptions('client.updateSessionStatuses', options);
    return collected(() => updateMany(site, this.#connected, updates, checked), checked.onProgress);
  }

  async completeSessions(sessionIds, options) {
    const site = new CallSite(completeManyOfClient);
    const checked = checkedOptions('client.completeSessions', options);
    return collected(() => completeMany(site, this.#connected, sessionIds, checked), checked.onProgress);
  }

  iterUpdateSessionStatuses(updates, options) {
    const site = new CallSite(iterUpdateOfClient);
    return iterated(() => {
      const checked = checkedOptions('client.iterUpdateSessionStatuses', options);
      return updateMany(site, this.#connected, updates, checked);
    });
  }

  iterCompleteSessions(sessionIds, options) {
    const site = new CallSite(iterCompleteOfClient);
    return iterated(() => {
      const checked = checkedOptions('client.iterCompleteSessions', options);
      return completeMany(site, this.#connected, sessionIds, checked);
    });
  }

  close() {
    this.#connected.client.close();
  }
}

const {
  updateSessionStatus: updateOfClient,
  completeSession: completeOfClient,
  updateSessionStatuses: updateManyOfClient,
  completeSessions: completeManyOfClient,
  iterUpdateSessionStatuses: iterUpdateOfClient,
  iterCompleteSessions: iterCompleteOfClient,
} = Client.prototype;

async function updateSessionStatus(sessionId, status, options) {
  const site = new CallSite(updateSessionStatus);
  const checked = checkedOptions('updateSessionStatus', options);
  return update(site, () => shared(site, checked), sessionId, status, checked);
}

async function completeSession(sessionId, options) {
  const site = new CallSite(completeSession);
  const checked = checkedOptions('completeSession', options);
  return complete(site, () => shared(site, checked), sessionId, checked);
}

function update(site, connect, sessionId, status, { stopBotInExecution = false, signal }) {
  checkText('sessionId', sessionId);
  checkText('status', status);
  throwIfAborted(signal);
  const { client, calls } = connect();
  return calls.run(site, (id) => client.updateSessionStatus(id, sessionId, status, stopBotInExecution), signal);
}

function complete(site, connect, sessionId, { reactivateOnNewMessage = false, stopBotInExecution = false, signal }) {
  checkText('sessionId', sessionId);
  throwIfAborted(signal);
  const { client, calls } = connect();
  const begin = (id) => client.completeSession(id, sessionId, reactivateOnNewMessage, stopBotInExecution);
  return calls.run(site, begin, signal);
}

function updateMany(site, { client, calls }, updates, { stopBotInExecution = false, signal }) {
  checkIterable('updates', updates);
  const input = new Input(updates, checkedUpdate);
  return new Bulk(site, calls, (id) => client.updateSessionStatuses(id, stopBotInExecution), input, signal);
}

function completeMany(
  site,
  { client, calls },
  sessionIds,
  { reactivateOnNewMessage = false, stopBotInExecution = false, signal },
) {
  checkIterable('sessionIds', sessionIds);
  const input = new Input(sessionIds, checkedSessionId);
  const begin = (id) => client.completeSessions(id, reactivateOnNewMessage, stopBotInExecution);
  return new Bulk(site, calls, begin, input, signal);
}

/** The client that all calls with these settings share. */
function shared(site, { apiKey, baseUrl }) {
  return connected(site, usualCalls, native.sharedClient, { apiKey, baseUrl });
}

/** A native client that `make` makes, and the calls through which its outcomes come. */
function connected(site, calls, make, options) {
  const given = settings(options);
  const variables = environment();
  if ((given.sharedLimits ?? variables.WTS_SHARED_LIMITS) !== undefined) {
    settleAtExit();
  }
  const client = calls.client(make, given, variables);
  // Its class does not tell: if the module is loaded twice in a thread, each class of the native half exists twice.
  if (Object.hasOwn(client, 'causes')) {
    throw errorAt(site, client);
  }
  return { client, calls };
}

/** Before this process ends, the ledger that processes share must know what it has sent. */
function settleAtExit() {
  const settle = native.settleSharedLimits;
  if (!process.listeners('exit').includes(settle)) {
    process.once('exit', settle);
  }
}

/** The settings of the native half for `options`. */
function settings(options) {
  const { rateLimits } = options;
  const all = { __proto__: null, ...options, rateLimits: rateLimits && Array.from(rateLimits, checkedRateLimit) };
  for (const name of Object.keys(all)) {
    if (all[name] === undefined) {
      delete all[name];
    }
  }
  return all;
}

/**
 * What this thread's `process.env` has of the variables that the library reads: that of a worker, or of a test runner's sandbox, is not
 * the process's own. Each is asked for by its name, since a copy of all of them takes longer than the rest of a call.
 */
function environment() {
  const variables = { __proto__: null };
  for (const name of VARIABLES) {
    if (Object.hasOwn(process.env, name)) {
      const value = process.env[name];
      // A program may have put a plain object there, whose values are not always strings.
      if (value !== undefined && value !== null) {
        variables[name] = String(value);
      }
    }
  }
  return variables;
}

module.exports = { BulkError, Client, SessionStatus, WtsError, completeSession, updateSessionStatus };
