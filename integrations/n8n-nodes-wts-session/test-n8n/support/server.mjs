import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './n8n.mjs';

/** Who n8n takes the browser for: a log-in is bound to it. */
export const BROWSER_ID = 'tests';

const OWNER = { email: 'owner@example.com', firstName: 'Ana', lastName: 'Lima', password: 'Only-for-tests-1' };

/** A running n8n, at which its owner has logged in. */
export class Server {
  #process;
  #ended;
  #cookie;
  #log = '';
  url;

  static async start(n8n) {
    const port = await freePort();
    const env = await n8n.home({
      N8N_PORT: String(port),
      N8N_LISTEN_ADDRESS: '127.0.0.1',
      N8N_RUNNERS_BROKER_PORT: String(await freePort()),
      N8N_SECURE_COOKIE: 'false',
      N8N_COMMUNITY_PACKAGES_ALLOW_TOOL_USAGE: 'true',
    });
    const server = new Server(spawn(n8n.binary, ['start'], { env, stdio: ['ignore', 'pipe', 'pipe'] }), port);
    await server.#printed('Editor is now accessible');
    await server.#logIn();
    return server;
  }

  constructor(child, port) {
    this.#process = child;
    this.#ended = once(child, 'close');
    this.url = `http://127.0.0.1:${port}`;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#log += text;
      });
    }
  }

  /** What a browser has to know to be logged in. */
  get cookie() {
    const [name, value] = this.#cookie.split('=');
    return { name, value };
  }

  /** Begins an execution by its trigger, as the editor does; gives its id. */
  async run(workflow, trigger) {
    const { data: workflowData } = await this.request('GET', `/rest/workflows/${workflow}`);
    const { data } = await this.request('POST', `/rest/workflows/${workflow}/run`, {
      workflowData,
      triggerToStartFrom: { name: trigger },
    });
    return data.executionId;
  }

  /** The answer to a request of n8n's own interface. */
  async request(method, path, body) {
    const headers = { 'content-type': 'application/json', cookie: this.#cookie, 'browser-id': BROWSER_ID };
    const answer = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    }
    return JSON.parse(text);
  }

  async stop() {
    this.#process.kill();
    await this.#ended;
  }

  async #printed(text) {
    while (!this.#log.includes(text)) {
      if (this.#process.exitCode !== null) {
        throw new Error(`n8n ended with ${this.#process.exitCode}\n${this.#log}`);
      }
      await Promise.race([once(this.#process.stdout, 'data'), this.#ended]);
    }
  }

  async #logIn() {
    const answer = await fetch(`${this.url}/rest/owner/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'browser-id': BROWSER_ID },
      body: JSON.stringify(OWNER),
    });
    if (!answer.ok) {
      throw new Error(`the owner could not be set up: ${await answer.text()}`);
    }
    this.#cookie = answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ');
  }
}
