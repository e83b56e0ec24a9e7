'use strict';

const platforms = require('./platforms.json');

const BINARY = '../wts-session.node';

/** Loads the native half: the one that was built here, or else that of the package for this platform. */
function load() {
  const packages = platforms
    .filter(({ os, cpu }) => os === process.platform && cpu === process.arch)
    .map(({ name }) => `@wts-session/${name}`);
  const failures = [];
  // There may be packages for two C libraries, of which one does not load here.
  for (const place of [BINARY, ...packages]) {
    try {
      return require(place);
    } catch (failure) {
      failures.push(failure);
    }
  }
  throw failures.find(({ code }) => code !== 'MODULE_NOT_FOUND') ?? missing(packages, failures[0]);
}

function missing(packages, cause) {
  const onNpm =
    packages.length === 0
      ? 'There is none on npm.'
      : `On npm it is an optional dependency, which must not be left out: ${packages.join(' or ')}.`;
  const folder = require('node:path').dirname(__dirname);
  return new Error(
    `wts-session has no native library for ${process.platform}-${process.arch} here. ` +
      `${onNpm} In a checkout build it, which needs Rust (https://rustup.rs): npm run build --prefix ${JSON.stringify(folder)}`,
    { cause },
  );
}

module.exports = load();
