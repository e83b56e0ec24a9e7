import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installNode, pack, packageFolder, writeJson } from './install.mjs';
import { output, run } from './run.mjs';

const QUIET = {
  N8N_DIAGNOSTICS_ENABLED: 'false',
  N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
  N8N_TEMPLATES_ENABLED: 'false',
  N8N_PERSONALIZATION_ENABLED: 'false',
  N8N_HIRING_BANNER_ENABLED: 'false',
  N8N_DYNAMIC_BANNERS_ENABLED: 'false',
  N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
  N8N_VERIFIED_PACKAGES_ENABLED: 'false',
  N8N_REINSTALL_MISSING_PACKAGES: 'false',
};

/** An n8n with the node, credentials and workflows. It is the pattern of as many homes of n8n as are needed. */
export class N8n {
  #folder;
  #host;
  #homes = 0;
  tarballs;
  nodeFolder;

  static async install() {
    const folder = await mkdtemp(join(tmpdir(), 'wts-session-n8n-'));
    const n8n = new N8n(folder);
    n8n.#host = (await output(join(packageFolder, 'scripts/install-n8n'), [])).trim();
    n8n.tarballs = await pack(folder);
    n8n.nodeFolder = await installNode(n8n.tarballs, join(n8n.#pattern, '.n8n/nodes'));
    return n8n;
  }

  constructor(folder) {
    this.#folder = folder;
  }

  get #pattern() {
    return join(this.#folder, 'pattern');
  }

  /** A folder of one's own, which ends with this n8n. */
  async folder(name) {
    const path = join(this.#folder, name);
    await mkdir(path, { recursive: true });
    return path;
  }

  async import(credentials, workflows) {
    const credentialsFile = join(this.#folder, 'credentials.json');
    const workflowsFile = join(this.#folder, 'workflows.json');
    await writeJson(credentialsFile, credentials);
    await writeJson(workflowsFile, workflows);
    const env = environment(this.#pattern);
    await output(this.binary, ['import:credentials', `--input=${credentialsFile}`], { env });
    await output(this.binary, ['import:workflow', `--input=${workflowsFile}`], { env });
  }

  get binary() {
    return join(this.#host, 'node_modules/.bin/n8n');
  }

  /** The environment of an n8n in a home of its own. */
  async home(settings = {}) {
    this.#homes += 1;
    const home = join(this.#folder, `home-${this.#homes}`);
    const [from, to] = [this.#pattern, home].map((folder) => join(folder, '.n8n'));
    await mkdir(to, { recursive: true });
    await copyFile(join(from, 'database.sqlite'), join(to, 'database.sqlite'));
    await symlink(join(from, 'nodes'), join(to, 'nodes'));
    return environment(home, settings);
  }

  /** Executes a workflow from the command line. */
  async execute(id, settings) {
    const env = await this.home(settings);
    const { stdout, stderr, code } = await run(this.binary, ['execute', `--id=${id}`, '--rawOutput'], { env });
    return new Execution(code, stdout, stderr);
  }

  async remove() {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function environment(home, settings = {}) {
  const { PATH, HOME } = process.env;
  return {
    PATH,
    HOME,
    ...QUIET,
    DB_TYPE: 'sqlite',
    N8N_USER_FOLDER: home,
    N8N_ENCRYPTION_KEY: 'only-for-tests',
    N8N_EXPRESSION_ENGINE: 'legacy',
    // `execute` prints its result through the log.
    N8N_LOG_LEVEL: 'info',
    N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'true',
    ...settings,
  };
}

/** What `n8n execute` said. */
class Execution {
  constructor(code, stdout, stderr) {
    this.code = code;
    this.output = stdout + stderr;
    const json = /^\{\n[\s\S]*\n\}$/m.exec(stdout)?.[0];
    if (json === undefined) {
      throw new Error(`n8n execute ended with ${code} and gave no result\n${this.output}`);
    }
    this.result = JSON.parse(json).data.resultData;
  }

  /** The error that ended the workflow. */
  get error() {
    return this.result.error;
  }

  /** The items that a node gave at an output. */
  items(node, output = 0) {
    return this.result.runData[node][0].data.main[output] ?? [];
  }

  json(node, output = 0) {
    return this.items(node, output).map(({ json }) => json);
  }

  /** How long a node took, in ms. */
  time(node) {
    return this.result.runData[node][0].executionTime;
  }
}

/** A port that nobody has. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
