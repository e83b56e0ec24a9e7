// The stand-in as a test meets it. The program is the one that was built in the repository.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { newFolder, packageFolder, program, removed, run } from './support.mjs';

process.env.WTS_STAND_IN = program;
const { startStandIn } = await import('wts-stand-in');

let folder;
before(async () => {
  folder = await newFolder();
});
after(() => removed(folder));

/** Status and body of the answer to a request of a client. */
async function complete({ url, token }, sessionId) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const path = `/chat/v1/session/${sessionId}/complete`;
  const answer = await fetch(`${url}${path}`, { method: 'PUT', headers, body: '{}' });
  return [answer.status, await answer.text()];
}

/** Awaits that nobody listens at an address any more: it refuses, or it breaks off. */
async function isGone(url) {
  const { hostname, port } = new URL(url);
  for (;;) {
    const socket = connect({ host: hostname, port });
    const [error] = await Promise.race([once(socket, 'close').then(() => []), failure(socket)]);
    if (error?.code === 'ECONNREFUSED') return;
  }
}

/** What a connection ends with: it lasts as long as who is at the other end. */
const failure = (socket) => new Promise((resolve) => socket.once('error', (error) => resolve([error])));

describe('a stand-in', () => {
  let standIn;
  before(async () => {
    standIn = await startStandIn();
  });
  after(() => standIn.close());

  it('answers as the API does', async () => {
    const [status, session] = await complete(standIn, 'session_12345');
    assert.deepEqual([status, JSON.parse(session).status], [200, 'COMPLETED']);
    const [refused, envelope] = await complete(standIn, 'nobody');
    assert.deepEqual([refused, JSON.parse(envelope).key], [500, 'ENTITY_NOT_FOUND']);
    assert.ok(standIn.sessions.STARTED.includes('session_12345'));
  });

  it('plays scripts', async () => {
    await standIn.script('late', { status: 503, text: 'later', headers: [['retry-after', '1']] }, { pass: true });
    assert.deepEqual(await complete(standIn, 'late'), [503, 'later']);
    assert.equal((await complete(standIn, 'late'))[0], 200);
    await standIn.script('gone', { raw: [{ send: 'HTTP/1.1 20' }, { reset: true }] });
    await assert.rejects(complete(standIn, 'gone'), { name: 'TypeError', message: 'fetch failed' });
  });

  it('holds answers until they are released', async () => {
    await standIn.script('hel d', { status: 503, text: 'late', held: true });
    let isAnswered = false;
    const call = complete(standIn, 'hel%20d').finally(() => {
      isAnswered = true;
    });
    await standIn.requests('hel d', { atLeast: 1 });
    assert.ok(!isAnswered);
    await standIn.release('hel d');
    assert.deepEqual(await call, [503, 'late']);
    await assert.rejects(standIn.release('session_12345'), { message: 'session "session_12345" has no script' });
  });

  it('refuses a step that it does not understand', async () => {
    await assert.rejects(standIn.script('s', { statsu: 503 }), {
      name: 'TypeError',
      message: /unknown field `statsu`/,
    });
  });

  it('shows what it received, without the key', async () => {
    await standIn.script('shown');
    await complete(standIn, 'shown');
    const [request, ...others] = await standIn.requests('shown', { atLeast: 1 });
    assert.deepEqual(others, []);
    assert.deepEqual(
      [request.sessionId, request.method, request.path, request.body, request.bodyText],
      ['shown', 'PUT', '/chat/v1/session/shown/complete', {}, '{}'],
    );
    assert.equal(request.headers.authorization, 'Bearer ***');
    const all = await standIn.requests();
    assert.ok(all.length > 1);
    assert.ok(!JSON.stringify(all).includes(standIn.token));
  });

  it('awaits requests, and says so where they do not come', async () => {
    await standIn.script('awaited');
    const awaiting = standIn.requests('awaited', { atLeast: 1 });
    await complete(standIn, 'awaited');
    assert.equal((await awaiting).length, 1);
    await assert.rejects(standIn.requests('awaited', { atLeast: 2, timeoutMs: 10 }), {
      message: '1 requests for "awaited" arrived within 10 ms, not 2.',
    });
  });

  it('has the addresses of its faults', async () => {
    assert.match(await readFile(standIn.caFile, 'utf8'), /BEGIN CERTIFICATE/);
    await assert.rejects(fetch(standIn.addresses.refused), ({ cause }) => cause.code === 'ECONNREFUSED');
    assert.ok(Object.values(standIn.addresses).every((address) => /^https?:/.test(address)));
  });

  it('says that a port is taken, and what to do', async () => {
    const { port } = new URL(standIn.url);
    const advice = 'choose another one with --port, or leave --port out to get a free one';
    await assert.rejects(startStandIn('--port', port), {
      message: `wts-stand-in: port ${port} is in use: ${advice}`,
    });
  });
});

