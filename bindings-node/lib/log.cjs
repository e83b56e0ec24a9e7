'use strict';

const { debuglog, inspect } = require('node:util');

/** Writes to the standard error where the environment variable `NODE_DEBUG` asks for it. */
const debug = debuglog('wts-session');
// Bun does not tell.
const isDebugging = debug.enabled ?? /\bwts-session\b/i.test(process.env.NODE_DEBUG);

/** Whether anybody hears of what happens to calls, `logger` or else. */
function isHeard(logger) {
  return logger !== undefined || isDebugging;
}

/** Tells whoever hears of it. */
function tell(lines, logger) {
  for (const { text, isWarning } of lines) {
    debug('%s', text);
    try {
      if (isWarning) {
        logger?.warn(text);
      } else {
        logger?.debug(text);
      }
    } catch (error) {
      // It is no fault of the call's.
      process.emitWarning(`The logger of wts-session failed: ${inspect(error)}`);
    }
  }
}

module.exports = { isHeard, tell };
