import { Process } from './process.mjs';

/** An external task runner: what n8n's launcher starts, which no registry has. */
export async function startTaskRunner(home, broker, token, settings) {
  const { PATH, HOME } = await home.environment();
  const env = {
    PATH,
    HOME,
    N8N_RUNNERS_TASK_BROKER_URI: broker,
    N8N_RUNNERS_GRANT_TOKEN: await grant(broker, token),
    ...settings,
  };
  const flags = ['--disallow-code-generation-from-strings', '--disable-proto=delete'];
  return new Process('node', [...flags, home.installed('@n8n/task-runner/dist/start.js')], env);
}

async function grant(broker, token) {
  const answer = await fetch(`${broker}/runners/auth`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (!answer.ok) {
    throw new Error(`no grant for a task runner: ${answer.status} ${await answer.text()}`);
  }
  return (await answer.json()).data.token;
}
