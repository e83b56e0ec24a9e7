import type { ICredentialsDecrypted, ICredentialTestFunctions, INodeCredentialTestResult } from 'n8n-workflow';
import { authorizationOf } from '../../credentials/authorization';
import { accountOf, type Connection, hostOf } from './connection';
import { asError } from './thrown';

/** Nothing is there: a request for it can neither change nor show anything. */
const NOWHERE = '/chat/v1/credential-test';

interface Answer {
  statusCode: number;
  headers: Record<string, unknown>;
  body: unknown;
}

/**
 * Tests a credential with a GET of a path that the API does not have. It answers 401 where it does not accept the key, and
 * else the 404 of its own that it has for wrong paths.
 */
export async function testCredential(
  this: ICredentialTestFunctions,
  { data }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
  const connection = data as unknown as Connection;
  try {
    accountOf(connection);
  } catch (error) {
    return failed(asError(error).message);
  }
  const address = connection.baseUrl.trim().replace(/\/+$/, '');
  try {
    return verdict(await answerOf(this.helpers, address, authorizationOf(connection)));
  } catch (error) {
    return failed(`No answer from ${hostOf(connection) ?? 'the API'}: ${asError(error).message}`);
  }
}

function answerOf(
  helpers: ICredentialTestFunctions['helpers'],
  address: string,
  authorization: string,
): Promise<Answer> {
  return helpers.request({
    uri: address + NOWHERE,
    headers: { authorization },
    json: true,
    simple: false,
    resolveWithFullResponse: true,
    followRedirect: false,
    timeout: 15_000,
  });
}

function verdict({ statusCode, headers, body }: Answer): INodeCredentialTestResult {
  if (statusCode === 404 && keyOf(body) === 'ERROR_UNAUTHORIZED') {
    return { status: 'OK', message: 'The API accepts the key' };
  }
  if (statusCode === 429) {
    return failed(`The account's request limit is reached (HTTP 429). The key was not refused. ${whenAgain(headers)}`);
  }
  if (statusCode === 408 || statusCode >= 500) {
    return failed(`The API is not reachable now (HTTP ${statusCode}). The key was not refused. Test again later.`);
  }
  if (isWebPage(headers)) {
    const message = `HTTP ${statusCode} with a web page does not come from the WTS Chat API, but from a firewall, a proxy or another server. Check the base URL.`;
    return failed(message);
  }
  if (statusCode === 401) {
    return failed('The API did not accept the key. The platform deletes a key that was unused for 15 days.');
  }
  return failed(`HTTP ${statusCode} is not the answer of the WTS Chat API. Check the base URL.`);
}

function failed(message: string): INodeCredentialTestResult {
  return { status: 'Error', message };
}

function whenAgain(headers: Answer['headers']): string {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? `Test again in ${Math.ceil(seconds)} s.` : 'Test again later.';
}

function isWebPage(headers: Answer['headers']): boolean {
  return String(headers['content-type']).startsWith('text/html');
}

function keyOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'key' in body ? body.key : undefined;
}
