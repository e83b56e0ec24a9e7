// In a Code node, "Run Once for All Items". It has no access to credentials: the key comes from the items here.
const { Client } = require('wts-session');

const { apiKey, baseUrl } = $input.first().json;
const client = new Client({ apiKey, baseUrl });
const ids = $input.all().map(({ json }) => json.id);

return (await client.completeSessions(ids)).map(({ index, sessionId, ok, result, error }) => ({
  json: ok ? result : { sessionId, error: { code: error.code, message: error.message } },
  pairedItem: { item: index },
}));
