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

/** The error of an item as n8n wants it. */
export function nodeError(node: INode, error: Error, itemIndex: number): NodeApiError | NodeOperationError {
  if (!(error instanceof WtsError)) {
    return withItem(new NodeOperationError(node, error), itemIndex);
  }
  const message = headline(error);
  const { description } = error;
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

/** What a workflow gets of an error where it goes on: all that is known of it but what the API sent. */
export function errorFields(error: Error): IDataObject {
  if (error instanceof WtsError) {
    return { ...error.toJSON(), message: headline(error) } as IDataObject;
  }
  const { name, message } = error;
  const description = 'description' in error ? error.description : undefined;
  return { name, message, description } as IDataObject;
}

/** The message without the description, which n8n shows below it. */
function headline({ message, description }: WtsError): string {
  const end = [`: ${description}`, ` ${description}`].find((ending) => message.endsWith(ending));
  return end === undefined ? message : message.slice(0, -end.length);
}
