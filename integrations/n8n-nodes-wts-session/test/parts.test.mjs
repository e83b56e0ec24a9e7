// The parts of the node that need no n8n.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeSession } from 'wts-session';
import { authorizationOf } from '../dist/credentials/authorization.js';
import { accountOf } from '../dist/nodes/WtsSession/connection.js';
import { properties } from '../dist/nodes/WtsSession/description.js';
import { errorFields, nodeError } from '../dist/nodes/WtsSession/errors.js';
import { jobOf } from '../dist/nodes/WtsSession/jobs.js';
import { asError } from '../dist/nodes/WtsSession/thrown.js';
import { WtsSession } from '../dist/nodes/WtsSession/WtsSession.node.js';
import { Context, NODE, n8nWorkflow } from './support/context.mjs';

const NAMES = { sessionId: 'named' };
const connection = (number) => ({ apiKey: `pn_${number}`, baseUrl: 'http://127.0.0.1:9' });

describe('the account of a credential', () => {
  it('is the same for the same credential and settings, and another one for others', () => {
    assert.equal(accountOf(connection(1)), accountOf(connection(1)));
    const others = [
      [connection(2)],
      [{ ...connection(1), baseUrl: 'http://127.0.0.1:10' }],
      [{ ...connection(1), authScheme: 'raw' }],
      [{ ...connection(1), sharedLimits: 'off' }],
      [{ ...connection(1), sharedLimits: 'url', sharedLimitsSecretUrl: 'redis://127.0.0.1:9' }],
      [connection(1), { timeoutMs: 1000 }],
      [connection(1), { reserve: 0.1 }],
    ];
    const accounts = new Set([[connection(1)], ...others].map((given) => accountOf(...given)));
    assert.equal(accounts.size, others.length + 1);
  });

  it('of an older version is that of the defaults', () => {
    const today = { ...connection(1), authScheme: 'bearer', sharedLimits: 'automatic', sharedLimitsSecretUrl: '' };
    assert.equal(accountOf(today), accountOf(connection(1)));
  });

  it('is forgotten when a hundred others have been used since', () => {
    const [rare, common] = [accountOf(connection('rare')), accountOf(connection('common'))];
    for (let number = 0; number < 99; number += 1) {
      accountOf(connection(`other-${number}`));
      assert.equal(accountOf(connection('common')), common);
    }
    assert.notEqual(accountOf(connection('rare')), rare);
  });
});

describe('the header of a credential', () => {
  it('has the key alone, whatever was pasted around it', () => {
    for (const apiKey of [
      'pn_1',
      ' pn_1\n',
      '"pn_1"',
      "'Bearer pn_1'",
      'Authorization: Bearer pn_1',
      '"authorization:pn_1" ',
      'Authorization: "pn_1"',
      'BEARER\tpn_1',
      '\u200bpn_1\ufeff',
    ]) {
      assert.equal(authorizationOf({ apiKey }), 'Bearer pn_1', apiKey);
      assert.equal(authorizationOf({ apiKey, authScheme: 'raw' }), 'pn_1', apiKey);
    }
    assert.equal(authorizationOf({ apiKey: 'bearerpn' }), 'Bearer bearerpn');
  });
});

describe('what an item asks for', () => {
  const jobOfValues = (values) => jobOf(new Context([values]), 0);

  it('has defaults where parameters are missing or null', () => {
    const switches = { reactivateOnNewMessage: false, stopBotInExecution: false };
    const expected = { itemIndex: 0, sessionId: '', status: '', switches, simplify: false };
    assert.deepEqual(jobOfValues({}), expected);
    const nulls = { sessionId: null, statusSessionOption: null, 'options.stopBotInExecution': null, simplify: null };
    assert.deepEqual(jobOfValues(nulls), expected);
  });
});

describe('the parameters', () => {
  const named = (name) => properties.filter((property) => property.name === name);

  it('have the names and values that workflows have', () => {
    const values = (name) => named(name)[0].options.map(({ value }) => value);
    assert.deepEqual(values('resource'), ['session']);
    assert.deepEqual(values('operation'), ['updateStatusSession', 'concludeSession']);
    assert.deepEqual(values('statusSessionOption').sort(), [
      'COMPLETED',
      'HIDDEN',
      'IN_PROGRESS',
      'PENDING',
      'STARTED',
      'UNDEFINED',
    ]);
    assert.equal(named('reactivateOnNewMessage')[0].default, false);
    assert.equal(new WtsSession().description.version, 1);
  });

  it('want a session id and a choice of the status', () => {
    assert.equal(named('sessionId')[0].required, true);
    const [{ options, default: preset }] = named('statusSessionOption');
    assert.deepEqual([options[0].name, options[0].value, preset], ['(Choose a Status)', 'UNDEFINED', 'UNDEFINED']);
  });

  it('simplify the sessions of tools by themselves, and those of other nodes only if they are asked to', () => {
    const { NodeHelpers } = n8nWorkflow;
    const { description } = new WtsSession();
    const tool = { ...description, name: 'wtsSessionTool' };
    const given = { resource: 'session', operation: 'concludeSession', sessionId: 'a' };
    for (const [type, expected] of [
      [tool, true],
      [description, false],
    ]) {
      const { simplify } = NodeHelpers.getNodeParameters(properties, given, true, false, NODE, type);
      assert.equal(simplify, expected);
    }
  });

  it('have a notice about Retry On Fail', () => {
    const [{ type, displayName }] = named('notice');
    assert.equal(type, 'notice');
    assert.match(displayName, /Retry On Fail/);
  });
});

describe('an error', () => {
  it('of the library keeps its message, also one that n8n would replace', async () => {
    const error = await completeSession('..', connection('any')).catch((thrown) => thrown);
    const { description } = error;
    error.message = `ENOENT! ${description}`;
    const made = nodeError(NODE, error, 2, NAMES);
    const message = 'ENOENT! (session "named", invalid_session_id)';
    assert.deepEqual([made.message, made.description], [message, description]);
    assert.equal(made.context.itemIndex, 2);
    assert.equal(errorFields(error, NAMES).message, message);
  });

  it('with a fixed message keeps it word for word', async () => {
    const error = await completeSession('', connection('any')).catch((thrown) => thrown);
    const made = nodeError(NODE, error, 2, { sessionId: '' });
    assert.deepEqual([made.message, made.description], ['SessionID is empty!', 'Fill in the SessionID field']);
  });

  it('of another kind is not taken for one of the API', () => {
    const made = nodeError(NODE, new Error('bad expression'), 1);
    assert.deepEqual([made.name, made.message, made.context.itemIndex], ['NodeOperationError', 'bad expression', 1]);
    assert.equal(errorFields(made).message, 'bad expression');
  });

  it('that is none is one nevertheless', () => {
    assert.equal(asError('thrown').message, 'thrown');
    const error = new TypeError('mine');
    assert.equal(asError(error), error);
  });
});
