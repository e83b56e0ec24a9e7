import {
  ensureError,
  type ICredentialsDecrypted,
  type ICredentialTestFunctions,
  type INodeCredentialTestResult,
} from 'n8n-workflow';
import { type Connection, clientOf } from './connection';

/** Nothing is there: a request for it can neither change nor show anything. */
const NOWHERE = '/chat/v1/credential-test';

interface Answer {
  statusCode: number;
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
    clientOf(connection);
    return verdict(await answerOf(this.helpers, connection));
  } catch (error) {
    return { status: 'Error', message: ensureError(error).message };
  }
}

function answerOf(helpers: ICredentialTestFunctions['helpers'], { apiKey, baseUrl }: Connection): Promise<Answer> {
  return helpers.request({
    uri: baseUrl.trim().replace(/\/+$/, '') + NOWHERE,
    headers: { authorization: `Bearer ${apiKey.trim().replace(/^bearer\s+/i, '')}` },
    json: true,
    simple: false,
    resolveWithFullResponse: true,
    followRedirect: false,
    timeout: 15_000,
  });
}

function verdict({ statusCode, body }: Answer): INodeCredentialTestResult {
  if (statusCode === 401) {
    return {
      status: 'Error',
      message: 'The API did not accept the key. The platform deletes a key that was unused for 15 days.',
    };
  }
  if (statusCode === 404 && keyOf(body) === 'ERROR_UNAUTHORIZED') {
    return { status: 'OK', message: 'The API accepts the key' };
  }
  return { status: 'Error', message: `HTTP ${statusCode} is not the answer of the WTS Chat API. Check the base URL.` };
}

function keyOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'key' in body ? body.key : undefined;
}
