import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './run.mjs';

/** This package, and the one that it depends on. */
export const packageFolder = fileURLToPath(new URL('../..', import.meta.url));
const bindingFolder = join(packageFolder, '../../bindings-node');

const NPM_INSTALL = [
  '--audit=false',
  '--fund=false',
  '--bin-links=false',
  '--install-strategy=shallow',
  '--ignore-scripts=true',
  '--package-lock=false',
];

/** The tarballs of both packages, as npm publishes them. */
export async function pack(folder) {
  const [node, binding] = await Promise.all([packageFolder, bindingFolder].map((cwd) => packOne(cwd, folder)));
  return { node, binding };
}

async function packOne(cwd, folder) {
  // Without scripts, which would build the binding anew for users.
  const [{ filename }] = JSON.parse(
    await output('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd }),
  );
  return join(folder, filename);
}

/**
 * Installs the node into `nodesFolder`, which is `~/.n8n/nodes`, in the steps of n8n's own installer. In one thing it is
 * other: the binding comes from its tarball, since it is on no registry.
 */
export async function installNode({ node, binding }, nodesFolder) {
  const folder = join(nodesFolder, 'node_modules', 'n8n-nodes-wts-session');
  await mkdir(folder, { recursive: true });
  await output('tar', ['-xzf', node, '-C', folder, '--strip-components=1']);
  const manifestPath = join(folder, 'package.json');
  const { devDependencies, peerDependencies, optionalDependencies, ...manifest } = await readJson(manifestPath);
  manifest.dependencies['wts-session'] = `file:${binding}`;
  await writeJson(manifestPath, manifest);
  await output('npm', ['install', ...NPM_INSTALL], { cwd: folder });
  const dependencies = { [manifest.name]: manifest.version };
  await writeJson(join(nodesFolder, 'package.json'), { name: 'installed-nodes', private: true, dependencies });
  return folder;
}

/** Installs the binding alone, for the Code node; gives the folder for NODE_PATH. */
export async function installBinding({ binding }, folder) {
  await mkdir(folder, { recursive: true });
  await writeJson(join(folder, 'package.json'), { private: true });
  await output('npm', ['install', ...NPM_INSTALL, '--offline', binding], { cwd: folder });
  return join(folder, 'node_modules');
}

export async function readJson(path) {
  return JSON.parse(await readFile(path, 'utf8'));
}

export async function writeJson(path, value) {
  await writeFile(path, JSON.stringify(value, null, 2));
}
