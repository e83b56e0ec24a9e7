// The suite that all languages share (tests/README.md tells its format): its cases, and how Node carries them out.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'wts-session';

const tests = new URL('../../../tests/', import.meta.url);

const CLIENT_OPTIONS = {
  api_key: 'apiKey',
  base_url: 'baseUrl',
  timeout_ms: 'timeoutMs',
  total_timeout_ms: 'totalTimeoutMs',
  max_retries: 'maxRetries',
  max_concurrency: 'maxConcurrency',
  rate_limits: 'rateLimits',
  auth_scheme: 'authScheme',
  allow_insecure_http: 'allowInsecureHttp',
};
const CALL_OPTIONS = {
  stop_bot_in_execution: 'stopBotInExecution',
  reactivate_on_new_message: 'reactivateOnNewMessage',
};
const FIELDS = ['name', 'operation', 'session_id', 'status', 'options', 'client', 'warm_up', 'script', 'expect'];

/** The cases by the files that they are in. */
export function casesByFile() {
  const files = ['vectors', 'http'].flatMap((folder) =>
    readdirSync(new URL(folder, tests))
      .filter((name) => name.endsWith('.json'))
      .map((name) => `${folder}/${name}`),
  );
  return new Map(files.map((file) => [file, casesIn(file)]));
}

function casesIn(file) {
  const cases = JSON.parse(readFileSync(new URL(file, tests), 'utf8'));
  for (const given of cases) {
    assertKnown(given, FIELDS);
  }
  return cases;
}

/** The client of a case, at the stand-in with these addresses. */
export function clientOf({ client = {} }, addresses, token = addresses.token) {
  const options = renamed(client, CLIENT_OPTIONS);
  const limits = options.rateLimits?.map(([requests, periodMs]) => ({ requests, periodMs }));
  return new Client({
    maxRetries: 0,
    ...options,
    apiKey: filled(expanded(options.apiKey ?? '{token}'), { token }),
    baseUrl: filled(expanded(options.baseUrl ?? '{api}'), addresses),
    ...(limits && { rateLimits: limits }),
  });
}

/** The call of a case, after the one that goes before where the case has one. */
export async function callOf(given, client) {
  if (given.warm_up) {
    await begin(given, client);
  }
  return begin(given, client);
}

function begin(given, client) {
  const options = given.options === undefined ? undefined : renamed(given.options, CALL_OPTIONS);
  const sessionId = expanded(given.session_id);
  switch (given.operation) {
    case 'update_session_status':
      return client.updateSessionStatus(sessionId, expanded(given.status), options);
    case 'complete_session':
      return client.completeSession(sessionId, options);
    default:
      throw new Error(`unknown operation ${given.operation}`);
  }
}

/** A value of a case, with what is to be repeated repeated. */
export function expanded(value) {
  return typeof value === 'object' && value !== null ? value.repeat.repeat(value.times) : value;
}

function filled(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder);
}

function renamed(object, names) {
  assertKnown(object, Object.keys(names));
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names[name], value]));
}

/** A member that is not known would go untested. */
export function assertKnown(object, names) {
  const unknown = Object.keys(object).filter((name) => !names.includes(name));
  assert.deepEqual(unknown, [], 'the runner does not know these');
}
