import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
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
  it('shows what the example does', async () => {
    const source = await readFile(join(packageFolder, 'examples/readme.mjs'), 'utf8');
    const [, region] = /\/\/ \[readme\]\n([\s\S]+)\/\/ \[\/readme\]/.exec(source);
    const readme = await readFile(join(packageFolder, 'README.md'), 'utf8');
    const [, shown] = /```js\n([\s\S]+?)```/.exec(readme);
    assert.equal(shown, region);
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
