'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { request } = require('node:http');
const { text } = require('node:stream/consumers');
const { findProgram } = require('./program.cjs');

class StandIn {
  #process;
  #ended;

  constructor(process, { token, tokens: _tokens, sessions, ca_file: caFile, ...addresses }) {
    this.#process = process;
    this.#ended = once(process, 'exit');
    this.url = addresses.api;
    this.token = token;
    this.environment = { WTS_BASE_URL: this.url, WTS_API_KEY: token };
    this.addresses = addresses;
    this.sessions = sessions;
    this.caFile = caFile;
  }

  async script(sessionId, ...steps) {
    await this.#tell('scripts', JSON.stringify({ session_id: sessionId, steps }));
  }

  async release(sessionId) {
    await this.#tell(`releases?${new URLSearchParams({ session_id: sessionId })}`);
  }

  async requests(sessionId, { atLeast = 0, timeoutMs = 5000 } = {}) {
    const query = new URLSearchParams({ at_least: atLeast, wait_ms: timeoutMs });
    if (sessionId !== undefined) query.set('session_id', sessionId);
    const { status, content } = await this.#ask('GET', `requests?${query}`);
    if (status !== 200) throw new TypeError(content.trim());
    const requests = JSON.parse(content).map(received);
    if (requests.length < atLeast) {
      const what = sessionId === undefined ? 'in all' : `for ${JSON.stringify(sessionId)}`;
      throw new Error(`${requests.length} requests ${what} arrived within ${timeoutMs} ms, not ${atLeast}.`);
    }
    return requests;
  }

  async close() {
    this.#process.ref();
    this.#process.stdin.end();
    await this.#ended;
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  async #tell(path, body) {
    const { status, content } = await this.#ask('POST', path, body);
    if (status !== 204) throw new TypeError(content.trim());
  }

  /** Asks the control surface: by `node:http`, because tests often replace `fetch`. */
  async #ask(method, path, body) {
    const asking = request(`${this.url}/_stand-in/${path}`, { method, agent: false });
    asking.end(body);
    const [answer] = await once(asking, 'response');
    return { status: answer.statusCode, content: await text(answer) };
  }
}

function received({ session_id: sessionId, body_text: bodyText, at_ms: atMs, ...rest }) {
  return { sessionId, ...rest, bodyText, atMs };
}

async function startStandIn(...options) {
  const program = findProgram();
  const child = spawn(program, ['--json', '--stay-with-stdin', ...options], { windowsHide: true });
  // Where it has ended, nobody reads what is closed here.
  child.stdin.on('error', () => {});
  const standIn = new StandIn(child, JSON.parse(await firstLine(child, program)));
  // A stand-in that is left running keeps no process alive.
  for (const handle of [child, ...child.stdio]) handle.unref();
  return standIn;
}

function firstLine(child, program) {
  return new Promise((resolve, reject) => {
    let line = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (part) => {
      line += part;
      if (line.endsWith('\n')) resolve(line);
    });
    child.stderr.setEncoding('utf8').on('data', (part) => {
      complaints += part;
    });
    child.once('error', (error) => reject(new Error(`${program} can not be started: ${error.message}.`)));
    child.once('close', () => reject(new Error(complaints.trim() || `${program} ended at once.`)));
  });
}

module.exports = { startStandIn };
