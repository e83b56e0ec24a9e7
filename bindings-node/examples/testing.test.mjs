// Tests of one's own code: with errors that are made by hand, and with a server of one's own. Run it with node --test.
// [readme]
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Client, WtsError } from 'wts-session';

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

test('a session that is there, over HTTP', async (context) => {
  const server = createServer((_request, response) => response.end('{"status":"COMPLETED"}'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  const client = new Client({ apiKey: 'test', baseUrl, maxRetries: 0 });
  assert.equal(await statusAfterClosing(client, 's'), 'COMPLETED');
  client.close();
});
// [/readme]
