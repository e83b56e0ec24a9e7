// The library in a Code node, in all ways in which n8n runs one.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Home } from './support/home.mjs';
import { installBinding, packageFolder } from './support/install.mjs';
import { N8n } from './support/n8n.mjs';
import { freePort } from './support/ports.mjs';
import { startTaskRunner } from './support/runner.mjs';
import { major } from './support/versions.mjs';
import { node, workflow } from './support/workflow.mjs';

const IN_THE_PROCESS = ['in n8n’s own process', { N8N_RUNNERS_ENABLED: 'false' }];
const IN_A_RUNNER = ['in a task runner of n8n’s', { N8N_RUNNERS_ENABLED: 'true' }];
/** n8n 2 has a task runner in any case. */
const WAYS = major === 1 ? [IN_THE_PROCESS, IN_A_RUNNER] : [IN_A_RUNNER];

let standIn;
let home;
let codeNode;
let allowed;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown'] });
  home = await Home.make();
  const jsCode = await readFile(join(packageFolder, '../../bindings-node/examples/n8n-code-node.js'), 'utf8');
  const { api: baseUrl, token: apiKey } = standIn.addresses;
  const given = ['code-1', '', 'code-2'].map((sessionId) => ({ sessionId, apiKey, baseUrl }));
  codeNode = workflow('code-node', given, [node('Code', 'n8n-nodes-base.code', 2, { jsCode })]);
  const modules = await installBinding(home.tarballs, await home.folder('code'));
  allowed = { NODE_PATH: modules, NODE_FUNCTION_ALLOW_EXTERNAL: 'wts-session' };
});

after(async () => {
  await home?.remove();
  await standIn.stop();
});

async function assertRuns(n8n) {
  await n8n.import([], [codeNode]);
  const execution = await n8n.execute('code-node');
  assert.equal(execution.status, 'success', execution.printed);
  const items = execution.items('Code');
  assert.deepEqual(
    items.map(({ pairedItem }) => pairedItem),
    [{ item: 0 }, { item: 1 }, { item: 2 }],
  );
  const [first, empty, last] = items.map(({ json }) => json);
  assert.deepEqual([first.sessionId, last.sessionId], ['code-1', 'code-2']);
  assert.equal(empty.error.code, 'empty_session_id');
}

describe('a Code node runs', () => {
  for (const [way, settings] of WAYS) {
    it(way, async () => {
      const n8n = await N8n.start(home, { ...settings, ...allowed });
      await assertRuns(n8n).finally(() => n8n.stop());
    });
  }

  it('in an external task runner, which has the settings for modules itself', async () => {
    const [port, token] = [String(await freePort()), 'only-for-tests'];
    const n8n = await N8n.start(home, {
      N8N_RUNNERS_ENABLED: 'true',
      N8N_RUNNERS_MODE: 'external',
      N8N_RUNNERS_AUTH_TOKEN: token,
      N8N_RUNNERS_BROKER_PORT: port,
    });
    const runner = await startTaskRunner(home, `http://127.0.0.1:${port}`, token, allowed);
    await assertRuns(n8n).finally(async () => {
      await runner.stop();
      await n8n.stop();
    });
  });
});
