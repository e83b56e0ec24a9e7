'use strict';

const { inspect } = require('node:util');

/** Reports what user code threw where no caller can catch it. It never throws itself. */
function warn(headline, thrown) {
  try {
    process.emitWarning(`${headline}: ${described(thrown)}`);
  } catch {
    // Somebody has replaced process.emitWarning.
  }
}

function described(thrown) {
  try {
    return inspect(thrown);
  } catch {
    // It, or the program's Error.prepareStackTrace, throws when it is looked at.
    return 'a value that cannot be shown';
  }
}

module.exports = { warn };
