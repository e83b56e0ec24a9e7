import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Client } from 'wts-session';
import { StandIn } from './support/stand-in.mjs';

const standIn = await StandIn.start();
const client = new Client(standIn.connection);
let last = 0;

after(() => standIn.stop());

async function resultOf(text) {
  last += 1;
  await standIn.script(`result-${last}`, { status: 200, text });
  return client.completeSession(`result-${last}`);
}

describe('texts arrive as they were sent', () => {
  for (const text of [
    'plain',
    'João Conceição',
    '\u007f\u0080\u00bf\u00c0\u00ff',
    'ÿ at the end ÿ',
    '\u0100',
    'é\u07ff\u0800',
    '5 €',
    'ã 👍 ã',
    '\u{10ffff}',
    'ã'.repeat(5000),
  ]) {
    it(JSON.stringify(text.slice(0, 20)), async () => {
      assert.equal((await resultOf(JSON.stringify({ text }))).text, text);
      assert.equal((await resultOf(JSON.stringify({ [text]: 1 })))[text], 1);
    });
  }
});

describe('values arrive as JavaScript has them', () => {
  for (const [json, value] of [
    ['1e999', Number.POSITIVE_INFINITY],
    ['-0', -0],
    ['9007199254740993', 9007199254740992],
    ['1.50', 1.5],
    ['"\\ud800"', '\ud800'],
    ['"\\u0000"', '\0'],
    ['null', null],
    ['[[], {}]', [[], {}]],
  ]) {
    it(json, async () => {
      assert.deepEqual((await resultOf(`{"value": ${json}}`)).value, value);
    });
  }

  it('a member called __proto__ is a member', async () => {
    const result = await resultOf('{"__proto__": {"polluted": true}}');
    assert.equal(Object.getPrototypeOf(result), Object.prototype);
    assert.equal(result.polluted, undefined);
    assert.deepEqual(Object.keys(result), ['success', 'sessionId', '__proto__']);
  });

  it('the order is that of the API', async () => {
    assert.deepEqual(Object.keys(await resultOf('{"z": 1, "success": 2, "a": 3, "sessionId": 4}')), [
      'z',
      'success',
      'a',
      'sessionId',
    ]);
  });
});
