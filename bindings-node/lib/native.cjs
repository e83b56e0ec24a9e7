'use strict';

const { dirname } = require('node:path');

/** The platforms that npm has packages for. */
const PACKAGED = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-x64'];

/**
 * Loads the native half: the one that was built here, or that of the package for this platform.
 *
 * Bundlers and tracers must see each name, and know that it may be missing: so each is written out, directly in a `try`.
 */
function load() {
  const platform = `${process.platform}-${process.arch}`;
  const failures = [];
  try {
    return require('../wts-session.node');
  } catch (failure) {
    failures.push(failure);
  }
  try {
    switch (platform) {
      case 'darwin-arm64':
        return require('@wts-session/darwin-arm64');
      case 'darwin-x64':
        return require('@wts-session/darwin-x64');
      case 'linux-arm64':
        return require('@wts-session/linux-arm64-gnu');
      case 'linux-x64':
        return require('@wts-session/linux-x64-gnu');
      case 'win32-x64':
        return require('@wts-session/win32-x64-msvc');
    }
  } catch (failure) {
    failures.push(failure);
  }
  // Linux has two C libraries; both packages may be installed, and one of them loads.
  try {
    switch (platform) {
      case 'linux-arm64':
        return require('@wts-session/linux-arm64-musl');
      case 'linux-x64':
        return require('@wts-session/linux-x64-musl');
    }
  } catch (failure) {
    failures.push(failure);
  }
  const explain = PACKAGED.includes(platform) ? missing : unsupported;
  throw failures.find((failure) => !isMissing(failure)) ?? explain(platform, failures);
}

/** True if the file is not there, in the words of Node or of a bundler; false if it is there and does not load. */
function isMissing({ code, message }) {
  return code === 'MODULE_NOT_FOUND' || /cannot find module|dynamic require/i.test(message);
}

function missing(platform, failures) {
  const tried = failures.map(({ message }) => message.split('\n', 1)[0]).join('; ');
  return new Error(
    `wts-session has no native library for ${platform} here (${tried}). ` +
      'A bundler has to leave wts-session out of its bundle, or copy the .node file: see "Bundlers" in its README. ' +
      'From npm it comes as an optional dependency, which must not be left out. ' +
      `In a checkout build it, which needs Rust (https://rustup.rs): npm run build --prefix ${JSON.stringify(dirname(__dirname))}`,
    { cause: failures.at(-1) },
  );
}

function unsupported(platform, failures) {
  return new Error(
    `wts-session has no package for ${platform}, only for ${PACKAGED.join(', ')}. ` +
      'Build it in the folder bindings-node of a checkout, which needs Rust (https://rustup.rs): npm run build',
    { cause: failures.at(-1) },
  );
}

module.exports = load();
