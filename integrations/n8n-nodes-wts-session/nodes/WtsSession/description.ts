import type { INodeProperties } from 'n8n-workflow';

const SESSION = { resource: ['session'] };

/** The parameters, by the names that workflows of the older node have. */
export const properties: INodeProperties[] = [
  {
    displayName: 'Resource',
    name: 'resource',
    type: 'options',
    noDataExpression: true,
    options: [{ name: 'Session', value: 'session' }],
    default: 'session',
  },
  {
    displayName: 'Operation',
    name: 'operation',
    type: 'options',
    noDataExpression: true,
    displayOptions: { show: SESSION },
    options: [
      {
        name: 'Change Status',
        value: 'updateStatusSession',
        description: 'Set the status of a session',
        action: 'Change the status of a session',
      },
      {
        name: 'Complete Session',
        value: 'concludeSession',
        description: 'Complete a session, as an agent does at the end of a conversation',
        action: 'Complete a session',
      },
    ],
    default: 'updateStatusSession',
  },
  {
    displayName: 'Session ID',
    name: 'sessionId',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'e.g. 567ca9b8-eaa9-4a33-8cf9-d2c67060af74',
    description: 'The ID of the session; it may be another one for each item',
    displayOptions: { show: SESSION },
  },
  {
    displayName: 'Status',
    name: 'statusSessionOption',
    type: 'options',
    options: [
      { name: '(Choose a Status)', value: 'UNDEFINED' },
      { name: 'Completed', value: 'COMPLETED' },
      { name: 'Hidden', value: 'HIDDEN' },
      { name: 'In Progress', value: 'IN_PROGRESS' },
      { name: 'Pending', value: 'PENDING' },
      { name: 'Started', value: 'STARTED' },
    ],
    default: 'UNDEFINED',
    description: 'The status to set',
    displayOptions: { show: { ...SESSION, operation: ['updateStatusSession'] } },
  },
  {
    displayName: 'Reactivate on New Message',
    name: 'reactivateOnNewMessage',
    type: 'boolean',
    default: false,
    description: 'Whether a new message of the contact reopens the session',
    displayOptions: { show: { ...SESSION, operation: ['concludeSession'] } },
  },
  {
    displayName: 'Simplify',
    name: 'simplify',
    type: 'boolean',
    default: true,
    description: 'Whether to return a simplified version of the response instead of the raw data',
    displayOptions: { show: { ...SESSION, '@tool': [true] } },
  },
  {
    displayName: 'Simplify',
    name: 'simplify',
    type: 'boolean',
    default: false,
    description: 'Whether to return a simplified version of the response instead of the raw data',
    displayOptions: { show: SESSION, hide: { '@tool': [true] } },
  },
  {
    displayName:
      'Leave Retry On Fail in the settings off: the node itself repeats requests that failed for a moment, without the items that succeeded.',
    name: 'notice',
    type: 'notice',
    default: '',
    displayOptions: { show: SESSION, hide: { '@tool': [true] } },
  },
  {
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add option',
    default: {},
    displayOptions: { show: SESSION },
    options: [
      {
        displayName: 'Reserve',
        name: 'reserve',
        type: 'number',
        typeOptions: { minValue: 0, maxValue: 0.5, numberPrecision: 2 },
        default: 0.05,
        description: "The share of the account's limits that a large run leaves to other calls, from 0 to 0.5",
      },
      {
        displayName: 'Stop Running Bot',
        name: 'stopBotInExecution',
        type: 'boolean',
        default: false,
        description: 'Whether a chatbot that is running in the session is stopped',
      },
      {
        displayName: 'Timeout',
        name: 'timeout',
        type: 'number',
        typeOptions: { minValue: 1 },
        default: 15000,
        description: 'The time in ms that one request may take; a request that takes longer is repeated',
      },
    ],
  },
];

/** The name of a parameter in the panel; that of an option has `options.` before it. */
export function labelOf(name: string): string {
  const [outer, inner] = name.split('.');
  const property = properties.find((known) => known.name === outer);
  const option = property?.options?.find((known) => known.name === inner);
  const { displayName } = (option ?? property) as INodeProperties;
  return displayName;
}
