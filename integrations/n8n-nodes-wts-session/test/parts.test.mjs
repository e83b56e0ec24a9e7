// The parts of the node that need no n8n.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeSession } from 'wts-session';
import { clientOf } from '../dist/nodes/WtsSession/connection.js';
import { errorFields, nodeError } from '../dist/nodes/WtsSession/errors.js';
import { jobOf } from '../dist/nodes/WtsSession/jobs.js';

const node = { id: '1', name: 'WTS Chat', type: 'wtsSession', typeVersion: 1, position: [0, 0], parameters: {} };
const connection = (number) => ({ apiKey: `pn_${number}`, baseUrl: 'http://127.0.0.1:9' });

/** What n8n gives the node of parameters that have these values. */
function context(values) {
  const getNodeParameter = (name, _, fallback) => (name in values ? values[name] : fallback);
  return { getNode: () => node, getNodeParameter };
}

describe('the client of a credential', () => {
  it('is the same for the same credential, and another one for another', () => {
    assert.equal(clientOf(connection(1)), clientOf(connection(1)));
    assert.notEqual(clientOf(connection(1)), clientOf(connection(2)));
    assert.notEqual(clientOf(connection(1)), clientOf({ ...connection(1), baseUrl: 'http://127.0.0.1:10' }));
  });

  it('is forgotten when a hundred others have been used since', () => {
    const [rare, common] = [clientOf(connection('rare')), clientOf(connection('common'))];
    for (let number = 0; number < 99; number += 1) {
      clientOf(connection(`other-${number}`));
      assert.equal(clientOf(connection('common')), common);
    }
    assert.notEqual(clientOf(connection('rare')), rare);
  });
});

describe('what an item asks for', () => {
  it('has defaults where parameters are missing or null', () => {
    const switches = { reactivateOnNewMessage: false, stopBotInExecution: false };
    const expected = { itemIndex: 3, sessionId: '', status: '', switches };
    assert.deepEqual(jobOf(context({}), 3), expected);
    const nulls = { sessionId: null, statusSessionOption: null, 'options.stopBotInExecution': null };
    assert.deepEqual(jobOf(context(nulls), 3), expected);
  });

  it('may have a number for an id', () => {
    assert.equal(jobOf(context({ sessionId: 42 }), 0).sessionId, '42');
  });

  it('is refused where a value is of the wrong type, by name and item', () => {
    for (const [name, value, message] of [
      ['sessionId', ['a'], 'sessionId must be a text'],
      ['statusSessionOption', true, 'statusSessionOption must be a text'],
      ['reactivateOnNewMessage', 'true', 'reactivateOnNewMessage must be true or false'],
      ['options.stopBotInExecution', 1, 'stopBotInExecution must be true or false'],
    ]) {
      assert.throws(
        () => jobOf(context({ [name]: value }), 7),
        (error) => error.message === message && error.context.itemIndex === 7,
      );
    }
  });
});

describe('an error', () => {
  it('of the library keeps its message, also one that n8n would replace', async () => {
    const error = await completeSession('', connection('any')).catch((thrown) => thrown);
    error.message = `ENOENT! ${error.description}`;
    const made = nodeError(node, error, 2);
    assert.deepEqual([made.message, made.description], ['ENOENT!', 'Fill in the SessionID field']);
    assert.equal(made.context.itemIndex, 2);
    assert.equal(errorFields(error).message, 'ENOENT!');
  });

  it('of another kind is not taken for one of the API', () => {
    const made = nodeError(node, new Error('bad expression'), 1);
    assert.deepEqual([made.name, made.message, made.context.itemIndex], ['NodeOperationError', 'bad expression', 1]);
    assert.equal(errorFields(made).message, 'bad expression');
  });
});
