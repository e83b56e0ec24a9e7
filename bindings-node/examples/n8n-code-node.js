// For n8n's Code node, "Run Once for All Items", where NODE_FUNCTION_ALLOW_EXTERNAL has wts-session. Code there has no
// process, URL or AbortController, and no credentials: the key comes with the items, time limits are numbers.
const { Client } = require('wts-session');

const items = $input.all();
const { apiKey, baseUrl } = items[0].json;
const client = new Client({ apiKey, baseUrl, timeoutMs: 10_000, totalTimeoutMs: 30_000 });
const outcomes = await client.completeSessions(items.map(({ json }) => json.sessionId));

return outcomes.map(({ index, sessionId, ok, result, error }) => ({
  json: ok ? result : { sessionId, error: { code: error.code, message: error.message, retryable: error.retryable } },
  pairedItem: { item: index },
}));
