import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Process } from './process.mjs';
import { output } from './run.mjs';

const DEBIAN = '/usr/lib/postgresql';
const ROOT = 0;

/** A PostgreSQL of the tests' own, at a socket in its folder. */
export class Postgres {
  #process;
  #folder;

  static async start() {
    const postgres = new Postgres();
    const folder = await mkdtemp(join(tmpdir(), 'wts-session-postgres-'));
    postgres.#folder = folder;
    const bin = join(DEBIAN, (await readdir(DEBIAN)).sort((a, b) => b - a)[0], 'bin');
    const asUser = process.getuid() === ROOT ? await notAsRoot(folder) : [];
    const data = join(folder, 'data');
    const initdb = [join(bin, 'initdb'), '-D', data, '-U', 'n8n', '-A', 'trust', '--no-sync'];
    await output('setpriv', [...asUser, '--', ...initdb], { cwd: folder });
    const args = ['-D', data, '-k', folder, '-h', '', '-F'];
    postgres.#process = new Process(join(bin, 'postgres'), args, process.env, asUser);
    await postgres.#process.prints('ready to accept connections');
    return postgres;
  }

  /** The settings of an n8n that keeps all there. */
  get settings() {
    return {
      DB_TYPE: 'postgresdb',
      DB_POSTGRESDB_HOST: this.#folder,
      DB_POSTGRESDB_USER: 'n8n',
      DB_POSTGRESDB_DATABASE: 'postgres',
    };
  }

  async stop() {
    await this.#process.stop('SIGINT');
    await rm(this.#folder, { recursive: true });
  }
}

/** PostgreSQL refuses to be root: its package has made a user for it. */
async function notAsRoot(folder) {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number(await output('id', [flag, 'postgres']))),
  );
  await chown(folder, uid, gid);
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}
