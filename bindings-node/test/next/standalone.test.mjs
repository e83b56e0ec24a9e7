// A Next server that is built with `output: 'standalone'` and moved away from its node_modules: `make test-bundlers`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, it } from 'node:test';
import { installRelease, succeeds } from '../support/consumer.mjs';
import { packageFolder } from '../support/run.mjs';
import { StandIn } from '../support/stand-in.mjs';

const installed = join(packageFolder, '../target/node-next');
const standIn = await StandIn.start();
const env = { WTS_API_KEY: standIn.addresses.token, WTS_BASE_URL: standIn.addresses.api, NEXT_TELEMETRY_DISABLED: '1' };
let folder;

before(async () => {
  await installRelease(installed);
  for (const name of ['app', 'next.config.mjs']) {
    await cp(join(packageFolder, 'test/next', name), join(installed, name), { recursive: true });
  }
  const next = join(installed, 'node_modules/next/dist/bin/next');
  await succeeds(process.execPath, [next, 'build'], { cwd: installed, env, timeout: 600_000 });
  folder = await mkdtemp(join(tmpdir(), 'wts-session-next-'));
  await cp(join(installed, '.next/standalone'), folder, { recursive: true });
});

after(async () => {
  await standIn.stop();
  await rm(folder, { recursive: true, force: true });
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return String(port);
}

it('has the library, and makes calls', async () => {
  const address = { PORT: await freePort(), HOSTNAME: '127.0.0.1' };
  const server = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, ...env, ...address },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      if (line.includes('Ready')) {
        break;
      }
    }
    const answer = await fetch(`http://127.0.0.1:${address.PORT}/`);
    assert.deepEqual(await answer.json(), { success: true });
  } finally {
    server.kill('SIGKILL');
  }
});
