#!/usr/bin/env node
// Raises the versions in n8n-versions.json, and those of n8n-workflow in package.json, to the newest that can be installed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** So many versions are tried: dependencies of the newest are not always there yet. */
const MAX_TRIES = 10;
const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const versionsFile = join(packageFolder, 'n8n-versions.json');

const npm = (args, cwd = packageFolder) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' });
const view = (...args) => JSON.parse(npm(['view', ...args, '--json']));
const newest = (versions) => versions.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1);

/** The newest versions of a major version, without those for trying out. */
function candidates(major) {
  const released = view('n8n', 'versions').filter(
    (version) => version.startsWith(`${major}.`) && !version.includes('-'),
  );
  return released
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .reverse()
    .slice(0, MAX_TRIES);
}

/** Whether all that n8n depends on can be found. Nothing is downloaded but descriptions. */
function canBeInstalled(n8n) {
  const folder = mkdtempSync(join(tmpdir(), 'wts-session-update-n8n-'));
  const manifest = { private: true, dependencies: { n8n }, overrides: { xlsx: '0.18.5' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  try {
    npm(['install', '--package-lock-only', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'], folder);
    return true;
  } catch (error) {
    if (!error.stderr?.includes('ETARGET')) {
      throw error;
    }
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function raise(major, { node }) {
  const n8n = candidates(major).find(canBeInstalled);
  if (n8n === undefined) {
    throw new Error(`none of the newest ${MAX_TRIES} versions of n8n ${major} can be installed`);
  }
  const [nodeMajor] = node.split('.');
  return {
    n8n,
    'n8n-workflow': view(`n8n@${n8n}`, 'dependencies')['n8n-workflow'],
    node: newest([view(`node@${nodeMajor}`, 'version')].flat()),
  };
}

const pinned = JSON.parse(readFileSync(versionsFile, 'utf8'));
const raised = Object.entries(pinned).map(([major, versions]) => [major, raise(major, versions)]);
const lines = raised.map(
  ([major, versions]) => `  "${major}": ${JSON.stringify(versions, null, 1).replace(/\n\s*/g, ' ')}`,
);
writeFileSync(versionsFile, `{\n${lines.join(',\n')}\n}\n`);
const workflow = (major) => Object.fromEntries(raised)[major]['n8n-workflow'];
const packages = [`n8n-workflow@${workflow(1)}`, `n8n-workflow-newest@npm:n8n-workflow@${workflow(2)}`];
npm(['install', '--save-dev', '--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', ...packages]);
console.log(readFileSync(versionsFile, 'utf8'));
console.log('now: make test-n8n-node test-n8n, and the versions in docs/n8n.md');
