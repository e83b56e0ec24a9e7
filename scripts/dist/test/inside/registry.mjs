// A registry of npm with what a release publishes: the tarballs of a folder, and a package for each other platform, whose library does not load here.
// Prints its address.
//
//   node registry.mjs FOLDER

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIBRARIES_OF_C = { gnu: 'glibc', musl: 'musl' };
const [folder] = process.argv.slice(2);
/** What is served, by its name: tarballs, and the manifests of packages. */
const tarballs = new Map();
const manifests = new Map();
for (const name of readdirSync(folder).filter((each) => each.endsWith('.tgz'))) {
  publish(name, readFileSync(join(folder, name)));
}
for (const { optionalDependencies = {} } of [...manifests.values()]) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (!manifests.has(name)) publish(`${name.replace(/\W/g, '')}.tgz`, packageForElsewhere(name, version));
  }
}

const server = createServer(({ url }, response) => {
  const name = decodeURIComponent(url.slice(1));
  if (tarballs.has(name)) {
    response.end(tarballs.get(name));
  } else if (manifests.has(name)) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(document(manifests.get(name))));
  } else {
    response.writeHead(404).end('{}');
  }
});
server.listen(0, '127.0.0.1', () => console.log(address()));

const address = () => `http://127.0.0.1:${server.address().port}`;

function publish(path, tarball) {
  const manifest = JSON.parse(execFileSync('tar', ['-xzO', 'package/package.json'], { input: tarball, encoding: 'utf8' }));
  const digest = createHash('sha512').update(tarball).digest('base64');
  tarballs.set(path, tarball);
  manifests.set(manifest.name, { ...manifest, dist: { path, integrity: `sha512-${digest}` } });
}

function packageForElsewhere(name, version) {
  const [, os, cpu, abi] = name.match(/(darwin|linux|win32)-([a-z0-9]+)(?:-(\w+))?$/);
  const libc = LIBRARIES_OF_C[abi];
  const content = join(mkdtempSync(join(tmpdir(), 'package-')), 'package');
  mkdirSync(content);
  const manifest = { name, version, main: 'library.node', os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) };
  writeFileSync(join(content, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(content, 'library.node'), 'for another platform');
  return execFileSync('tar', ['-czC', join(content, '..'), 'package']);
}

function document({ dist: { path, integrity }, ...manifest }) {
  const { name, version } = manifest;
  const tarball = `${address()}/${path}`;
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist: { tarball, integrity } } } };
}
