'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const VARIABLE = 'WTS_STAND_IN';

/** The path of the program: that of `WTS_STAND_IN`, or else the one in the package for this platform. */
function findProgram() {
  const chosen = process.env[VARIABLE];
  if (chosen) {
    if (existsSync(chosen)) return chosen;
    throw new Error(`There is no program at ${JSON.stringify(chosen)}, which the variable ${VARIABLE} names.`);
  }
  const name = packageName();
  try {
    return join(require.resolve(`${name}/package.json`), '..', program());
  } catch (cause) {
    throw new Error(missing(name), { cause });
  }
}

function program() {
  return process.platform === 'win32' ? 'wts-stand-in.exe' : 'wts-stand-in';
}

/** The name of the package that has the program for this platform, if there is one. */
function packageName() {
  const abis = { linux: linuxAbi, win32: () => '-msvc' };
  return `@wts-session/stand-in-${process.platform}-${process.arch}${abis[process.platform]?.() ?? ''}`;
}

function linuxAbi() {
  const header = process.report?.getReport?.()?.header;
  return header && !header.glibcVersionRuntime ? '-musl' : '-gnu';
}

function missing(name) {
  const { optionalDependencies = {} } = require('../package.json');
  const known = Object.keys(optionalDependencies);
  const advice = known.includes(name)
    ? 'npm installs it by itself, as an optional dependency: install wts-stand-in again on this platform, without --omit=optional.'
    : `There are programs for: ${known.map((each) => each.replace('@wts-session/stand-in-', '')).join(', ') || 'none'}.`;
  return (
    `wts-stand-in has no program for this platform: the package ${name} is not installed. ${advice} ` +
    `Or build it, which needs Rust (cargo install wts-stand-in), and set the variable ${VARIABLE} to its path.`
  );
}

module.exports = { findProgram };
