import { readFileSync } from 'node:fs';

const all = JSON.parse(readFileSync(new URL('../../n8n-versions.json', import.meta.url), 'utf8'));

/** The major version of n8n that the tests run: `WTS_N8N` says which; 2 where it says nothing. */
export const major = Number(process.env.WTS_N8N || 2);

/** The exact versions of n8n, its Node, and its n8n-workflow. */
export const versions = all[major];
