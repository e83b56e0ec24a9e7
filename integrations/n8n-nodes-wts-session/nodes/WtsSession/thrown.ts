/** What was thrown, as an error. n8n-workflow had a function for that until n8n 2.30. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
