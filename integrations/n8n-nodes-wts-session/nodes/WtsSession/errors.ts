import { type IDataObject, type INode, type JsonObject, NodeApiError, NodeOperationError } from 'n8n-workflow';
import { WtsError, type WtsErrorCode } from 'wts-session';

/** Whose word an error is: that of the API or of the way to it, or of this side. */
const SIDES: Record<WtsErrorCode, 'api' | 'ours'> = {
  missing_fields: 'ours',
  invalid_status: 'ours',
  empty_session_id: 'ours',
  invalid_session_id: 'ours',
  missing_api_key: 'ours',
  invalid_config: 'ours',
  unauthorized: 'api',
  forbidden: 'api',
  not_found: 'api',
  refused: 'api',
  rate_limited: 'api',
  server_error: 'api',
  connection: 'api',
  timeout: 'api',
  unexpected_response: 'api',
  cancelled: 'ours',
  closed: 'ours',
  internal: 'ours',
  limits_unavailable: 'ours',
};

/** The errors whose messages are the same everywhere, word for word. */
const FIXED: readonly WtsErrorCode[] = ['missing_fields', 'invalid_status', 'empty_session_id'];

/** The errors of the way to the API. */
const ON_THE_WAY: readonly WtsErrorCode[] = ['connection', 'timeout'];

const MAX_ID_IN_MESSAGE = 80;

/** What an error is about, as far as it is known. */
export interface Subject {
  sessionId?: string | undefined;
  /** Host and port of the API. */
  host?: string | undefined;
}

/** The error of an item as n8n wants it. */
export function nodeError(
  node: INode,
  error: Error,
  itemIndex: number,
  subject: Subject = {},
): NodeApiError | NodeOperationError {
  if (!(error instanceof WtsError)) {
    return withItem(new NodeOperationError(node, error), itemIndex);
  }
  const { message, description } = textsOf(error, subject);
  const made =
    SIDES[error.code] === 'api'
      ? new NodeApiError(node, error as unknown as JsonObject, { message, description })
      : new NodeOperationError(node, error, { message, description });
  // n8n would replace a message that happens to have the name of a system's error in it.
  made.message = message;
  if (made instanceof NodeApiError) {
    // n8n would take the code for it.
    made.httpCode = error.httpStatus === undefined ? null : String(error.httpStatus);
  }
  return withItem(made, itemIndex);
}

function withItem<Made extends NodeApiError | NodeOperationError>(error: Made, itemIndex: number): Made {
  error.context.itemIndex = itemIndex;
  return error;
}

/** What a workflow gets of an error if it goes on: all that is known of it but what the API sent. */
export function errorFields(error: Error, subject: Subject = {}): IDataObject {
  const { sessionId } = subject;
  if (error instanceof WtsError) {
    return { ...error.toJSON(), ...textsOf(error, subject), sessionId } as IDataObject;
  }
  const { name, message } = error;
  const description = 'description' in error ? error.description : undefined;
  return { name, message, description, sessionId } as IDataObject;
}

/** Message and description, one of them with the subject: n8n shows the message alone in many places, such as to an agent. */
function textsOf(error: WtsError, subject: Subject): { message: string; description: string } {
  const message = headline(error);
  const { description } = error;
  const details = `(${detailsOf(error, subject).join(', ')})`;
  if (!FIXED.includes(error.code)) {
    return { message: `${message.replace(/\.$/, '')} ${details}`, description };
  }
  if (!subject.sessionId?.trim()) {
    return { message, description };
  }
  return { message, description: description === message ? details : `${description} ${details}` };
}

function detailsOf({ code, httpStatus }: WtsError, { sessionId, host }: Subject): string[] {
  const details: string[] = [code];
  if (sessionId !== undefined) {
    details.unshift(`session ${shortened(sessionId)}`);
  }
  if (httpStatus !== undefined) {
    details.push(`HTTP ${httpStatus}`);
  }
  if (host !== undefined && ON_THE_WAY.includes(code)) {
    details.push(host);
  }
  return details;
}

/** An id in quotes, on one line. */
export function shortened(id: string): string {
  return JSON.stringify(id.length > MAX_ID_IN_MESSAGE ? `${id.slice(0, MAX_ID_IN_MESSAGE)}…` : id);
}

/** The message without the description, which n8n shows below it. */
function headline({ message, description }: WtsError): string {
  const end = [`: ${description}`, ` ${description}`].find((ending) => message.endsWith(ending));
  return end === undefined ? message : message.slice(0, -end.length);
}
