import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Client } from 'wts-session';
import { Calls } from '../lib/calls.cjs';
import native from '../lib/native.cjs';
import { js, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const ATTEMPT = /^(\w+) "(.+)": attempt (\d+), (.+), (\d+) ms$/;
const RETRY = /^(\w+) "(.+)": attempt (\d+) failed \((\w+)\), again in \d+\.\d\d s$/;
const PAUSE = /^The API's rate limit is reached \(HTTP 429\): nothing is sent for \d+\.\d\d s$/;
const UNAVAILABLE = { status: 503, headers: [['Retry-After', '0']], body: { title: 'PERSONAL' } };
const LIMITED = { status: 429, headers: [['Retry-After', '0']] };

const standIn = await StandIn.start();
let last = 0;

after(() => standIn.stop());

function newId() {
  last += 1;
  return `logged-${last}`;
}

/** A logger that keeps its lines, each with its level. */
class Lines {
  all = [];
  debug = (line) => this.all.push(['debug', line]);
  warn = (line) => this.all.push(['warn', line]);

  of(level) {
    return this.all.filter(([of]) => of === level).map(([, line]) => line);
  }
}

function clientWith(logger, options = {}) {
  // An account of its own, so that a pause is nobody else's.
  const apiKey = `${standIn.addresses.token}_${newId()}`;
  return new Client({ ...standIn.connection, apiKey, logger, ...options });
}

/** The ways to complete one session. */
const KINDS = {
  'a single call': (client, id) => client.completeSession(id),
  'a bulk call': (client, id) => client.completeSessions([id]),
  'an iteration': (client, id) => Readable.from(client.iterCompleteSessions([id])).toArray(),
};

describe('a logger', () => {
  for (const [name, complete] of Object.entries(KINDS)) {
    it(`has a line for every attempt and retry of ${name}, before it settles`, async () => {
      const id = newId();
      const lines = new Lines();
      await standIn.script(id, { ...UNAVAILABLE, delay_ms: 100 });
      await complete(clientWith(lines), id);
      assert.deepEqual(
        lines.all.map(([level]) => level),
        ['debug', 'warn', 'debug'],
      );
      const [first, second] = lines.of('debug').map((line) => ATTEMPT.exec(line).slice(1));
      assert.deepEqual(first.slice(0, 4), ['complete_session', id, '1', 'HTTP 503 server_error']);
      assert.deepEqual(second.slice(0, 4), ['complete_session', id, '2', 'HTTP 200']);
      assert.ok(first[4] >= 100 && first[4] < 5000, first[4]);
      const [retry] = lines.of('warn').map((line) => RETRY.exec(line).slice(1));
      assert.deepEqual(retry, ['complete_session', id, '1', 'server_error']);
    });

    it(`has a line for the pause that ${name} has to make`, async () => {
      const id = newId();
      const lines = new Lines();
      await standIn.script(id, LIMITED);
      await complete(clientWith(lines, { rateLimits: null }), id);
      const [pause, retry] = lines.of('warn');
      assert.match(pause, PAUSE);
      assert.match(retry, RETRY);
      assert.equal(lines.of('debug').length, 2);
    });
  }

  it('has lines for requests without an answer', async () => {
    const lines = new Lines();
    const client = new Client({ apiKey: 'k', baseUrl: standIn.addresses.refused, maxRetries: 1, logger: lines });
    await assert.rejects(client.updateSessionStatus('s', 'HIDDEN'), { code: 'connection' });
    const attempts = lines.of('debug').map((line) => ATTEMPT.exec(line).slice(1, 5));
    assert.deepEqual(attempts, [
      ['update_session_status', 's', '1', 'connection'],
      ['update_session_status', 's', '2', 'connection'],
    ]);
    assert.equal(lines.of('warn').length, 1);
  });

  it('has the lines of its own client alone', async () => {
    const loggers = [new Lines(), new Lines()];
    const [one, other] = loggers.map((logger) => clientWith(logger));
    await Promise.all([one, other, other].map((client) => client.completeSession('session_12345')));
    await assert.rejects(one.completeSession(''));
    assert.deepEqual(
      loggers.map(({ all }) => all.length),
      [1, 2],
    );
  });

  it('may be a class with methods, or console', async () => {
    class Counting {
      count = 0;
      debug() {
        this.count += 1;
      }
      warn() {}
    }
    const counting = new Counting();
    await clientWith(counting).completeSession('session_12345');
    assert.equal(counting.count, 1);
    assert.ok(clientWith(console));
  });

  it('hears neither the key nor what was sent and received', async () => {
    const id = newId();
    const lines = new Lines();
    const client = clientWith(lines, { apiKey: `${standIn.addresses.token}_CANARY` });
    await standIn.script(id, UNAVAILABLE, { status: 500, body: { key: 'FORM_ERROR', text: 'PERSONAL' } });
    await assert.rejects(client.completeSession(id), /PERSONAL/);
    await client.completeSession('session_12345');
    assert.equal(lines.of('debug').length, 3);
    assert.doesNotMatch(JSON.stringify(lines.all), /PERSONAL|CANARY|COMPLETED/);
  });

  it('that fails breaks no call, and is told of', async () => {
    const failing = {
      debug() {
        throw new Error('the disk is full');
      },
      warn() {},
    };
    const warned = once(process, 'warning');
    assert.equal((await clientWith(failing).completeSession('session_12345')).success, true);
    const [{ message }] = await warned;
    assert.match(
      message,
      /^The logger of wts-session failed: Error: the disk is full\n +at .*debug .*logging\.test\.mjs/,
    );
  });

  for (const [name, fails] of Object.entries({
    'that rejects': () => Promise.reject(new Error('the disk is full')),
    'that throws what nobody can look at': () => {
      throw { [inspect.custom]: () => assert.fail('it was looked at') };
    },
    'whose promises nobody can look at': () => ({
      // biome-ignore lint/suspicious/noThenProperty: that is what is tried
      get then() {
        throw new Error('the disk is full');
      },
    }),
  })) {
    it(`${name} breaks no call, and is told of`, async () => {
      const warned = once(process, 'warning');
      assert.equal((await clientWith({ debug: fails, warn: fails }).completeSession('session_12345')).success, true);
      assert.match((await warned)[0].message, /^The logger of wts-session failed: /);
    });
  }

  it('that fails breaks no call where warnings fail too', async () => {
    const { emitWarning } = process;
    const fails = () => {
      throw new Error('no warnings');
    };
    process.emitWarning = fails;
    try {
      const client = clientWith({ debug: fails, warn: fails });
      assert.equal((await client.completeSession('session_12345')).success, true);
    } finally {
      process.emitWarning = emitWarning;
    }
  });

  for (const [name, complete] of Object.entries(KINDS)) {
    it(`is called in the async context of ${name}`, async () => {
      const storage = new AsyncLocalStorage();
      const seen = [];
      const see = (line) => seen.push([storage.getStore(), / "(.+)": /.exec(line)[1]]);
      const client = clientWith({ debug: see, warn: see });
      const ids = [newId(), newId(), newId()];
      for (const id of ids) {
        await standIn.script(id, UNAVAILABLE);
      }
      await Promise.all(ids.map((id) => storage.run(`of ${id}`, () => complete(client, id))));
      assert.deepEqual(
        seen,
        seen.map(([, id]) => [`of ${id}`, id]),
      );
      assert.equal(seen.length, 9);
    });
  }

  it('is called in the async context of a call that is aborted while its lines are on their way', async () => {
    const storage = new AsyncLocalStorage();
    const seen = [];
    const log = () => seen.push(storage.getStore());
    const id = newId();
    await standIn.script(id, UNAVAILABLE, { raw: [{ stall: true }] });
    const controller = new AbortController();
    const client = storage.run('of the client', () => clientWith({ debug: log, warn: log }));
    const call = storage.run('of the call', () => client.completeSession(id, { signal: controller.signal }));
    // This thread is held up meanwhile: with the second request the lines of the first attempt wait for it.
    standIn.holdUntilRequests(id, 2);
    controller.abort();
    await assert.rejects(call, { name: 'AbortError' });
    await client.completeSession('session_12345');
    assert.deepEqual(seen.slice(0, 2), ['of the call', 'of the call']);
  });

  it('hears of calls while they are in flight', async () => {
    const id = newId();
    await standIn.script(id, { status: 503, headers: [['Retry-After', '300']] });
    const controller = new AbortController();
    const logger = { debug() {}, warn: () => controller.abort() };
    const call = clientWith(logger, { totalTimeoutMs: null }).completeSession(id, { signal: controller.signal });
    await assert.rejects(call, { name: 'AbortError' });
  });
});

describe('without a logger', () => {
  it('the native half tells nothing', async () => {
    const id = newId();
    const news = [];
    await standIn.script(id, UNAVAILABLE);
    await new Promise((resolve) => {
      const calls = new native.Calls((...args) => resolve([calls, news.push(args)]));
      const isLogged = (_settings, _variables, _calls, isLogged) => isLogged;
      assert.equal(new Calls(new Lines()).client(isLogged, {}), true);
      assert.equal(new Calls().client(isLogged, {}), false);
      native.createClient(standIn.connection, {}, calls, false).completeSession(7, id, false, false);
    });
    const [[ids, [json], lines], ...more] = news;
    assert.deepEqual([ids, JSON.parse(json).success, lines, more], [[7], true, null, []]);
    assert.equal((await standIn.requests(id)).length, 2);
  });
});

describe('a logger of the wrong type', () => {
  for (const [logger, type] of [
    [null, 'null'],
    [() => {}, 'a function'],
    [{ debug() {} }, 'an object'],
    [{ debug: true, warn: true }, 'an object'],
  ]) {
    it(type, () => {
      const message = `options.logger must be an object with the functions debug and warn, not ${type}`;
      assert.throws(() => clientWith(logger), { name: 'TypeError', message });
    });
  }
});

describe('memory', () => {
  it('a client and its logger, which knows it, are forgotten', async () => {
    const source = js`import { Client } from 'wts-session';
      let count = 0;
      const forgotten = new Promise((resolve) => {
        const registry = new FinalizationRegistry(() => { count += 1; if (count === 20) resolve(); });
        globalThis.register = (logger) => registry.register(logger);
      });
      async function use() {
        const logger = { lines: [], debug(line) { this.lines.push(line); }, warn() {} };
        register(logger);
        logger.client = new Client({ ...${standIn.connection}, logger });
        await logger.client.completeSession('session_12345');
        if (logger.lines.length !== 1) throw new Error('nothing was logged');
      }
      for (let round = 0; round < 20; round += 1) await use();
      const collecting = setInterval(gc, 20);
      await forgotten;
      clearInterval(collecting);`;
    const ended = await runModule(source, { args: ['--expose-gc'], timeout: 30_000 });
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
  });
});

describe('NODE_DEBUG=wts-session', () => {
  const env = { WTS_API_KEY: `${standIn.addresses.token}_CANARY`, WTS_BASE_URL: standIn.addresses.api };

  async function debugged(source, NODE_DEBUG = 'wts-session') {
    const ended = await runModule(`import { Client, completeSession } from 'wts-session';\n${source}`, {
      env: { ...env, NODE_DEBUG },
    });
    assert.equal(ended.code, 0, ended.stderr);
    return ended.stderr.split('\n').slice(0, -1);
  }

  const LINE = /^WTS-SESSION \d+: complete_session "session_12345%s": attempt 1, HTTP 500 not_found, \d+ ms$/;

  it('writes the lines of every client to the standard error', async () => {
    const client = await debugged(`await new Client().completeSession('session_12345%s').catch(() => {});`);
    const shared = await debugged(`await completeSession('session_12345%s').catch(() => {});`);
    const bulk = await debugged(`await new Client().completeSessions(['session_12345%s', 'session_12345%s']);`);
    assert.deepEqual([client.length, shared.length, bulk.length], [1, 1, 2]);
    for (const line of [...client, ...shared, ...bulk]) {
      assert.match(line, LINE);
    }
  });

  it('writes those of a client with a logger as well', async () => {
    const lines = await debugged(`const logger = { debug: (line) => console.error(line), warn() {} };
      await new Client({ logger }).completeSession('session_12345%s').catch(() => {});`);
    assert.match(lines[0], LINE);
    assert.ok(lines[0].endsWith(lines[1]), lines[1]);
  });

  it('writes them in worker threads', async () => {
    const source = `import { Worker } from 'node:worker_threads';
      const work = "require('wts-session').completeSession('session_12345%s').catch(() => {})";
      await completeSession('session_12345%s').catch(() => {});
      new Worker(work, { eval: true, execArgv: [] });`;
    const lines = await debugged(source);
    assert.equal(lines.length, 2);
    assert.match(lines[1], LINE);
  });

  it('may fail to write: the calls settle', async () => {
    const lines = await debugged(`const { write } = process.stderr;
      process.stderr.write = () => {
        process.stderr.write = write;
        throw new Error('no stderr');
      };
      const client = new Client();
      await Promise.all(['session_12345', 'session_23456'].map((id) => client.completeSession(id)));`);
    assert.match(lines.join('\n'), /Warning: NODE_DEBUG=wts-session failed to write: Error: no stderr/);
  });

  it('is silent when it asks for others', async () => {
    assert.deepEqual(await debugged(`await completeSession('session_12345');`, 'wts'), []);
  });
});
