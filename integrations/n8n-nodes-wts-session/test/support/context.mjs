// What n8n gives the node in a run, as far as the node uses it.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../dist/nodes/WtsSession/execute.js', import.meta.url));

/** The n8n-workflow that the node has. */
export const n8nWorkflow = require('n8n-workflow');
export const n8nWorkflowPath = require.resolve('n8n-workflow');

export const NODE = {
  id: '1',
  name: 'WTS Chat',
  type: 'n8n-nodes-wts-session.wtsSession',
  typeVersion: 1,
  position: [0, 0],
  parameters: {},
};

/** A value of a parameter that is none, since its expression fails. */
export class BadExpression {
  constructor(message) {
    this.message = message;
  }
}

/** The context of a run over items that have these parameters each. */
export class Context {
  hints = [];
  lines = [];
  helpers = {};
  logger = {
    info: (line) => this.#log('info', line),
    warn: (line) => this.#log('warn', line),
  };
  #parameters;
  #credential;
  #options;

  constructor(parameters, credential, options = {}) {
    this.#parameters = parameters;
    this.#credential = credential;
    this.#options = options;
    this.helpers = options.helpers ?? {};
  }

  #log(level, line) {
    this.lines.push([level, line]);
    this.#options.onLine?.(line);
  }

  getInputData() {
    return this.#parameters.map((json) => ({ json }));
  }

  getNodeParameter(name, itemIndex, fallback) {
    const given = { resource: 'session', operation: 'concludeSession', ...this.#parameters[itemIndex] };
    const value = name in given ? given[name] : fallback;
    if (!(name in given) && fallback === undefined) {
      throw new n8nWorkflow.NodeOperationError(NODE, `Could not get parameter "${name}"`);
    }
    if (value instanceof BadExpression) {
      throw new n8nWorkflow.NodeOperationError(NODE, value.message);
    }
    return value;
  }

  async getCredentials() {
    if (this.#credential === undefined) {
      throw new n8nWorkflow.NodeOperationError(NODE, 'Node does not have any credentials set');
    }
    return this.#credential;
  }

  continueOnFail() {
    return this.#options.goesOn ?? false;
  }

  getNode() {
    const { retryOnFail, isTool } = this.#options;
    return { ...NODE, retryOnFail, type: isTool ? `${NODE.type}Tool` : NODE.type };
  }

  getContext() {
    return this.#options.nodeContext;
  }

  getWorkflowDataProxy() {
    return { $runIndex: this.#options.runIndex ?? 0 };
  }

  getExecutionCancelSignal() {
    return this.#options.signal;
  }

  getExecutionId() {
    return '7';
  }

  addExecutionHints(...hints) {
    this.hints.push(...hints);
  }
}
