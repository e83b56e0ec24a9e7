import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { packageFolder, run } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const standIn = await StandIn.start();
const { apiKey, baseUrl } = standIn.connection;
const env = { WTS_API_KEY: apiKey, WTS_BASE_URL: baseUrl };

after(() => standIn.stop());

function example(name, ...args) {
  return run(process.execPath, [join('examples', name), ...args], { env });
}

describe('the readme', () => {
  it('shows what the examples do', async () => {
    const readme = await readFile(join(packageFolder, 'README.md'), 'utf8');
    const shown = [...readme.matchAll(/```js\n([\s\S]+?)```/g)].map(([, code]) => code);
    for (const name of ['readme.mjs', 'testing.test.mjs']) {
      const source = await readFile(join(packageFolder, 'examples', name), 'utf8');
      const [, region] = /\/\/ \[readme\]\n([\s\S]+)\/\/ \[\/readme\]/.exec(source);
      assert.ok(shown.includes(region), name);
    }
  });

  it('tells of a missing key', async () => {
    const { code, stderr } = await run(process.execPath, ['examples/readme.mjs']);
    assert.deepEqual([code, stderr.startsWith('missing_api_key No API key! ')], [0, true], stderr);
  });

  it('has tests that pass', async () => {
    const { code, stdout } = await run(process.execPath, ['--test', 'examples/testing.test.mjs'], {
      env: { NODE_TEST_CONTEXT: undefined },
    });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /# pass 1/);
  });

  it('shows something that works', async () => {
    const ended = await example('readme.mjs');
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.match(ended.stdout, /^COMPLETED \d{4}-\d\d-\d\dT/);
  });

  it('shows errors as they are', async () => {
    const ended = await example('readme.mjs', 'no-such-session');
    assert.deepEqual([ended.code, ended.stdout], [0, '']);
    assert.match(ended.stderr, /^not_found Conversa não encontrada /);
  });
});

describe('the demonstration', () => {
  it('shows calls, results and errors, but not the key', async () => {
    const { code, stdout, stderr } = await example('demo.mjs', 'session_23456');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /session session_23456, status IN_PROGRESS/);
    assert.match(stdout, /session session_23456, status COMPLETED, success true/);
    assert.match(stdout, /WtsError not_found: Conversa não encontrada/);
    assert.match(stdout, /WtsError empty_session_id: SessionID is empty! Fill in the SessionID field/);
    assert.ok(!stdout.includes(apiKey));
  });
});

describe('the route of Express', () => {
  let server;
  let address;

  before(async () => {
    server = spawn(process.execPath, ['examples/express-route.mjs'], {
      cwd: packageFolder,
      env: { ...process.env, ...env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: server.stdout }), 'line');
    [, address] = /^listening on (http:.+)$/.exec(line);
  });

  after(() => server.kill('SIGKILL'));

  const post = (id, options) => fetch(`${address}/sessions/${id}/in-progress`, { method: 'POST', ...options });

  it('marks a session as in progress', async () => {
    const answer = await post('session_34567');
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { id: 'session_34567', status: 'IN_PROGRESS' });
    const [{ body }] = await standIn.requests('session_34567', 1);
    assert.equal(body.newStatus, 'IN_PROGRESS');
  });

  it('ends the call of those who leave', async () => {
    await standIn.script('route-left', { raw: [{ stall: true }] });
    const { open } = await standIn.connections();
    const leaving = new AbortController();
    const left = assert.rejects(post('route-left', { signal: leaving.signal }), { name: 'AbortError' });
    await standIn.requests('route-left', 1);
    leaving.abort();
    await left;
    await standIn.connectionsAtMost(open);
  });

  it('says what is wrong', async () => {
    await standIn.script('route-refused', { status: 500, body_file: 'error-refused-as-500.json' });
    await standIn.script('route-limited', { status: 429, headers: [['Retry-After', '30']] });
    for (const [id, status, code] of [
      ['no-such-session', 404, 'not_found'],
      ['%20', 400, 'missing_fields'],
      ['%01', 400, 'invalid_session_id'],
      ['route-refused', 422, 'refused'],
      ['route-limited', 503, 'rate_limited'],
    ]) {
      const answer = await post(id);
      assert.equal(answer.status, status, id);
      const body = await answer.json();
      assert.equal(body.code, code);
      assert.ok(body.message.length > 0);
      assert.equal(answer.headers.get('retry-after'), code === 'rate_limited' ? '30' : null);
    }
  });

  it('ends when it is told to', async () => {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  });
});

describe('the nightly closer', () => {
  let folder;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wts-session-nightly-'));
  });

  after(() => rm(folder, { recursive: true }));

  async function fileOf(...ids) {
    const file = join(folder, 'ids.txt');
    await writeFile(file, `${ids.join('\n')}\n`);
    return file;
  }

  it('completes all, with a bar', async () => {
    const file = await fileOf('session_12345', 'session_23456', 'session_34567');
    const { code, stdout, stderr } = await example('nightly-close.mjs', file);
    assert.deepEqual([code, stdout], [0, ''], stderr);
    assert.match(stderr, /^=+ 3 of 3, \w+ left$/m);
    assert.match(stderr, /^3 of 3 sessions are completed$/m);
  });

  it('gives those that failed, for the next run', async () => {
    const file = await fileOf('session_12345', 'no-such-session', '..');
    const { code, stdout, stderr } = await example('nightly-close.mjs', file);
    assert.deepEqual([code, stdout], [1, 'no-such-session\n..\n']);
    assert.match(stderr, /^no-such-session: Conversa não encontrada/m);
    assert.match(stderr, /^1 of 3 sessions are completed$/m);
  });

  it('gives all the rest when it is interrupted', async () => {
    await standIn.script('nightly-stalls', { raw: [{ stall: true }] });
    const args = ['examples/nightly-close.mjs', await fileOf('nightly-stalls', '..')];
    const child = spawn(process.execPath, args, { cwd: packageFolder, env: { ...process.env, ...env } });
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    await standIn.requests('nightly-stalls', 1);
    child.kill('SIGINT');
    const [stdout, stderr, exit] = await ended;
    assert.deepEqual([stdout, exit], ['nightly-stalls\n..\n', [1, null]], stderr);
    assert.match(stderr, /^0 of 2 sessions are completed$/m);
  });
});

describe("the snippet for n8n's Code node", () => {
  it('works with what there is in it: no process, URL, AbortController or fetch', async () => {
    const given = ['session_12345', 'no-such-session'].map((sessionId) => ({ json: { sessionId, apiKey, baseUrl } }));
    const require = createRequire(import.meta.url);
    const context = createContext({ require, $input: { all: () => given } });
    for (const name of ['process', 'URL', 'AbortController', 'fetch', 'setTimeout']) {
      assert.equal(runInContext(`typeof ${name}`, context), 'undefined');
    }
    const snippet = await readFile(join(packageFolder, 'examples/n8n-code-node.js'), 'utf8');
    const [completed, failed] = await runInContext(`(async () => {${snippet}})()`, context);
    assert.deepEqual(
      [completed.json.status, completed.json.success, completed.pairedItem.item],
      ['COMPLETED', true, 0],
    );
    assert.deepEqual([failed.json.sessionId, failed.json.error.code], ['no-such-session', 'not_found']);
    assert.equal(failed.pairedItem.item, 1);
  });
});
