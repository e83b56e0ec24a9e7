'use strict';

const {
  checkIterable,
  checkText,
  checkedOptions,
  checkedRateLimit,
  checkedSessionId,
  checkedUpdate,
} = require('./lib/arguments.cjs');
const { Bulk, collected, iterated } = require('./lib/bulk.cjs');
const { run } = require('./lib/calls.cjs');
const { WtsError, callSite, errorAt } = require('./lib/error.cjs');
const { Input } = require('./lib/input.cjs');
const native = require('./lib/native.cjs');

const SessionStatus = Object.freeze(Object.fromEntries(native.sessionStatuses()));

class Client {
  #native;

  constructor(options) {
    this.#native = usable(callSite(Client), native.createClient(settings(checkedOptions('Client', options))));
  }

  async updateSessionStatus(sessionId, status, options) {
    const site = callSite(updateOfClient);
    const checked = checkedOptions('client.updateSessionStatus', options);
    return update(site, () => this.#native, sessionId, status, checked);
  }

  async completeSession(sessionId, options) {
    const site = callSite(completeOfClient);
    const checked = checkedOptions('client.completeSession', options);
    return complete(site, () => this.#native, sessionId, checked);
  }

  async updateSessionStatuses(updates, options) {
    const site = callSite(updateManyOfClient);
    const checked = checkedOptions('client.updateSessionStatuses', options);
    return collected(updateMany(site, this.#native, updates, checked), checked.onProgress);
  }

  async completeSessions(sessionIds, options) {
    const site = callSite(completeManyOfClient);
    const checked = checkedOptions('client.completeSessions', options);
    return collected(completeMany(site, this.#native, sessionIds, checked), checked.onProgress);
  }

  iterUpdateSessionStatuses(updates, options) {
    const site = callSite(iterUpdateOfClient);
    return iterated(() => {
      const checked = checkedOptions('client.iterUpdateSessionStatuses', options);
      return updateMany(site, this.#native, updates, checked);
    });
  }

  iterCompleteSessions(sessionIds, options) {
    const site = callSite(iterCompleteOfClient);
    return iterated(() => {
      const checked = checkedOptions('client.iterCompleteSessions', options);
      return completeMany(site, this.#native, sessionIds, checked);
    });
  }

  close() {
    this.#native.close();
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
  const site = callSite(updateSessionStatus);
  const checked = checkedOptions('updateSessionStatus', options);
  return update(site, () => shared(site, checked), sessionId, status, checked);
}

async function completeSession(sessionId, options) {
  const site = callSite(completeSession);
  const checked = checkedOptions('completeSession', options);
  return complete(site, () => shared(site, checked), sessionId, checked);
}

function update(site, client, sessionId, status, { stopBotInExecution = false, signal }) {
  checkText('sessionId', sessionId);
  checkText('status', status);
  throwIfAborted(signal);
  const chosen = client();
  return run(site, signal, (calls, id) => chosen.updateSessionStatus(calls, id, sessionId, status, stopBotInExecution));
}

function complete(site, client, sessionId, { reactivateOnNewMessage = false, stopBotInExecution = false, signal }) {
  checkText('sessionId', sessionId);
  throwIfAborted(signal);
  const chosen = client();
  return run(site, signal, (calls, id) =>
    chosen.completeSession(calls, id, sessionId, reactivateOnNewMessage, stopBotInExecution),
  );
}

function updateMany(site, client, updates, { stopBotInExecution = false, signal }) {
  checkIterable('updates', updates);
  const input = new Input(updates, checkedUpdate);
  return new Bulk(site, client.updateSessionStatuses(stopBotInExecution), input, signal);
}

function completeMany(
  site,
  client,
  sessionIds,
  { reactivateOnNewMessage = false, stopBotInExecution = false, signal },
) {
  checkIterable('sessionIds', sessionIds);
  const input = new Input(sessionIds, checkedSessionId);
  return new Bulk(site, client.completeSessions(reactivateOnNewMessage, stopBotInExecution), input, signal);
}

function throwIfAborted(signal) {
  if (signal?.aborted) {
    throw signal.reason;
  }
}

/** The client that all calls with the same settings share. */
function shared(site, { apiKey, baseUrl }) {
  return usable(site, native.sharedClient(settings({ apiKey, baseUrl })));
}

function usable(site, made) {
  // Not told by its class: where the module is loaded twice in a thread, the native half's classes are two as well.
  if ('causes' in made) {
    throw errorAt(site, made);
  }
  return made;
}

/** What the native half takes for `options`. */
function settings(options) {
  return {
    ...options,
    apiKey: options.apiKey ?? environment('WTS_API_KEY'),
    baseUrl: options.baseUrl ?? environment('WTS_BASE_URL'),
    rateLimits: options.rateLimits?.map(checkedRateLimit) ?? options.rateLimits,
  };
}

/** Of this thread's `process.env`: that of a worker, or of a test runner's sandbox, is not the process's own. */
function environment(name) {
  return process.env[name]?.trim() || undefined;
}

module.exports = { Client, SessionStatus, WtsError, completeSession, updateSessionStatus };
