import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installNode, pack, packageFolder } from './install.mjs';
import { freePort } from './ports.mjs';
import { output } from './run.mjs';
import { major } from './versions.mjs';

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

/** A folder in which n8n has the node installed, and keeps what it keeps. */
export class Home {
  #folder;
  #host;
  tarballs;
  nodeFolder;
  /** Whether somebody can log in. */
  hasOwner = false;

  static async make() {
    const home = new Home(await mkdtemp(join(tmpdir(), 'wts-session-n8n-')));
    home.#host = (await output(join(packageFolder, 'scripts/install-n8n'), [String(major)])).trim();
    home.tarballs = await pack(home.#folder);
    home.nodeFolder = await installNode(home.tarballs, join(home.#folder, '.n8n/nodes'));
    return home;
  }

  constructor(folder) {
    this.#folder = folder;
  }

  /** A folder of one's own, which ends with this home. */
  async folder(name) {
    const path = join(this.#folder, name);
    await mkdir(path, { recursive: true });
    return path;
  }

  get binary() {
    return this.installed('.bin/n8n');
  }

  /** The path of what n8n has in its node_modules. */
  installed(path) {
    return join(this.#host, 'node_modules', path);
  }

  /** The environment of a process of n8n. */
  async environment(settings = {}) {
    const { PATH, HOME } = process.env;
    return {
      // n8n starts its task runner with the `node` that it finds.
      PATH: `${this.installed('node/bin')}:${PATH}`,
      HOME,
      ...QUIET,
      DB_TYPE: 'sqlite',
      N8N_USER_FOLDER: this.#folder,
      N8N_ENCRYPTION_KEY: 'only-for-tests',
      N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'true',
      N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
      // The other engine needs a native module, and ends n8n with SIGSEGV now and then.
      N8N_EXPRESSION_ENGINE: 'legacy',
      // Each process of n8n 2 listens there.
      N8N_RUNNERS_BROKER_PORT: String(await freePort()),
      ...settings,
    };
  }

  async remove() {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
