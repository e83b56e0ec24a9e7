// What is published, by the rules of n8n's scanner of community packages and of its installer.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildScanConfig, SOURCE_FILE_PATTERNS } from '@n8n/scan-community-package/scanner/scanner.mjs';
import { pack, packageFolder, readJson } from '../test-n8n/support/install.mjs';
import { output } from '../test-n8n/support/run.mjs';

// The scanner's own.
const { ESLint } = createRequire(import.meta.resolve('@n8n/scan-community-package/scanner/scanner.mjs'))('eslint');
/** No package that depends on another one can keep them. */
const EXCEPTED = ['@n8n/community-nodes/no-restricted-imports', '@n8n/community-nodes/no-runtime-dependencies'];

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wts-session-n8n-package-'));
  const { node } = await pack(folder);
  await output('tar', ['-xzf', node, '-C', folder]);
});
after(() => rm(folder, { recursive: true, force: true }));

async function brokenRules(cwd, patterns) {
  const overrideConfig = await buildScanConfig();
  const eslint = new ESLint({ cwd, allowInlineConfig: false, overrideConfigFile: true, overrideConfig });
  const files = await eslint.lintFiles(patterns);
  assert.ok(files.length > 0);
  return [...new Set(files.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId)))].sort();
}

describe('n8n’s scanner', () => {
  it('finds nothing in the sources but that there is a dependency', async () => {
    assert.deepEqual(await brokenRules(packageFolder, SOURCE_FILE_PATTERNS), EXCEPTED);
  });

  it('finds nothing else in the tarball', async () => {
    assert.deepEqual(await brokenRules(join(folder, 'package'), ['**/*.js', '**/*.json']), EXCEPTED);
  });
});

describe('the package', () => {
  it('has the version of the binding, and depends on just that', async () => {
    const manifest = await readJson(join(packageFolder, 'package.json'));
    const { version } = await readJson(join(packageFolder, '../../bindings-node/package.json'));
    assert.equal(manifest.version, version);
    assert.deepEqual(manifest.dependencies, { 'wts-session': version });
    assert.deepEqual(manifest.peerDependencies, { 'n8n-workflow': '*' });
    const onInstall = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];
    assert.deepEqual(
      Object.keys(manifest.scripts).filter((name) => onInstall.includes(name)),
      [],
    );
  });

  it('is compiled with what the tested versions of n8n have', async () => {
    const { devDependencies } = await readJson(join(packageFolder, 'package.json'));
    const { 1: oldest, 2: newest } = await readJson(join(packageFolder, 'n8n-versions.json'));
    assert.equal(devDependencies['n8n-workflow'], oldest['n8n-workflow']);
    assert.equal(devDependencies['n8n-workflow-newest'], `npm:n8n-workflow@${newest['n8n-workflow']}`);
  });

  it('holds what n8n loads, and nothing else', async () => {
    const root = join(folder, 'package');
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.path, entry.name)));
    const parts = await readdir(join(packageFolder, 'nodes/WtsSession'));
    const scripts = parts.filter((name) => name.endsWith('.ts')).map((name) => name.replace(/ts$/, 'js'));
    assert.deepEqual(
      files.sort(),
      [
        'LICENSE',
        'README.md',
        'dist/credentials/WtsApi.credentials.js',
        'dist/credentials/authorization.js',
        'dist/icons/wts-session.dark.svg',
        'dist/icons/wts-session.svg',
        'dist/nodes/WtsSession/WtsSession.node.json',
        ...scripts.map((name) => `dist/nodes/WtsSession/${name}`),
        'package.json',
      ].sort(),
    );
  });
});
