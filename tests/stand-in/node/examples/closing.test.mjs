// With node:test: node --test
// [readme]
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStandIn } from 'wts-stand-in';
import { close } from './closing.mjs'; // the code that is tested

let standIn;
before(async () => {
  standIn = await startStandIn();
  Object.assign(process.env, standIn.environment); // WTS_BASE_URL and WTS_API_KEY
});
after(() => standIn.close());

test('an outage is survived', async () => {
  await standIn.script('session_12345', { status: 503 }, { pass: true });
  assert.equal(await close('session_12345'), 'COMPLETED');
  assert.equal((await standIn.requests('session_12345')).length, 2);
});

test('a session that is gone', async () => {
  assert.equal(await close('nobody'), 'GONE');
});
// [/readme]
