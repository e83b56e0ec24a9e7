// Bulk calls of many items: the account's limits, and memory.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from 'wts-session';
import { js, runModule } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const REAL_LIMITS = ['--limit', '200/5', '--limit', '1000/300', '--arrival-delay', '0..60', '--latency', '0..40'];

/** What the API does with the first requests for a session, and what comes of it. */
const FAULTS = {
  refused: [[{ status: 500, body_file: 'error-refused-as-500.json' }], 'refused'],
  reset: [[{ raw: [{ reset: true }] }], 'ok'],
  busy: [[{ status: 503 }], 'ok'],
  blank: [[{ status: 200, text: ' \n' }], 'ok'],
};
const BLANKS = ['', ' \t', '..', 'a\u0000b'];
const CODES = ['empty_session_id', 'empty_session_id', 'invalid_session_id', 'invalid_session_id'];

/** Of 20 items four are no ids, four have a fault, two are one session, and ten are as they should be. */
function item(index) {
  const place = index % 20;
  if (place < 4) {
    return { id: BLANKS[place], expected: CODES[place] };
  }
  if (place < 8) {
    const fault = Object.keys(FAULTS)[place - 4];
    return { id: `${fault}-${index}`, expected: FAULTS[fault][1], script: FAULTS[fault][0] };
  }
  return { id: place < 10 ? `twice-${Math.floor(index / 20)}` : `plain-${index}`, expected: 'ok' };
}

describe('1,000 sessions with mixed faults, under the limits of the API', () => {
  it('all settle as they should, in order, with no 429', { timeout: 60_000 }, async () => {
    const standIn = await StandIn.start({ extra: ['--create-unknown', ...REAL_LIMITS] });
    try {
      const items = Array.from({ length: 1000 }, (_, index) => item(index));
      for (const { id, script } of items) {
        if (script !== undefined) {
          await standIn.script(id, ...script);
        }
      }
      const client = new Client(standIn.connection);
      const outcomes = await client.completeSessions(items.map(({ id }) => id));
      assert.deepEqual(
        outcomes.map(({ index, sessionId, ok, error }) => [index, sessionId, ok ? 'ok' : error.code]),
        items.map(({ id, expected }, index) => [index, id, expected]),
      );
      const requests = await standIn.allRequests();
      assert.equal(requests.length, 800 + 2 * 50, 'one for each id, and one more for each reset and each 503');
      const windows = (await standIn.windows()).filter(({ requests: limit }) => limit <= 1000);
      assert.equal(windows.length, 2);
      for (const { requests: limit, peak, refused } of windows) {
        assert.equal(refused, 0);
        assert.ok(peak <= limit, `${peak} of ${limit}`);
      }
    } finally {
      await standIn.stop();
    }
  });
});

describe('memory', () => {
  const PRELUDE = (connection) => js`import assert from 'node:assert/strict';
    import { Client } from 'wts-session';
    const client = new Client({ ...${connection}, rateLimits: null });
    function* items(count, name) { for (let index = 0; index < count; index += 1) yield name && name + (index % 100); }
    async function many(count, name) {
      let settled = 0;
      let most = 0;
      for await (const { ok } of client.iterCompleteSessions(items(count, name))) {
        assert.equal(ok, name !== '');
        settled += 1;
        if (settled % 1000 === 0) most = Math.max(most, process.memoryUsage.rss());
      }
      assert.equal(settled, count);
      return most;
    }
  `;

  it('does not grow with the number of items', async () => {
    const standIn = await StandIn.start({ extra: ['--create-unknown'] });
    const source = `await many(20_000, '');
      await many(3000, 'session-');
      const before = process.memoryUsage.rss();
      console.log(JSON.stringify([await many(100_000, '') - before, await many(4000, 'session-') - before]));`;
    const args = ['--max-semi-space-size=1', '--max-old-space-size=40'];
    const ended = await runModule(PRELUDE(standIn.connection) + source, { args, timeout: 600_000 });
    await standIn.stop();
    assert.equal(ended.code, 0, ended.stderr);
    for (const growth of JSON.parse(ended.stdout)) {
      assert.ok(growth < 16 * 1024 * 1024, `it grew by ${growth}`);
    }
  });

  it('an outcome that nobody keeps is gone before the others that settled with it', async () => {
    const source = `const taken = [];
      let most = 0;
      for await (const outcome of client.iterCompleteSessions(Array(100).fill(''))) {
        taken.push(new WeakRef(outcome));
        await new Promise((resolve) => setImmediate(resolve));
        gc();
        most = Math.max(most, taken.filter((one) => one.deref() !== undefined).length);
      }
      console.log(taken.length, most);`;
    const ended = await runModule(PRELUDE({}) + source, { args: ['--expose-gc'], env: { WTS_API_KEY: 'key' } });
    assert.equal(ended.code, 0, ended.stderr);
    const [count, most] = ended.stdout.split(' ').map(Number);
    assert.equal(count, 100);
    assert.ok(most < 10, `${most} were there at once`);
  });
});
