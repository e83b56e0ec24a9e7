'use strict';

const native = require('./native.cjs');

/** A kind of values: its name in messages, and its check. */
const is = (expected, accepts) => ({ expected, accepts });

const STRING = is('a string', (value) => typeof value === 'string');
const NUMBER = is('a number', (value) => typeof value === 'number');
const STRING_OR_NUMBER = is('a string or a number', (value) => STRING.accepts(value) || NUMBER.accepts(value));
const BOOLEAN = is('a boolean', (value) => typeof value === 'boolean');
const ARRAY = is('an array', Array.isArray);
const OBJECT = is('an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const FUNCTION = is('a function', (value) => typeof value === 'function');
const ANYTHING = is('anything', () => true);
const CODE = is('one of the codes of WtsErrorCode', (value) => native.errorCodes().includes(value));

const or = (kind, alternative, other) =>
  is(`${kind.expected} or ${alternative}`, (value) => value === other || kind.accepts(value));

/** Known by what it can do, so that signals of other realms and implementations are accepted. */
const SIGNAL = is(
  'an AbortSignal',
  (value) =>
    OBJECT.accepts(value) &&
    BOOLEAN.accepts(value.aborted) &&
    FUNCTION.accepts(value.addEventListener) &&
    FUNCTION.accepts(value.removeEventListener),
);

const ITERABLE = is(
  'an iterable or async iterable',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    (FUNCTION.accepts(value[Symbol.asyncIterator]) || FUNCTION.accepts(value[Symbol.iterator])),
);

const LOGGER = is(
  'an object with the functions debug and warn',
  (value) => OBJECT.accepts(value) && FUNCTION.accepts(value.debug) && FUNCTION.accepts(value.warn),
);

const STOP_BOT = { stopBotInExecution: BOOLEAN };
const CALL = { signal: SIGNAL };
const PROGRESS = { onProgress: FUNCTION };
const CONNECTION = { apiKey: STRING, baseUrl: STRING };

const KINDS = {
  string: STRING,
  number: NUMBER,
  boolean: BOOLEAN,
  'string or number': STRING_OR_NUMBER,
  'number or null': or(NUMBER, 'null', null),
  'array or null': or(ARRAY, 'null', null),
};

const SETTINGS = Object.fromEntries(native.settings().map(([name, kind]) => [name, KINDS[kind]]));

const DETAILS = {
  code: CODE,
  description: STRING,
  httpStatus: NUMBER,
  key: STRING,
  errorId: STRING,
  body: STRING,
  retryAfter: NUMBER,
  attempts: NUMBER,
  retryable: BOOLEAN,
  mayHaveBeenApplied: BOOLEAN,
  cause: ANYTHING,
};

/** The options of each function, by its name. */
const OPTIONS = {
  Client: {
    ...SETTINGS,
    logger: LOGGER,
  },
  'client.updateSessionStatus': { ...STOP_BOT, ...CALL },
  'client.completeSession': { reactivateOnNewMessage: BOOLEAN, ...STOP_BOT, ...CALL },
  'client.updateSessionStatuses': { ...STOP_BOT, ...PROGRESS, ...CALL },
  'client.completeSessions': { reactivateOnNewMessage: BOOLEAN, ...STOP_BOT, ...PROGRESS, ...CALL },
  'client.iterUpdateSessionStatuses': { ...STOP_BOT, ...CALL },
  'client.iterCompleteSessions': { reactivateOnNewMessage: BOOLEAN, ...STOP_BOT, ...CALL },
  updateSessionStatus: { ...STOP_BOT, ...CALL, ...CONNECTION },
  completeSession: { reactivateOnNewMessage: BOOLEAN, ...STOP_BOT, ...CALL, ...CONNECTION },
  WtsError: DETAILS,
  BulkError: { ...DETAILS, outcomes: ARRAY },
};

const RATE_LIMIT = { requests: NUMBER, periodMs: NUMBER };

/** The options that were given to `owner`, each read once; an object without a prototype. */
function checkedOptions(owner, options = {}) {
  check('options', options, OBJECT);
  checkIsNoOther(owner, options);
  return checkedMembers(`an option of ${owner}`, 'options', options, OPTIONS[owner]);
}

/** An object of some class, such as a signal, that has no option of its own was given in place of options. */
function checkIsNoOther(owner, options) {
  if (!isPlain(options) && Object.keys(options).length === 0) {
    const meant = SIGNAL.accepts(options) && Object.hasOwn(OPTIONS[owner], 'signal') ? 'Did you mean { signal }?' : '';
    const valid = meant || `Valid are ${Object.keys(OPTIONS[owner]).join(', ')}.`;
    throw new TypeError(`options must be an object with options, not an object of class ${classOf(options)}. ${valid}`);
  }
}

/** True for `{}` of any realm, and for objects without a prototype. */
function isPlain(object) {
  const prototype = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function classOf(object) {
  const { constructor: made } = Object.getPrototypeOf(object);
  return typeof made === 'function' ? made.name : 'its own';
}

function checkedRateLimit(limit, index) {
  const path = `options.rateLimits[${index}]`;
  const checked = checkedMembers('part of a rate limit', path, limit, RATE_LIMIT);
  for (const name of Object.keys(RATE_LIMIT)) {
    check(`${path}.${name}`, checked[name], RATE_LIMIT[name]);
  }
  return checked;
}

function checkedMembers(role, path, object, kinds) {
  check(path, object, OBJECT);
  for (const name of Object.keys(object)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new TypeError(`${name} is not ${role}. ${hint(name, Object.keys(kinds))}`);
    }
  }
  // Own members alone, here and where it is read: what a library adds to Object.prototype is no option.
  const checked = { __proto__: null };
  for (const name of Object.keys(kinds)) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (value !== undefined) {
      check(`${path}.${name}`, value, kinds[name]);
      checked[name] = value;
    }
  }
  return checked;
}