describe('the end of a stand-in', () => {
  it('comes with close, and leaves nothing behind', async () => {
    const standIn = await startStandIn('--token', 'pn_own');
    assert.deepEqual(standIn.environment, { WTS_BASE_URL: standIn.url, WTS_API_KEY: 'pn_own' });
    await standIn.close();
    assert.ok(!existsSync(standIn.caFile));
    await isGone(standIn.url);
    await standIn.close();
  });

  it('comes with asyncDispose', async () => {
    const standIn = await startStandIn();
    await standIn[Symbol.asyncDispose]();
    assert.ok(!existsSync(standIn.caFile));
  });

  const source = `
    const { startStandIn } = require('wts-stand-in');
    startStandIn().then(({ url }) => { console.log(url); if (process.argv[1]) setInterval(() => {}, 60_000); });`;

  it('comes with its process, which it does not keep alive', async () => {
    const { stdout, code } = await run(process.execPath, ['--eval', source]);
    assert.equal(code, 0);
    await isGone(stdout.trim());
  });

  it('comes with its process also where that is killed', async () => {
    const child = spawn(process.execPath, ['--eval', source, 'stay'], { cwd: packageFolder });
    const [url] = await once(createInterface({ input: child.stdout }), 'line');
    child.kill('SIGKILL');
    await isGone(url);
  });
});

describe('a program', () => {
  const starting = (path) =>
    run(
      process.execPath,
      ['--eval', "require('wts-stand-in').startStandIn().catch(({ message }) => console.log(message))"],
      {
        env: { WTS_STAND_IN: path },
      },
    );

  it('that is missing is named', async () => {
    const { stdout } = await starting('/nonexistent');
    assert.equal(stdout, 'There is no program at "/nonexistent", which the variable WTS_STAND_IN names.\n');
  });

  it('that is none is named', async () => {
    const path = join(folder, 'none');
    await writeFile(path, '#!/bin/sh\n');
    assert.match((await starting(path)).stdout, /none can not be started: .*EACCES/);
    await chmod(path, 0o755);
    assert.match((await starting(path)).stdout, /none ended at once\./);
  });

  it('with a wrong option says so', async () => {
    await assert.rejects(startStandIn('--limit', '5'), { message: /a limit is REQUESTS\/SECONDS/ });
  });
});

describe('the command', () => {
  const command = join(packageFolder, 'bin/wts-stand-in.cjs');

  it('runs what it is given, with its exit code', async () => {
    const inner = 'console.log(process.env.WTS_BASE_URL); process.exit(7)';
    const { stdout, code } = await run(process.execPath, [command, '--', process.execPath, '--eval', inner]);
    assert.equal(code, 7);
    assert.match(stdout, /^http:\/\/127\.0\.0\.1:\d+\n$/);
  });

  it('ends when it is told to', async () => {
    const child = spawn(process.execPath, [command, '--env'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    await isGone(line.slice('WTS_BASE_URL='.length));
  });
});
