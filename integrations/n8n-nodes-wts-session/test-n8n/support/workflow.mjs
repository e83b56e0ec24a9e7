/** A credential, which goes by its name. */
export function credential(name, data) {
  return { id: name, name, type: 'wtsApi', data };
}

export function node(name, type, typeVersion, parameters, others = {}) {
  return { id: name, name, type, typeVersion, position: [0, 0], parameters, ...others };
}

/** A node "WTS Chat" with the credential of that name; `others` is what n8n keeps beside parameters, such as `onError`. */
export function wtsChat(name, parameters, others = {}, uses = 'good') {
  return node(
    name,
    'n8n-nodes-wts-session.wtsSession',
    1,
    { resource: 'session', sessionId: '={{ $json.id }}', ...parameters },
    uses === 'none' ? others : { credentials: { wtsApi: { id: uses, name: uses } }, ...others },
  );
}

/** A node that passes on what it gets. */
export function end(name) {
  return node(name, 'n8n-nodes-base.noOp', 1, {});
}

/** A workflow in which `items` go through `nodes`, one after the other. */
export function workflow(id, items, nodes, settings = {}) {
  const all = [...source(items), ...nodes];
  const connections = {};
  for (const [index, { name }] of all.slice(0, -1).entries()) {
    connect(connections, name, 0, all[index + 1].name);
  }
  return { id, name: id, active: false, settings: { executionOrder: 'v1', ...settings }, nodes: all, connections };
}

/** A workflow in which what `node` gives goes to "Succeeded" and, of its error output, to "Failed". */
export function branching(id, items, node) {
  const made = workflow(id, items, [node, end('Succeeded')]);
  made.nodes.push(end('Failed'));
  connect(made.connections, node.name, 1, 'Failed');
  return made;
}

function source(items) {
  const raw = { mode: 'raw', jsonOutput: JSON.stringify({ list: items }), options: {} };
  return [
    node('Start', 'n8n-nodes-base.manualTrigger', 1, {}),
    node('Raw', 'n8n-nodes-base.set', 3.4, raw),
    node('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'list', options: {} }),
  ];
}

function connect(connections, from, output, to) {
  connections[from] ??= { main: [] };
  connections[from].main[output] = [{ node: to, type: 'main', index: 0 }];
}