/** Checks a session id or status; core refuses missing ones. */
function checkText(name, value) {
  if (value === undefined || value === null) {
    return;
  }
  check(name, value, STRING);
  if (!value.isWellFormed()) {
    throw new TypeError(`${name} has half a surrogate pair, which can't be sent`);
  }
}

function checkIterable(name, value) {
  check(name, value, ITERABLE);
}

/** One of the session ids of a bulk call, as an item of it. */
function checkedSessionId(sessionId, index) {
  checkOptionalString(`sessionIds[${index}]`, sessionId);
  return { sessionId };
}

/** One of the updates of a bulk call, as an item of it. */
function checkedUpdate(update, index) {
  check(`updates[${index}]`, update, OBJECT);
  const { sessionId, status } = update;
  checkOptionalString(`updates[${index}].sessionId`, sessionId);
  checkOptionalString(`updates[${index}].status`, status);
  return { sessionId, status };
}

function checkOptionalString(name, value) {
  if (value !== undefined && value !== null) {
    check(name, value, STRING);
  }
}

function check(name, value, kind) {
  if (!kind.accepts(value)) {
    // The value itself may be a secret.
    throw new TypeError(`${name} must be ${kind.expected}, not ${nameOfType(value)}`);
  }
}

function nameOfType(value) {
  if (value === undefined || value === null) {
    return String(value);
  }
  const name = Array.isArray(value) ? 'array' : typeof value;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function hint(name, valid) {
  const meant = valid.find((other) => isLike(plain(name), plain(other)));
  return meant === undefined ? `Valid are ${valid.join(', ')}.` : `Did you mean ${meant}?`;
}

function plain(name) {
  return name.toLowerCase().replaceAll(/[^a-z]/g, '');
}

function isLike(name, other) {
  return name.length > 2 && (other.includes(name) || name.includes(other) || distance(name, other) <= 2);
}

/** How many letters have to be changed, added or removed to turn `from` into `to`. */
function distance(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const change = row[column - 1] + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(change, row[column] + 1, next[column - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}

module.exports = { checkIterable, checkText, checkedOptions, checkedRateLimit, checkedSessionId, checkedUpdate };
