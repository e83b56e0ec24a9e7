/** What came of an execution. */
export class Execution {
  /** @param printed All that is to be seen of it: n8n's answer and its log. */
  constructor(status, result, printed) {
    this.status = status;
    this.result = result;
    this.printed = printed;
  }

  /** The error that ended the workflow. */
  get error() {
    return this.result.error;
  }

  /** The items that a node gave at an output. */
  items(node, output = 0) {
    return this.result.runData[node][0].data.main[output] ?? [];
  }

  json(node, output = 0) {
    return this.items(node, output).map(({ json }) => json);
  }

  /** How long a node took, in ms. */
  time(node) {
    return this.result.runData[node][0].executionTime;
  }
}
