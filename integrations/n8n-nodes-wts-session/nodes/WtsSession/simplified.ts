import type { IDataObject } from 'n8n-workflow';

/** What says which session it is and how it is, and nothing of a person. */
const FIELDS = ['id', 'sessionId', 'status', 'success', 'createdAt', 'startAt', 'updatedAt', 'endAt'];

/** A session without personal data. */
export function simplified(session: IDataObject): IDataObject {
  return Object.fromEntries(FIELDS.filter((field) => field in session).map((field) => [field, session[field]]));
}
