'use strict';

const { debuglog } = require('node:util');
const { warn } = require('./warning.cjs');

/** Writes to the standard error if the environment variable `NODE_DEBUG` asks for it. */
const debug = debuglog('wts-session');
// Bun does not say.
const isDebugging = debug.enabled ?? /\bwts-session\b/i.test(process.env.NODE_DEBUG);

/** True if anybody reads the lines: `logger`, or who set `NODE_DEBUG`. */
function isLogged(logger) {
  return logger !== undefined || isDebugging;
}

/** Writes `lines`, each in the async context of its call, which `contextOf` returns. */
function log(lines, logger, contextOf) {
  for (const line of lines) {
    print(line.text);
    if (logger !== undefined) {
      const context = contextOf(line.call);
      if (context === undefined) {
        write(line, logger);
      } else {
        context.runInAsyncScope(write, undefined, line, logger);
      }
    }
  }
}

/** What the standard error of the program throws is not the fault of the call either. */
function print(text) {
  try {
    debug('%s', text);
  } catch (error) {
    warn('NODE_DEBUG=wts-session failed to write', error);
  }
}

/** What the logger throws, at once or later, is not the fault of the call. */
function write({ text, isWarning }, logger) {
  try {
    const written = isWarning ? logger.warn(text) : logger.debug(text);
    if (typeof written?.then === 'function') {
      written.then(undefined, warnOfLogger);
    }
  } catch (error) {
    warnOfLogger(error);
  }
}

function warnOfLogger(error) {
  warn('The logger of wts-session failed', error);
}

module.exports = { isLogged, log };
