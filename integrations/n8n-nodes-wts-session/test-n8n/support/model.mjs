import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/**
 * A language model whose answers a test writes: a server that speaks OpenAI's interface for chats. To each user's message it
 * answers with the tool call that is the message's JSON; to the result of the call, with "Done.".
 */
export class Model {
  #server = createServer((request, response) => this.#answer(request, response));
  /** The bodies of all requests. */
  received = [];

  static async start() {
    const model = new Model();
    await once(model.#server.listen(0, '127.0.0.1'), 'listening');
    return model;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  /** What the model was told of the result of each tool call for this session. */
  resultsFor(sessionId) {
    const conversations = this.received.filter(({ messages }) => JSON.stringify(messages).includes(sessionId));
    return conversations.flatMap(({ messages }) => messages.filter(({ role }) => role === 'tool'));
  }

  async #answer(request, response) {
    const body = await json(request);
    this.received.push(body);
    const last = body.messages.at(-1);
    const message =
      last.role === 'tool'
        ? { role: 'assistant', content: 'Done.' }
        : { role: 'assistant', content: null, tool_calls: [toolCall(body.tools[0].function.name, textOf(last))] };
    const choice = { index: 0, message, finish_reason: message.tool_calls ? 'tool_calls' : 'stop' };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const completion = {
      id: 'chat',
      object: 'chat.completion',
      created: 0,
      model: body.model,
      choices: [choice],
      usage,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion));
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function textOf({ content }) {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

function toolCall(name, text) {
  return { id: 'call_1', type: 'function', function: { name, arguments: text } };
}
