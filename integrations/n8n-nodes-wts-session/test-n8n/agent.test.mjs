// The node as a tool of n8n's AI agent, with a language model whose answers are written here.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { StandIn } from '../../../bindings-node/test/support/stand-in.mjs';
import { Home } from './support/home.mjs';
import { Model } from './support/model.mjs';
import { N8n } from './support/n8n.mjs';
import { credential, node } from './support/workflow.mjs';

const REFUSED = { status: 500, body_file: 'error-refused-as-500.json' };
/** Agents before 3 call tools themselves; for later ones n8n executes them as nodes. */
const AGENTS = [2.2, 3];
/** What the stand-in's sessions hold of persons and their conversations. */
const PERSONAL = /Atendimento|Conceição|\+?55\d{6,}|lastMessage|contactId|previewUrl|humanId|utm/;

let standIn;
let model;
let home;
let n8n;

before(async () => {
  standIn = await StandIn.start({ extra: ['--create-unknown'] });
  model = await Model.start();
  home = await Home.make();
  n8n = await N8n.start(home);
  const { token: apiKey, api: baseUrl } = standIn.addresses;
  const openAi = {
    id: 'model',
    name: 'model',
    type: 'openAiApi',
    data: { apiKey: 'none', url: model.url, header: false },
  };
  const scenarios = ['success', 'refused', 'invalid', 'whole', 'goes-on'];
  const workflows = AGENTS.flatMap((version) => scenarios.map((name) => agent(version, name)));
  await n8n.import([credential('good', { apiKey, baseUrl }), openAi], workflows);
});

after(async () => {
  await n8n?.stop();
  await home?.remove();
  await model.stop();
  await standIn.stop();
});

const idOf = (version, name) => (name === 'invalid' ? '..' : `${name}-${version}`);

/** A workflow in which an agent is asked to complete one session. */
function agent(version, name) {
  const call = JSON.stringify({ Session_ID: idOf(version, name) });
  const fromModel = "={{ $fromAI('Session_ID', 'The id of the session', 'string') }}";
  const complete = { resource: 'session', operation: 'concludeSession', sessionId: fromModel };
  const simplify = name === 'whole' ? { simplify: false } : {};
  const onError = name === 'goes-on' ? { onError: 'continueRegularOutput' } : {};
  const nodes = [
    node('Start', 'n8n-nodes-base.manualTrigger', 1, {}),
    node('Agent', '@n8n/n8n-nodes-langchain.agent', version, { promptType: 'define', text: call, options: {} }),
    node(
      'Model',
      '@n8n/n8n-nodes-langchain.lmChatOpenAi',
      1.2,
      { model: { __rl: true, mode: 'id', value: 'scripted' }, options: { maxRetries: 0 } },
      { credentials: { openAiApi: { id: 'model', name: 'model' } } },
    ),
    node(
      'Complete_session',
      'n8n-nodes-wts-session.wtsSessionTool',
      1,
      { ...complete, ...simplify },
      { credentials: { wtsApi: { id: 'good', name: 'good' } }, ...onError },
    ),
  ];
  const to = (target, type) => ({ [type]: [[{ node: target, type, index: 0 }]] });
  const connections = {
    Start: to('Agent', 'main'),
    Model: to('Agent', 'ai_languageModel'),
    Complete_session: to('Agent', 'ai_tool'),
  };
  const settings = { executionOrder: 'v1' };
  return { id: `${name}-${version}`, name: `${name}-${version}`, active: false, settings, nodes, connections };
}

for (const version of AGENTS) {
  describe(`an agent of version ${version}`, () => {
    /** What the model was told of the tool call. */
    async function told(name) {
      const before = model.received.length;
      const execution = await n8n.execute(`${name}-${version}`);
      assert.equal(execution.status, 'success', execution.printed);
      assert.ok(!execution.printed.includes(standIn.addresses.token), 'the key is in the output');
      const received = model.received.slice(before);
      const results = received.flatMap(({ messages }) => messages.filter(({ role }) => role === 'tool'));
      assert.equal(results.length, 1, JSON.stringify(received));
      return { result: String(results[0].content), all: JSON.stringify(received) };
    }

    it('completes a session, and its model sees nothing of a person', async () => {
      const { result, all } = await told('success');
      const id = idOf(version, 'success');
      const [request] = await standIn.requests(id);
      assert.equal(request.path, `/chat/v1/session/${id}/complete`);
      assert.match(result, /"status":"COMPLETED"/);
      assert.match(result, /"success":true/);
      assert.match(result, new RegExp(`"sessionId":"${id}"`));
      assert.doesNotMatch(all, PERSONAL);
    });

    it('is told of a refusal, with its code and the session', async () => {
      const id = idOf(version, 'refused');
      await standIn.script(id, REFUSED);
      const { result, all } = await told('refused');
      assert.ok(
        result.replaceAll('\\', '').includes(`Conversa não encontrada (session "${id}", refused, HTTP 500)`),
        result,
      );
      assert.doesNotMatch(all, PERSONAL);
    });

    it('is told of an id that can be none', async () => {
      const { result } = await told('invalid');
      assert.ok(
        result.replaceAll('\\', '').includes('SessionID is not valid! (session "..", invalid_session_id)'),
        result,
      );
      assert.deepEqual(await standIn.requests('..'), []);
    });

    it('is told of a refusal also if the tool goes on after it', async () => {
      const id = idOf(version, 'goes-on');
      await standIn.script(id, REFUSED);
      const { result, all } = await told('goes-on');
      assert.match(result, /"code":"refused"/);
      assert.match(result, new RegExp(`"sessionId":"${id}"`));
      assert.doesNotMatch(all, PERSONAL);
    });

    it('gives its model the whole session only if Simplify is off', async () => {
      const { all } = await told('whole');
      assert.match(all, PERSONAL);
    });
  });
}
