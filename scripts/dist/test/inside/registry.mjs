// A registry of npm with what a release publishes: the tarballs of a folder, and for each platform that has none here a package that npm does not
// install, as it is for another platform. Prints its address.
//
//   node registry.mjs FOLDER

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const LIBRARIES_OF_C = { gnu: 'glibc', musl: 'musl' };
const [folder] = process.argv.slice(2);
const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
const manifests = new Map(tarballs.map((tarball) => [tarball, manifestOf(join(folder, tarball))]));
const packages = new Map([...manifests].map(([tarball, manifest]) => [manifest.name, { ...manifest, dist: dist(tarball) }]));
for (const { optionalDependencies = {} } of manifests.values()) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (!packages.has(name)) packages.set(name, elsewhere(name, version));
  }
}

const server = createServer(({ url }, response) => {
  const name = decodeURIComponent(url.slice(1));
  if (manifests.has(name)) {
    response.end(readFileSync(join(folder, name)));
  } else if (packages.has(name)) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(document(packages.get(name))));
  } else {
    response.writeHead(404).end('{}');
  }
});
server.listen(0, '127.0.0.1', () => console.log(address()));

const address = () => `http://127.0.0.1:${server.address().port}`;

function manifestOf(tarball) {
  return JSON.parse(execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }));
}

function dist(tarball) {
  const digest = createHash('sha512').update(readFileSync(join(folder, tarball))).digest('base64');
  return { path: tarball, integrity: `sha512-${digest}` };
}

function elsewhere(name, version) {
  const [os, cpu, abi] = name.split('/')[1].split('-');
  const libc = LIBRARIES_OF_C[abi];
  return { name, version, os: [os], cpu: [cpu], ...(libc && { libc: [libc] }), dist: { path: 'none-here', integrity: 'sha512-' } };
}

function document({ dist: { path, integrity }, ...manifest }) {
  const { name, version } = manifest;
  const tarball = `${address()}/${path}`;
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist: { tarball, integrity } } } };
}
