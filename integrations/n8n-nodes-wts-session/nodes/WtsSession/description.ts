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
      { name: 'Completed', value: 'COMPLETED' },
      { name: 'Hidden', value: 'HIDDEN' },
      { name: 'In Progress', value: 'IN_PROGRESS' },
      { name: 'Pending', value: 'PENDING' },
      { name: 'Started', value: 'STARTED' },
      { name: 'Undefined', value: 'UNDEFINED' },
    ],
    default: 'UNDEFINED',
    description: 'The status to set. Undefined is none that can be set: choose another one.',
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
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add option',
    default: {},
    displayOptions: { show: SESSION },
    options: [
      {
        displayName: 'Stop Running Bot',
        name: 'stopBotInExecution',
        type: 'boolean',
        default: false,
        description: 'Whether a chatbot that is running in the session is stopped',
      },
    ],
  },
];
