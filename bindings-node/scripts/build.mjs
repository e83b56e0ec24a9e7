// Builds the native half with cargo and puts it beside this package's JavaScript. Needs nothing but Node and Rust.
//
//   node scripts/build.mjs          optimised, as users want it
//   node scripts/build.mjs --dev    quickly built, as the tests want it; WTS_SESSION_BUILD=dev does the same
//   node scripts/build.mjs FILE     puts it there instead

import { spawn } from 'node:child_process';
import { copyFile, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const PACKAGE = 'wts-session-node';
const folder = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({ options: { dev: { type: 'boolean' } }, allowPositionals: true });
const [target = fileURLToPath(new URL('../wts-session.node', import.meta.url))] = positionals;
const isDev = values.dev || process.env.WTS_SESSION_BUILD === 'dev';

const CARGO_IS_MISSING = `wts-session is built from source here, which needs Rust: cargo was not found.
Install Rust from https://rustup.rs, then run \`npm run build\` in ${folder}`;

try {
  await install(await compile());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** Runs cargo and gives the path of the library that it made. */
async function compile() {
  const args = ['build', '--package', PACKAGE, '--message-format', 'json-render-diagnostics'];
  const cargo = spawn('cargo', isDev ? args : [...args, '--release', '--locked'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve, reject) => {
    cargo.once('error', (error) => reject(error.code === 'ENOENT' ? new Error(CARGO_IS_MISSING) : error));
    cargo.once('close', resolve);
  });
  const [library, status] = await Promise.all([libraryNamedIn(cargo.stdout), ended]);
  if (status !== 0) {
    throw new Error(`wts-session could not be built: cargo ended with ${status}.`);
  }
  return library;
}

/** Finds the library in cargo's messages, one JSON object a line. */
async function libraryNamedIn(messages) {
  let library;
  for await (const line of createInterface({ input: messages })) {
    const message = JSON.parse(line);
    if (message.reason === 'compiler-artifact' && message.target.name === PACKAGE.replaceAll('-', '_')) {
      library = message.filenames[0];
    }
  }
  return library;
}

/** Puts the library in place by a rename, so that a process that runs the old one keeps it. */
async function install(library) {
  const copy = `${target}.${process.pid}`;
  try {
    await copyFile(library, copy);
    await rename(copy, target);
  } finally {
    await rm(copy, { force: true });
  }
}
