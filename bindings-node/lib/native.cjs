'use strict';

const BINARY = '../wts-session.node';

/** Loads the native half. */
function load() {
  try {
    return require(BINARY);
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') {
      throw cause;
    }
    const folder = require('node:path').dirname(__dirname);
    throw new Error(
      `wts-session has no native library for ${process.platform}-${process.arch} here. ` +
        `Build it, which needs Rust (https://rustup.rs): npm run build --prefix ${JSON.stringify(folder)}`,
      { cause },
    );
  }
}

module.exports = load();
