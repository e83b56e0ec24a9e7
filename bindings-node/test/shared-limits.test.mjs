import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from 'wts-session';
import { runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

let standIn;
let folder;

before(async () => {
  standIn = await StandIn.start({ limit: '20/1.5', extra: ['--create-unknown'] });
  folder = await mkdtemp(join(tmpdir(), 'wts-shared-'));
});
after(async () => {
  await standIn.stop();
  await rm(folder, { recursive: true });
});

async function checkWindow() {
  const [{ peak, refused }] = await standIn.windows();
  assert.ok(peak <= 20 && refused === 0, `${peak} requests in a window, ${refused} refused`);
}

const environment = (ledger) => ({
  WTS_API_KEY: standIn.connection.apiKey,
  WTS_BASE_URL: standIn.connection.baseUrl,
  WTS_SHARED_LIMITS: `file://${folder}/${ledger}`,
});

describe('processes that share their limits', () => {
  it('workers of a cluster', async () => {
    cluster.setupPrimary({ exec: fileURLToPath(new URL('support/shared-limits-worker.mjs', import.meta.url)) });
    const done = Array.from({ length: 3 }, async () => {
      const worker = cluster.fork(environment('cluster'));
      const [[count], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      assert.equal(code, 0);
      return count;
    });
    assert.deepEqual(await Promise.all(done), [20, 20, 20]);
    await checkWindow();
  });

  it('short runs one after the other', async () => {
    const program = `
      import { Client } from 'wts-session';
      const client = new Client({ rateLimits: [{ requests: 20, periodMs: 1500 }] });
      for (const number of Array(8).keys()) await client.completeSession('short-' + number);
    `;
    for (let runs = 0; runs < 5; runs += 1) {
      // What a run does not tell before it ends counts for its time limits, 32 s here: then this would take minutes.
      const { code, stderr } = await runModule(program, { env: environment('short') });
      assert.equal(code, 0, stderr);
    }
    await checkWindow();
  });

  it('two in n8n, in its queue mode', async () => {
    const server = createServer((socket) => socket.end('-ERR not a Redis\r\n'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const queue = {
      EXECUTIONS_MODE: 'queue',
      QUEUE_BULL_REDIS_HOST: '127.0.0.1',
      QUEUE_BULL_REDIS_PORT: String(server.address().port),
    };
    Object.assign(process.env, queue);
    const call = (client) => client.completeSession('n8n');
    await assert.rejects(call(new Client({ ...standIn.connection, sharedLimits: 'n8n' })), {
      code: 'limits_unavailable',
    });
    process.env.EXECUTIONS_MODE = 'regular';
    assert.equal((await call(new Client({ ...standIn.connection, sharedLimits: 'n8n' }))).success, true);
    for (const name of Object.keys(queue)) {
      delete process.env[name];
    }
    server.close();
  });
});

describe('without the ledger', () => {
  const gone = 'redis://:pn_CANARY@127.0.0.1:1';

  it('nothing is sent', async () => {
    const lines = [];
    const logger = { debug: () => {}, warn: (line) => lines.push(line) };
    const client = new Client({ ...standIn.connection, sharedLimits: gone, totalTimeoutMs: 1500, logger });
    await assert.rejects(client.completeSession('gone'), (error) => {
      assert.deepEqual([error.code, error.attempts, error.retryable], ['limits_unavailable', 0, true]);
      assert.ok(error.message.includes('no connection to 127.0.0.1:1') && !error.message.includes('CANARY'));
      return true;
    });
    assert.deepEqual(await standIn.requests('gone'), []);
    assert.ok(lines.some((line) => line.includes("the ledger can't be used")) && !lines.join().includes('CANARY'));
  });

  it('a share is used', async () => {
    const client = new Client({
      ...standIn.connection,
      sharedLimits: gone,
      sharedLimitsFallback: 0.5,
      rateLimits: [{ requests: 10, periodMs: 200 }],
    });
    assert.equal((await client.completeSession('share')).success, true);
  });
});
