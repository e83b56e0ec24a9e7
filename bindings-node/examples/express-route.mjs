// An Express route that marks a session as in progress: POST /sessions/<id>/in-progress.
// Reads WTS_API_KEY, WTS_BASE_URL and PORT.
import express from 'express';
import { Client, SessionStatus, WtsError } from 'wts-session';

const client = new Client({ totalTimeoutMs: 10_000 }); // one for the whole server
const app = express();

app.post('/sessions/:id/in-progress', async (request, response) => {
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  const { signal } = leaving;
  const { id, status } = await client.updateSessionStatus(request.params.id, SessionStatus.InProgress, { signal });
  response.json({ id, status });
});

// The four parameters make it the handler of errors for Express.
app.use((error, _request, response, next) => {
  if (response.destroyed) {
    return; // the browser has left
  }
  if (!(error instanceof WtsError)) {
    next(error);
    return;
  }
  if (error.retryAfter !== undefined) {
    response.set('Retry-After', String(Math.ceil(error.retryAfter)));
  }
  response.status(httpStatusOf(error)).json({ code: error.code, message: error.message });
});

/** What the error means for the caller: whose fault it is, and whether to try again. */
function httpStatusOf({ code, retryable }) {
  switch (code) {
    case 'not_found':
      return 404;
    case 'missing_fields':
    case 'invalid_session_id':
      return 400;
    case 'refused':
      return 422;
    default:
      return retryable ? 503 : 500;
  }
}

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
// The client keeps no process alive.
process.once('SIGTERM', () => server.close());
