import type { IAuthenticateGeneric, ICredentialType, Icon, INodeProperties } from 'n8n-workflow';
import { AUTHORIZATION } from './authorization';

/** The key of a WTS Chat account, and how its API is reached. The node tests it, see `credentialTest.ts`. */
export class WtsApi implements ICredentialType {
  name = 'wtsApi';

  displayName = 'WTS Chat API';

  icon: Icon = { light: 'file:../icons/wts-session.svg', dark: 'file:../icons/wts-session.dark.svg' };

  documentationUrl = 'https://github.com/wts-session/wts-session/blob/main/docs/n8n.md';

  properties: INodeProperties[] = [
    {
      displayName: 'API Key',
      name: 'apiKey',
      type: 'string',
      typeOptions: { password: true },
      required: true,
      default: '',
      placeholder: 'pn_...',
      hint: 'Made in the web app under Ajustes > Integrações > Integração via API',
      description: 'The platform deletes a key that was unused for 15 days',
    },
    {
      displayName: 'Base URL',
      name: 'baseUrl',
      type: 'string',
      default: 'https://api.wts.chat',
      description: 'The address of the API, without /chat. White-label accounts may have another one.',
    },
    {
      displayName: 'Authentication',
      name: 'authScheme',
      type: 'options',
      options: [
        { name: 'Bearer Token', value: 'bearer', description: 'Authorization: Bearer [key]' },
        { name: 'Raw Token', value: 'raw', description: 'Authorization: [key]' },
      ],
      default: 'bearer',
      description: 'How the key is sent. A few white-label accounts need the raw token.',
    },
    {
      displayName: 'Shared Limits',
      name: 'sharedLimits',
      type: 'options',
      options: [
        {
          name: 'Automatic',
          value: 'automatic',
          description: 'In queue mode in the Redis of the queue, otherwise off',
        },
        { name: 'Off', value: 'off', description: 'Each n8n process counts its own requests only' },
        { name: 'URL', value: 'url', description: 'In a Redis or Valkey of your own' },
      ],
      default: 'automatic',
      description: 'Where the processes that use this account count their requests together',
    },
    {
      displayName: 'Shared Limits URL',
      name: 'sharedLimitsSecretUrl',
      type: 'string',
      typeOptions: { password: true },
      default: '',
      placeholder: 'redis://user:password@host:6379/0',
      description: 'The address of the Redis or Valkey. Other programs that use this account need the same one.',
      displayOptions: { show: { sharedLimits: ['url'] } },
    },
  ];

  /** For the HTTP Request node; the node itself leaves it to the library. */
  authenticate: IAuthenticateGeneric = {
    type: 'generic',
    properties: { headers: { Authorization: `={{ ${AUTHORIZATION} }}` } },
  };
}
