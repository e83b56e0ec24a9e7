// With jest: jest
// [readme]
const { Client } = require('wts-session');
const { startStandIn } = require('wts-stand-in');

let standIn;
let client;
beforeAll(async () => {
  standIn = await startStandIn('--limit', 'off');
  client = new Client({ apiKey: standIn.token, baseUrl: standIn.url });
});
afterAll(() => {
  client.close();
  return standIn.close();
});

test('an outage is survived', async () => {
  await standIn.script('session_12345', { status: 503 }, { pass: true });
  expect((await client.completeSession('session_12345')).status).toBe('COMPLETED');
  expect(await standIn.requests('session_12345')).toHaveLength(2);
});
// [/readme]
