#!/usr/bin/env node
// Makes the pictures of docs/n8n: n8n's editor, with the node, against the stand-in.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, selectors } from 'playwright-core';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Home } from '../test-n8n/support/home.mjs';
import { packageFolder } from '../test-n8n/support/install.mjs';
import { BROWSER_ID, N8n } from '../test-n8n/support/n8n.mjs';
import { credential, end, node, wtsChat } from '../test-n8n/support/workflow.mjs';

const pictures = join(packageFolder, '../../docs/n8n');
const WORKFLOW = 'close-sessions';
/** For a busy machine. */
const PATIENCE_MS = 300_000;

selectors.setTestIdAttribute('data-test-id');

const at = (x, y, made) => ({ ...made, position: [x, y] });

function demo([first, second]) {
  const sessions = { list: [{ id: first }, { id: second }, { id: 'session_99999' }] };
  const nodes = [
    at(0, 0, node('Start', 'n8n-nodes-base.manualTrigger', 1, {})),
    at(
      200,
      0,
      node('Sessions', 'n8n-nodes-base.set', 3.4, { mode: 'raw', jsonOutput: JSON.stringify(sessions), options: {} }),
    ),
    at(400, 0, node('One by one', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'list', options: {} })),
    at(
      600,
      0,
      wtsChat(
        'WTS Chat',
        { operation: 'concludeSession', reactivateOnNewMessage: true, options: { stopBotInExecution: true } },
        { onError: 'continueErrorOutput' },
      ),
    ),
    at(880, -100, end('Completed')),
    at(880, 100, end('Failed')),
  ];
  const to = (name) => [{ node: name, type: 'main', index: 0 }];
  const connections = {
    Start: { main: [to('Sessions')] },
    Sessions: { main: [to('One by one')] },
    'One by one': { main: [to('WTS Chat')] },
    'WTS Chat': { main: [to('Completed'), to('Failed')] },
  };
  return {
    id: WORKFLOW,
    name: 'Close sessions',
    active: false,
    settings: { executionOrder: 'v1' },
    nodes,
    connections,
  };
}

/** One picture more of each for those who have it dark. */
const SCHEMES = { light: '', dark: '-dark' };

async function photograph(n8n, execution) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    for (const [colorScheme, suffix] of Object.entries(SCHEMES)) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme });
      context.setDefaultTimeout(PATIENCE_MS);
      await context.addCookies([{ ...n8n.cookie, url: n8n.url }]);
      await context.addInitScript((id) => localStorage.setItem('n8n-browserId', id), BROWSER_ID);
      const page = await context.newPage();
      const take = (name) => photographPage(page, `${name}${suffix}`);
      await photographCredential(page, `${n8n.url}/home/credentials/${n8n.idOf('good')}`, take);
      await photographNode(page, `${n8n.url}/workflow/${n8n.idOf(WORKFLOW)}`, take);
      await photographExecution(page, `${n8n.url}/workflow/${n8n.idOf(WORKFLOW)}/executions/${execution}`, take);
      await context.close();
    }
  } finally {
    await browser.close();
  }
}

async function photographCredential(page, url, take) {
  await page.goto(url);
  await page.getByText('Connection tested successfully').waitFor();
  await take('credential');
}

async function photographNode(page, url, take) {
  await page.goto(url);
  await page.getByTestId('execute-workflow-button').click();
  const notice = page.getByRole('alert').filter({ hasText: 'executed successfully' });
  await notice.locator('.el-notification__closeBtn').click();
  await notice.waitFor({ state: 'detached' });
  await page.locator('[data-test-id="canvas-node"][data-node-name="WTS Chat"]').dblclick();
  await page.getByText('Success Branch').waitFor();
  await take('node');
  await page.getByText('Error Branch').click();
  await page.getByTestId('output-panel').getByText('JSON', { exact: true }).click();
  await page.getByText('ENTITY_NOT_FOUND').first().waitFor();
  await take('failed-item');
}

async function photographExecution(page, url, take) {
  await page.goto(url);
  await page.getByText('3 items').first().waitFor();
  await take('execution');
}

async function photographPage(page, name) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' });
}

const standIn = await StandIn.start();
const home = await Home.make();
const n8n = await N8n.start(home);
try {
  const { token: apiKey, api: baseUrl, sessions } = standIn.addresses;
  await n8n.import([{ ...credential('good', { apiKey, baseUrl }), name: 'WTS account' }], [demo(sessions.IN_PROGRESS)]);
  await mkdir(pictures, { recursive: true });
  const execution = await n8n.run(WORKFLOW);
  await n8n.finished(execution);
  await photograph(n8n, execution);
} finally {
  await n8n.stop();
  await home.remove();
  await standIn.stop();
}
