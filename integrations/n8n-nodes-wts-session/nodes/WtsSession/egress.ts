import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from './connection';

/** n8n 2's check of addresses, which its N8N_SSRF_PROTECTION_ENABLED switches on. */
interface EgressHelpers {
  getSecureEgressFilter(): {
    validateUrl(url: string): Promise<{ ok: true } | { ok: false; error: Error }>;
  };
}

/** Throws if this n8n does not allow requests to an address of the credential. The library sends them past n8n's own client. */
export async function checkAddresses(context: IExecuteFunctions, connection: Connection): Promise<void> {
  const { getSecureEgressFilter } = context.helpers as Partial<EgressHelpers>;
  const { baseUrl, sharedLimits, sharedLimitsSecretUrl } = connection;
  for (const url of sharedLimits === 'url' ? [baseUrl, sharedLimitsSecretUrl] : [baseUrl]) {
    const checked = await getSecureEgressFilter?.().validateUrl(String(url).trim());
    if (checked?.ok === false) {
      throw checked.error;
    }
  }
}
