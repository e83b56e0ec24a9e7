// Tests of one's own code: with errors that are made by hand. Run it with node --test.
// [readme]
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WtsError } from 'wts-session';

// The code under test takes the client as an argument.
async function statusAfterClosing(client, id) {
  try {
    return (await client.completeSession(id)).status;
  } catch (error) {
    if (error instanceof WtsError && error.code === 'not_found') return 'GONE';
    throw error;
  }
}

test('a session that is gone', async () => {
  const error = new WtsError('No such session.', { code: 'not_found', httpStatus: 404 });
  const client = { completeSession: () => Promise.reject(error) };
  assert.equal(await statusAfterClosing(client, 's'), 'GONE');
});
// [/readme]
