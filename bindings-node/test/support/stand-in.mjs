import './environment.mjs';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const tests = new URL('../../../tests/', import.meta.url);
const binary = process.env.WTS_STAND_IN ?? fileURLToPath(new URL('../target/debug/wts-stand-in', tests));

const ARGUMENTS = ['--json', '--stay-with-stdin'];
const SCRIPTS = ['vectors', 'http'].flatMap((folder) => ['--scripts', fileURLToPath(new URL(folder, tests))]);

/** A stand-in of the API. It ends with `stop`, or else with the process that started it. */
export class StandIn {
  #process;

  static async start({ withSuite = false, limit = '100000/5', extra = [] } = {}) {
    const args = [...ARGUMENTS, '--limit', limit, ...(withSuite ? SCRIPTS : []), ...extra];
    const child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const standIn = new StandIn(child);
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    standIn.addresses = JSON.parse(line);
    return standIn;
  }

  constructor(child) {
    this.#process = child;
  }

  /** What a client needs to find the stand-in. */
  get connection() {
    return { apiKey: this.addresses.token, baseUrl: this.addresses.api };
  }

  /** Says what is to be done with the requests for this session. */
  async script(sessionId, ...steps) {
    const body = JSON.stringify({ session_id: sessionId, steps });
    const answer = await fetch(this.#url('scripts'), { method: 'POST', body });
    assert.equal(answer.status, 204, await answer.text());
  }

  /** Lets the answers begin that the session's script holds. */
  async release(sessionId) {
    const answer = await fetch(this.#url(`releases?${new URLSearchParams({ session_id: sessionId })}`), {
      method: 'POST',
    });
    assert.equal(answer.status, 204, await answer.text());
  }

  /** The requests for this session, as soon as there are so many. */
  async requests(sessionId, atLeast = 0) {
    const requests = await this.#get('requests', { session_id: sessionId, at_least: atLeast, wait_ms: 5000 });
    assert.ok(requests.length >= atLeast, `${requests.length} requests for ${sessionId}`);
    return requests;
  }

  /** As `requests`, but this thread does nothing else meanwhile. */
  holdUntilRequests(sessionId, atLeast) {
    const query = new URLSearchParams({ session_id: sessionId, at_least: atLeast, wait_ms: 5000 });
    const url = this.#url(`requests?${query}`);
    const source = `fetch(${JSON.stringify(url)}).then((answer) => answer.text()).then(console.log)`;
    const requests = JSON.parse(execFileSync(process.execPath, ['-e', source], { encoding: 'utf8' }));
    assert.ok(requests.length >= atLeast, `${requests.length} requests for ${sessionId}`);
  }

  /** Awaits that the API has at most so many open connections. */
  async connectionsAtMost(limit) {
    const { open } = await this.#get('connections', { at_most: limit, wait_ms: 5000 });
    assert.ok(open <= limit, `${open} connections are open`);
  }

  connections() {
    return this.#get('connections', {});
  }

  /** The requests for all sessions. */
  allRequests() {
    return this.#get('requests', {});
  }

  /** What each of the account's limits has seen. */
  windows() {
    return this.#get('windows', {});
  }

  async stop() {
    const ended = once(this.#process, 'close');
    this.#process.stdin.end();
    await ended;
  }

  async #get(name, query) {
    const answer = await fetch(this.#url(`${name}?${new URLSearchParams(query)}`));
    assert.equal(answer.status, 200);
    return answer.json();
  }

  #url(path) {
    return `${this.addresses.api}/_stand-in/${path}`;
  }
}
