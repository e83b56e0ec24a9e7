// The test of the credential, by the answers that it gets; and what the HTTP Request node is told of the credential.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WtsApi } from '../dist/credentials/WtsApi.credentials.js';
import { testCredential } from '../dist/nodes/WtsSession/credentialTest.js';

const UNKNOWN_PATH = { key: 'ERROR_UNAUTHORIZED', httpStatusCode: 404 };

/** What the test says if it gets this answer, and what it asked for. */
async function verdictOf(answer, data = {}) {
  const asked = [];
  const request = async (options) => {
    asked.push(options);
    if (answer instanceof Error) {
      throw answer;
    }
    return { headers: {}, body: '', ...answer };
  };
  const credential = { apiKey: 'pn_1', baseUrl: 'https://wts.example.com', ...data };
  const { status, message } = await testCredential.call({ helpers: { request } }, { data: credential });
  return { status, message, asked };
}

describe('the test of the credential', () => {
  for (const [name, answer, expected] of [
    ['a key that is accepted', { statusCode: 404, body: UNKNOWN_PATH }, /^The API accepts the key$/],
    [
      'a key that is not',
      { statusCode: 401, body: { key: 'ERROR_UNAUTHORIZED' } },
      /^The API did not accept the key\./,
    ],
    [
      'the account’s limit',
      { statusCode: 429, headers: { 'retry-after': '12' } },
      /^The account's request limit is reached \(HTTP 429\)\. The key was not refused\. Test again in 12 s\.$/,
    ],
    [
      'the account’s limit, without a time',
      { statusCode: 429, headers: { 'retry-after': 'soon' } },
      /^The account's request limit is reached \(HTTP 429\)\. The key was not refused\. Test again later\.$/,
    ],
    [
      'an API that is down',
      { statusCode: 503, headers: { 'content-type': 'text/html' } },
      /^The API is not reachable now \(HTTP 503\)\. The key was not refused\. Test again later\.$/,
    ],
    ['a gateway that gives up', { statusCode: 504 }, /^The API is not reachable now \(HTTP 504\)/],
    [
      'a firewall',
      { statusCode: 401, headers: { 'content-type': 'text/html; charset=utf-8' } },
      /^HTTP 401 with a web page does not come from the WTS Chat API.*Check the base URL\.$/,
    ],
    [
      'another server',
      { statusCode: 404, body: {} },
      /^HTTP 404 is not the answer of the WTS Chat API\. Check the base URL\.$/,
    ],
    [
      'no server',
      new Error('connect ECONNREFUSED 10.1.2.3:443'),
      /^No answer from wts\.example\.com:443: connect ECONNREFUSED/,
    ],
  ]) {
    it(`says what ${name} means`, async () => {
      const { status, message } = await verdictOf(answer);
      assert.match(message, expected);
      assert.equal(status, answer.body === UNKNOWN_PATH ? 'OK' : 'Error');
      const isWrongAddress = /firewall|another server/.test(name);
      assert.equal(/base URL/.test(message), isWrongAddress, message);
    });
  }

  it('sends the key as the credential says', async () => {
    for (const [authScheme, expected] of [
      [undefined, 'Bearer pn_1'],
      ['bearer', 'Bearer pn_1'],
      ['raw', 'pn_1'],
    ]) {
      const data = { apiKey: ' "Bearer pn_1"', ...(authScheme && { authScheme }) };
      const { asked } = await verdictOf({ statusCode: 404, body: UNKNOWN_PATH }, data);
      assert.deepEqual(
        asked.map(({ uri, headers }) => [uri, headers.authorization]),
        [['https://wts.example.com/chat/v1/credential-test', expected]],
      );
    }
  });

  it('sends nothing if the credential is of no use', async () => {
    for (const [data, expected] of [
      [{ apiKey: ' ' }, /^No API key!/],
      [{ baseUrl: 'https://api.wts.chat/chat/v1' }, /ends in \/chat\/v1|ends in/],
      [{ baseUrl: 'nonsense' }, /no URL/],
      [{ sharedLimits: 'url' }, /^Shared Limits URL must begin with/],
      [{ sharedLimits: 'url', sharedLimitsSecretUrl: 'redis://' }, /shared_limits/],
    ]) {
      const { status, message, asked } = await verdictOf({ statusCode: 200 }, data);
      assert.deepEqual([status, asked], ['Error', []]);
      assert.match(message, expected);
    }
  });
});

describe('the credential', () => {
  const { properties } = new WtsApi();
  const named = (name) => properties.find((property) => property.name === name);

  it('says how a key looks, and where it is made', () => {
    const { placeholder, hint, typeOptions } = named('apiKey');
    assert.deepEqual([placeholder, typeOptions], ['pn_...', { password: true }]);
    assert.match(hint, /Ajustes > Integrações > Integração via API/);
  });

  it('has a choice of the scheme and of the shared limits, with the defaults of older ones', () => {
    const choices = (name) => [named(name).default, ...named(name).options.map(({ value }) => value)];
    assert.deepEqual(choices('authScheme'), ['bearer', 'bearer', 'raw']);
    assert.deepEqual(choices('sharedLimits'), ['automatic', 'automatic', 'off', 'url']);
  });

  it('hides the password of the shared limits', () => {
    const { typeOptions, displayOptions } = named('sharedLimitsSecretUrl');
    assert.deepEqual([typeOptions, displayOptions], [{ password: true }, { show: { sharedLimits: ['url'] } }]);
  });
});
