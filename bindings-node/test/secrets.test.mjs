import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const CANARY = 'CANARY_9f3b';
const standIn = await StandIn.start({ withSuite: true });
const key = `${standIn.addresses.token}_${CANARY}`;
const loud = { NODE_DEBUG: '*', RUST_LOG: 'trace', RUST_BACKTRACE: 'full' };

after(() => standIn.stop());

describe('the key', () => {
  it('is in nothing that is printed, whatever the server does', async () => {
    const program = fileURLToPath(new URL('support/show-all.mjs', import.meta.url));
    const env = {
      ...loud,
      KEY: key,
      ADDRESSES: JSON.stringify(standIn.addresses),
      SSL_CERT_FILE: standIn.addresses.ca_file,
    };
    const { code, stdout, stderr } = await run(process.execPath, [program], { env, timeout: 120_000 });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /WtsError/);
    assert.match(stdout, /shown: \d+ files/);
    assert.match(stderr, /^WTS-SESSION \d+: .+: attempt 1, HTTP 200, /m);
    assert.ok(!stdout.includes('CANARY'), around(stdout));
    assert.ok(!stderr.includes('CANARY'), around(stderr));
  });

  it('is not in the report of an error that nobody caught', async () => {
    const source = `import { Client } from 'wts-session';
      const client = new Client({ apiKey: process.env.KEY, baseUrl: process.env.URL });
      await client.completeSession('');`;
    const { code, stderr } = await runModule(source, { env: { KEY: key, URL: standIn.addresses.api } });
    assert.equal(code, 1);
    assert.match(stderr, /code: 'empty_session_id'/);
    assert.ok(!stderr.includes('CANARY'), stderr);
  });

  it('is in no message about its type', async () => {
    const source = `import { Client } from 'wts-session';
      new Client({ apiKey: [process.env.KEY] });`;
    const { code, stderr } = await runModule(source, { env: { KEY: key } });
    assert.equal(code, 1);
    assert.match(stderr, /options.apiKey must be a string, not an array/);
    assert.ok(!stderr.includes('CANARY'), stderr);
  });
});

function around(text) {
  const at = text.indexOf('CANARY');
  return text.slice(Math.max(0, at - 300), at + 100);
}
