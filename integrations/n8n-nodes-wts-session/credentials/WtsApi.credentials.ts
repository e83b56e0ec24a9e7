import type { ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/** The key of a WTS Chat account, and where its API is. The node tests it, see `credentialTest.ts`. */
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
      description: 'Made in the web app under Ajustes > Integrações > Integração via API',
    },
    {
      displayName: 'Base URL',
      name: 'baseUrl',
      type: 'string',
      default: 'https://api.wts.chat',
      description: 'The address of the API, without /chat. White-label accounts may have another one.',
    },
  ];
}
