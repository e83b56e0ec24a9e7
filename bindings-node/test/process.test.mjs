// The life of the process and its parts: what keeps it going, what ends cleanly, where the module can be loaded.
import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import * as wtsSession from 'wts-session';
import { js, run, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const require = createRequire(import.meta.url);
const standIn = await StandIn.start();
const { connection } = standIn;

after(() => standIn.stop());

const PRELUDE = js`import { Client, completeSession } from 'wts-session';
const client = new Client({ ...${connection}, rateLimits: null });
`;

/** Runs a program which has `client`, and which has to end by itself, soon and well. */
async function endsWell(source, { within = 5000, env } = {}) {
  const ended = await runModule(PRELUDE + source, { env });
  assert.deepEqual(
    { code: ended.code, signal: ended.signal, stderr: ended.stderr },
    { code: 0, signal: null, stderr: '' },
  );
  assert.ok(ended.ms < within, `it took ${ended.ms} ms`);
  return ended.stdout.trim();
}

async function stalls(sessionId) {
  await standIn.script(sessionId, ...Array.from({ length: 50 }, () => ({ raw: [{ stall: true }] })));
}

describe('the event loop', () => {
  it('is not kept by an idle client', () => endsWell(''));

  it('is not kept by a client that has made calls and holds a connection', async () => {
    assert.equal(await endsWell(`console.log((await client.completeSession('session_12345')).success);`), 'true');
  });

  it('is kept by calls under way, also when nobody else does', async () => {
    await standIn.script('answered-late', { status: 200, delay_ms: 300 });
    const source = `client.completeSession('answered-late').then(({ success }) => console.log(success));`;
    assert.equal(await endsWell(source), 'true');
  });

  it('is let go when the last call is cancelled', async () => {
    await stalls('cancelled-last');
    const source = `const controller = new AbortController();
      const call = client.completeSession('cancelled-last', { signal: controller.signal });
      call.catch((reason) => console.log(reason));
      setTimeout(() => controller.abort('enough'), 100);`;
    assert.equal(await endsWell(source), 'enough');
  });

  it('is kept again by calls that follow an idle time', async () => {
    const source = `for (let round = 0; round < 3; round += 1) {
        await client.completeSession('session_12345');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      client.completeSession('session_12345').then(() => console.log('all'));`;
    assert.equal(await endsWell(source), 'all');
  });
});

describe('process.exit', () => {
  it('is clean with calls under way', async () => {
    await stalls('exits');
    const source = `for (let call = 0; call < 20; call += 1) client.completeSession('exits');
      setTimeout(() => process.exit(), 100);`;
    await endsWell(source);
  });

  it('is clean at the very moment when calls settle', async () => {
    const source = `const count = 200;
      for (let call = 0; call < count; call += 1) {
        client.completeSession('session_12345').then(() => process.exit());
      }`;
    for (let round = 0; round < 10; round += 1) {
      await endsWell(source);
    }
  });

  it('is clean right after calls began', async () => {
    for (let round = 0; round < 10; round += 1) {
      await endsWell(`client.completeSession('session_12345'); process.exit();`);
    }
  });
});

describe('close', () => {
  it('rejects what follows, and lets end what is under way', async () => {
    const client = new wtsSession.Client(connection);
    await standIn.script('closed-under-way', { status: 200, body: {}, held: true });
    const underWay = client.completeSession('closed-under-way');
    await standIn.requests('closed-under-way', 1);
    client.close();
    client.close();
    await assert.rejects(client.completeSession('session_12345'), { code: 'closed', attempts: 0 });
    await assert.rejects(client.updateSessionStatus('session_12345', 'PENDING'), { code: 'closed' });
    await standIn.release('closed-under-way');
    assert.equal((await underWay).success, true);
  });

  it('closes idle connections at once: new clients do not run out of descriptors', async () => {
    const slow = await StandIn.start({ extra: ['--create-unknown', '--latency', '20..20'] });
    const source = js`import { Client } from 'wts-session';
      const ids = Array.from({ length: 64 }, (_, index) => 's' + index);
      for (let round = 0; round < 20; round += 1) {
        const client = new Client({ ...${slow.connection}, rateLimits: null, maxRetries: 0 });
        const outcomes = await client.completeSessions(ids);
        if (!outcomes.every(({ ok }) => ok)) throw outcomes.find(({ ok }) => !ok).error;
        client.close();
      }`;
    const run64 = ['-c', 'ulimit -n 256 && exec "$@"', 'sh', process.execPath, '--input-type=module', '--eval', source];
    const ended = await run('sh', run64);
    const { opened } = await slow.connections();
    await slow.stop();
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.ok(opened > 20 * 50, `only ${opened} connections were opened: nothing was tried`);
  });

  it('rejects what waits for its turn', async () => {
    const client = new wtsSession.Client({ ...connection, maxConcurrency: 1 });
    await standIn.script('closed-holder', { status: 200, body: {}, held: true });
    const underWay = client.completeSession('closed-holder');
    await standIn.requests('closed-holder', 1);
    const waiting = assert.rejects(client.completeSession('closed-waiting'), { code: 'closed' });
    client.close();
    await waiting;
    await standIn.release('closed-holder');
    assert.equal((await underWay).success, true);
    assert.equal((await standIn.requests('closed-waiting')).length, 0);
  });
});

describe('the environment', () => {
  const environment = { WTS_API_KEY: connection.apiKey, WTS_BASE_URL: connection.baseUrl };
  const complete = `console.log((await new Client().completeSession('session_12345')).success,
    (await completeSession('session_12345')).success);`;

  it('gives key and address', async () => {
    assert.equal(await endsWell(complete, { env: environment }), 'true true');
  });

  it('may be set by the program itself', async () => {
    assert.equal(await endsWell(js`Object.assign(process.env, ${environment});` + complete), 'true true');
  });

  it('counts as unset where it is blank', async () => {
    const source = `try { new Client(); } catch (error) { console.log(error.code); }
      await completeSession('s').catch((error) => console.log(error.code));
      console.log((await completeSession('session_12345', { apiKey: client && ${JSON.stringify(connection.apiKey)},
        baseUrl: ${JSON.stringify(connection.baseUrl)} })).success);`;
    const env = { WTS_API_KEY: ' \n', WTS_BASE_URL: ' ' };
    assert.equal(await endsWell(source, { env }), 'missing_api_key\nmissing_api_key\ntrue');
  });

  it('may be a plain object, as tests of programs put it there', async () => {
    const source = js`const codeWith = (values) => {
        process.env = { ...${environment}, ...values };
        try {
          return String(new Client().constructor === Client);
        } catch (error) {
          return error.code;
        }
      };
      console.log(codeWith({}), codeWith({ WTS_API_KEY: 5 }), codeWith({ WTS_API_KEY: undefined }), codeWith({ WTS_BASE_URL: null }));`;
    assert.equal(await endsWell(source), 'true true missing_api_key true');
  });

  it('may throw when it is read', async () => {
    const source = `process.env = new Proxy({}, {
        getOwnPropertyDescriptor() { throw new RangeError('not allowed'); },
      });
      try {
        new Client({ apiKey: 'key' });
      } catch (error) {
        console.log(error instanceof RangeError, error.message);
      }`;
    assert.equal(await endsWell(source), 'true not allowed');
  });

  it('is asked for the variables of this library alone, and for nothing that it inherits', async () => {
    const source = js`const asked = new Set();
      process.env = new Proxy(Object.create(${environment}), {
        getOwnPropertyDescriptor(target, name) {
          asked.add(name);
          return Reflect.getOwnPropertyDescriptor(target, name);
        },
      });
      await completeSession('s').catch((error) => console.log(error.code));
      console.log(asked.has('WTS_API_KEY'), asked.has('https_proxy'), asked.has('PATH'));`;
    assert.equal(await endsWell(source), 'missing_api_key\ntrue true false');
  });
});

describe('worker threads', () => {
  const WORKER = `const { parentPort, workerData } = require('node:worker_threads');
    const { Client } = require(workerData.module);
    const client = new Client(workerData.connection);
    const calls = Array.from({ length: workerData.calls }, () => client.completeSession(workerData.sessionId));
    Promise.all(calls).then((results) => parentPort.postMessage(results.map(({ success }) => success)));`;

  const startWorker = (sessionId, calls, options = {}) =>
    new Worker(options.source ?? WORKER, {
      eval: true,
      workerData: { module: require.resolve('wts-session'), connection, sessionId, calls },
      ...options,
    });

  it('have clients of their own, at the same time as others', async () => {
    const workers = Array.from({ length: 6 }, () => startWorker('session_12345', 10));
    const [answers] = await Promise.all([
      Promise.all(workers.map((worker) => once(worker, 'message'))),
      ...workers.map((worker) => once(worker, 'exit')),
    ]);
    assert.deepEqual(answers.flat(2), Array(60).fill(true));
  });

  it('end in the middle of a call: its connection is closed, and the process goes on', async () => {
    const { open } = await standIn.connections();
    await stalls('ended-with-worker');
    const workers = Array.from({ length: 4 }, () => startWorker('ended-with-worker', 5));
    await standIn.requests('ended-with-worker', 20);
    assert.deepEqual(await Promise.all(workers.map((worker) => worker.terminate())), [1, 1, 1, 1]);
    await standIn.connectionsAtMost(open);
    const client = new wtsSession.Client(connection);
    assert.equal((await client.completeSession('session_12345')).success, true);
  });

  it('end cleanly at any moment, also where only they have loaded the module', async () => {
    const source = js`import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      const workerData = { module: ${require.resolve('wts-session')}, connection: ${connection},
        sessionId: 'session_12345', calls: 20 };
      for (let round = 0; round < 20; round += 1) {
        const worker = new Worker(${WORKER}, { eval: true, workerData, execArgv: [] });
        await once(worker, 'online');
        await new Promise((resolve) => setTimeout(resolve, round * 3));
        await worker.terminate();
      }`;
    const ended = await runModule(source);
    assert.deepEqual({ ...ended, ms: 0 }, { code: 0, signal: null, stdout: '', stderr: '', ms: 0 });
  });

  it('take key and address from their own process.env', async () => {
    const source = `const { parentPort, workerData } = require('node:worker_threads');
      require(workerData.module).completeSession(workerData.sessionId)
        .then(({ success }) => parentPort.postMessage(success));`;
    const env = { WTS_API_KEY: connection.apiKey, WTS_BASE_URL: connection.baseUrl };
    const [answer] = await once(startWorker('session_12345', 1, { source, env }), 'message');
    assert.equal(answer, true);
  });

  it('have no other variables than those of their own process.env', async () => {
    const source = `const { Client } = require('wts-session');
      const { workerData, parentPort } = require('node:worker_threads');
      try {
        new Client(workerData);
        parentPort.postMessage('made');
      } catch (error) {
        parentPort.postMessage(error.message);
      }`;
    const program = js`import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      const messageOf = async (env, workerData) =>
        console.log((await once(new Worker(${source}, { eval: true, execArgv: [], env, workerData }), 'message'))[0]);
      await messageOf({}, { baseUrl: 'https://example.com' });
      await messageOf({ WTS_API_KEY: 'key' });
      await messageOf({ HTTPS_PROXY: 'socks5://its-own' }, { apiKey: 'key' });`;
    const env = { WTS_API_KEY: 'key of the process', HTTPS_PROXY: 'socks4://of-the-process' };
    const [key, proxy, otherProxy] = (await endsWell(program, { env })).split('\n');
    assert.match(key, /^No API key!/);
    assert.equal(proxy, 'made');
    assert.match(otherProxy, /HTTPS_PROXY.*"socks5"/);
  });
});

describe('other places to load it', () => {
  it('vm contexts', async () => {
    const context = createContext({ require, connection });
    const call = `new (require('wts-session').Client)(connection).completeSession('session_12345')`;
    assert.equal((await runInContext(call, context)).success, true);
    const refused = runInContext(`require('wts-session').completeSession('', { ...connection })`, context);
    await assert.rejects(refused, wtsSession.WtsError);
  });

  it('a second time in the same thread, as test runners do', async () => {
    const path = require.resolve('wts-session');
    const first = require(path);
    const loaded = { ...require.cache };
    for (const name of Object.keys(loaded)) {
      delete require.cache[name];
    }
    const second = require(path);
    Object.assign(require.cache, loaded);
    assert.notEqual(first.Client, second.Client);
    const clients = [first, second].map(({ Client }) => new Client(connection));
    const results = await Promise.all(clients.map((client) => client.completeSession('session_12345')));
    assert.deepEqual(
      results.map(({ success }) => success),
      [true, true],
    );
  });

  it('workers of a cluster', async () => {
    cluster.setupPrimary({ exec: fileURLToPath(new URL('support/cluster-worker.mjs', import.meta.url)) });
    const answers = [1, 2].map(async () => {
      const worker = cluster.fork({ WTS_API_KEY: connection.apiKey, WTS_BASE_URL: connection.baseUrl });
      const [[message], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      return [message, code];
    });
    assert.deepEqual(await Promise.all(answers), [
      [true, 0],
      [true, 0],
    ]);
  });

  it('CommonJS and ES modules have the same classes', () => {
    assert.deepEqual({ ...require('wts-session') }, { ...wtsSession });
    assert.equal(require('wts-session').Client, wtsSession.Client);
    assert.equal(require('wts-session').WtsError, wtsSession.WtsError);
  });
});
