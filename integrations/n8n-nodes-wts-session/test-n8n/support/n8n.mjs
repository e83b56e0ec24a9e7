import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import { Execution } from './execution.mjs';
import { freePort } from './ports.mjs';
import { Process } from './process.mjs';

/** Who n8n takes the browser for: a log-in is bound to it. */
export const BROWSER_ID = 'tests';

const OWNER = { email: 'owner@example.com', firstName: 'Ana', lastName: 'Lima', password: 'Only-for-tests-1' };
/** On a busy machine n8n takes its database for lost now and then; it has done nothing then. */
const DATABASE_NOT_READY = 503;
const UNDER_WAY = ['new', 'running', 'waiting'];

/** A running n8n, at which its owner has logged in. */
export class N8n {
  #process;
  #cookie;
  #parse;
  /** The ids that n8n has given to credentials and workflows, by ours. */
  #ids = new Map();
  url;

  static async start(home, settings = {}) {
    const port = await freePort();
    const env = await home.environment({
      N8N_PORT: String(port),
      N8N_LISTEN_ADDRESS: '127.0.0.1',
      N8N_SECURE_COOKIE: 'false',
      N8N_COMMUNITY_PACKAGES_ALLOW_TOOL_USAGE: 'true',
      ...settings,
    });
    const n8n = new N8n();
    n8n.url = `http://127.0.0.1:${port}`;
    // n8n keeps executions in a form of its own.
    n8n.#parse = createRequire(home.installed('n8n/package.json'))('flatted').parse;
    n8n.#process = new Process(home.binary, ['start'], env);
    try {
      await n8n.#process.prints('Editor is now accessible');
      await n8n.#logIn(home);
    } catch (error) {
      await n8n.#process.kill();
      throw error;
    }
    return n8n;
  }

  async #logIn(home) {
    const { emailOrLdapLoginId, ...owner } = { ...OWNER, emailOrLdapLoginId: OWNER.email };
    const [path, body] = home.hasOwner
      ? ['/rest/login', { emailOrLdapLoginId, password: owner.password }]
      : ['/rest/owner/setup', owner];
    const answer = await this.#fetch('POST', path, body);
    home.hasOwner = true;
    this.#cookie = answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ');
  }

  /** What a browser has to know to be logged in. */
  get cookie() {
    const [name, value] = this.#cookie.split('=');
    return { name, value };
  }

  /** Takes in credentials and workflows. */
  async import(credentials, workflows) {
    for (const { id, ...credential } of credentials) {
      this.#ids.set(id, (await this.request('POST', '/rest/credentials', credential)).data.id);
    }
    for (const { id, ...workflow } of workflows) {
      const nodes = workflow.nodes.map((node) => this.#withIds(node));
      this.#ids.set(id, (await this.request('POST', '/rest/workflows', { ...workflow, nodes })).data.id);
    }
  }

  #withIds({ credentials = {}, ...node }) {
    const renamed = Object.entries(credentials).map(([type, used]) => [type, { ...used, id: this.idOf(used.id) }]);
    return { ...node, credentials: Object.fromEntries(renamed) };
  }

  /** What n8n calls that which is called so here. */
  idOf(id) {
    return this.#ids.get(id) ?? id;
  }

  /** Lets the triggers of a workflow of n8n 2 start it. */
  async publish(id) {
    const path = `/rest/workflows/${this.idOf(id)}`;
    const { versionId } = (await this.request('GET', path)).data;
    await this.request('POST', `${path}/activate`, { versionId });
  }

  /** Executes a workflow. */
  async execute(id, trigger = 'Start') {
    return this.finished(await this.run(id, trigger));
  }

  /** Begins an execution by its trigger, as the editor does; gives its id. */
  async run(id, trigger = 'Start') {
    const path = `/rest/workflows/${this.idOf(id)}`;
    const { data: workflowData } = await this.request('GET', path);
    const body = { workflowData, triggerToStartFrom: { name: trigger } };
    return (await this.request('POST', `${path}/run`, body)).data.executionId;
  }

  /** What came of an execution, when it has ended. */
  async finished(execution) {
    for (;;) {
      const { data } = await this.request('GET', `/rest/executions/${execution}`);
      // n8n 1 stores how it ended before it stores what came of it.
      const result = UNDER_WAY.includes(data.status) ? undefined : this.#parse(data.data)?.resultData;
      if (result !== undefined) {
        return new Execution(data.status, result, data.data + this.#process.log);
      }
      await setTimeout(100);
    }
  }

  /** The answer to a request of n8n's own interface. */
  async request(method, path, body) {
    return (await this.#fetch(method, path, body)).json();
  }

  async #fetch(method, path, body) {
    // A server that was busy for a while resets idle connections, also one that a request is just being sent on.
    const connection = { connection: 'close', 'content-type': 'application/json' };
    const headers = { ...connection, cookie: this.#cookie ?? '', 'browser-id': BROWSER_ID };
    const answer = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
    if (answer.status === DATABASE_NOT_READY) {
      await setTimeout(100);
      return this.#fetch(method, path, body);
    }
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    }
    return answer;
  }

  async stop() {
    await this.#process.stop();
  }
}
