#!/usr/bin/env node
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const { findProgram } = require('../lib/program.cjs');

try {
  run(findProgram());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Runs the program in this one's place, as far as Node can. */
function run(program) {
  const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.once('error', (error) => {
    console.error(`${program} can not be started: ${error.message}.`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
