/** What people paste around a key: blanks, invisible characters, quotes, the name of the header, the scheme. */
const AROUND_KEY = /^[\s\p{Cf}"']*(?:authorization:[\s\p{Cf}"']*)?(?:bearer\s+["']?)?|[\s\p{Cf}"']+$/giu;

/** The header `Authorization` of a credential, as an expression of n8n. */
export const AUTHORIZATION = `($credentials.authScheme === "raw" ? "" : "Bearer ") + $credentials.apiKey.replace(${AROUND_KEY}, "")`;

/** The header `Authorization` of a credential. */
export function authorizationOf({ apiKey, authScheme }: { apiKey: string; authScheme?: string }): string {
  return (authScheme === 'raw' ? '' : 'Bearer ') + apiKey.replace(AROUND_KEY, '');
}
