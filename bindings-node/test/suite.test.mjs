// The suite that all languages share: tests/README.md tells its format.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { StandIn } from './support/stand-in.mjs';
import { assertKnown, callOf, casesByFile, clientOf, expanded } from './support/suite.mjs';

const ATTRIBUTES = {
  code: (error) => error.code,
  text: (error) => error.message,
  message: messageAlone,
  description: (error) => error.description,
  http_status: (error) => error.httpStatus ?? null,
  key: (error) => error.key ?? null,
  error_id: (error) => error.errorId ?? null,
  body: (error) => error.body ?? null,
  retry_after: (error) => error.retryAfter ?? null,
  attempts: (error) => error.attempts,
  retryable: (error) => error.retryable,
  may_have_been_applied: (error) => error.mayHaveBeenApplied,
};
const EXPECTED = ['requests', 'request', 'result', 'result_keys', 'error'];

const standIn = await StandIn.start({ withSuite: true });
process.env.SSL_CERT_FILE = standIn.addresses.ca_file;
const suite = casesByFile();
let ran = 0;

after(async () => {
  await standIn.stop();
  const known = [...suite.values()].flat().length;
  assert.ok(known > 0, 'the suite is empty');
  assert.equal(ran, known, 'not every case was run');
});

for (const [file, cases] of suite) {
  describe(file, { concurrency: 4 }, () => {
    for (const given of cases) {
      it(given.name, () => run(given));
    }
  });
}

async function run(given) {
  assertKnown(given.expect, EXPECTED);
  ran += 1;
  if (given.operation === 'client') {
    const error = thrownBy(() => clientOf(given, standIn.addresses));
    expectError(given.expect.error, error);
    return;
  }
  const [outcome] = await Promise.allSettled([callOf(given, clientOf(given, standIn.addresses))]);
  if (given.expect.error !== undefined) {
    assert.equal(outcome.status, 'rejected');
    expectError(given.expect.error, outcome.reason);
  } else {
    assert.equal(outcome.status, 'fulfilled', outcome.reason);
    expectResult(given.expect, outcome.value);
  }
  await expectRequests(given);
}

function expectError(expected, error) {
  const { description_contains: part, ...attributes } = expected;
  assertKnown(attributes, Object.keys(ATTRIBUTES));
  for (const [name, value] of Object.entries(attributes)) {
    const actual = ATTRIBUTES[name](error);
    if (name === 'retry_after' && value !== null) {
      // Part of a wait may have passed already.
      assert.ok(Math.abs(actual - value) < Math.max(1.5, value / 4), `${name} is ${actual}, not ${value}`);
    } else {
      assert.deepEqual(actual, value, name);
    }
  }
  if (part !== undefined) {
    assert.ok(error.description.includes(part), error.description);
  }
}

function expectResult(expected, result) {
  if (expected.result !== undefined) {
    assert.deepEqual(result, expected.result);
  }
  if (expected.result_keys !== undefined) {
    assert.deepEqual(Object.keys(result), expected.result_keys);
  }
}

async function expectRequests({ session_id: id, expect: { requests: count, request: last } }) {
  if (count === undefined && last === undefined) {
    return;
  }
  const seen = await standIn.requests(expanded(id).trim());
  assert.equal(seen.length, count);
  if (last !== undefined) {
    const { headers = {}, ...rest } = last;
    const request = seen.at(-1);
    for (const name of Object.keys(rest)) {
      assert.deepEqual(request[name], rest[name], name);
    }
    for (const [name, value] of Object.entries(headers)) {
      assert.equal(request.headers[name] ?? null, value, name);
    }
  }
}

/** The message as core has it, without the description that follows it in JavaScript. */
function messageAlone({ message, description }) {
  const end = [`: ${description}`, ` ${description}`].find((ending) => message.endsWith(ending));
  return end === undefined ? message : message.slice(0, -end.length);
}

function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}
