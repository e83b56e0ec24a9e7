import {
  type IExecuteFunctions,
  type INodeExecutionData,
  type INodeType,
  type INodeTypeDescription,
  NodeConnectionTypes,
} from 'n8n-workflow';
import { testCredential } from './credentialTest';
import { properties } from './description';
import { execute } from './execute';

/** The node "WTS Chat". */
export class WtsSession implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'WTS Chat',
    name: 'wtsSession',
    icon: { light: 'file:../../icons/wts-session.svg', dark: 'file:../../icons/wts-session.dark.svg' },
    group: ['transform'],
    version: 1,
    subtitle: '={{ $parameter["operation"] === "concludeSession" ? "complete: session" : "change status: session" }}',
    description: 'Set the status of chat sessions, and complete them',
    defaults: { name: 'WTS Chat' },
    usableAsTool: true,
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'wtsApi', required: true, testedBy: 'testCredential' }],
    properties,
  };

  methods = { credentialTest: { testCredential } };

  async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    const { items } = await execute(this);
    return [items];
  }
}
