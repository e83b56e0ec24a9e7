// With vitest: vitest run
// [readme]

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startStandIn } from 'wts-stand-in';
import { close } from './closing.mjs'; // the code that is tested

let standIn;
beforeAll(async () => {
  standIn = await startStandIn();
  for (const [name, value] of Object.entries(standIn.environment)) vi.stubEnv(name, value);
});
afterAll(() => standIn.close());

test('an outage is survived', async () => {
  await standIn.script('session_12345', { status: 503 }, { pass: true });
  expect(await close('session_12345')).toBe('COMPLETED');
  expect(await standIn.requests('session_12345')).toHaveLength(2);
});

test('a session that is gone', async () => {
  expect(await close('nobody')).toBe('GONE');
});
// [/readme]
