// Makes the folders of what is published: the main package, without a native library, and one package for each platform
// of scripts/platforms.json, which the main one names as optional dependencies.
//
//   node scripts/release.mjs FOLDER                    the main package
//   node scripts/release.mjs FOLDER PLATFORM LIBRARY   the package of a platform

import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = 'wts-session.node';
const LICENCES = ['LICENSE-APACHE', 'LICENSE-MIT'];
const NOTICES = 'THIRD-PARTY-NOTICES.txt';
const here = fileURLToPath(new URL('..', import.meta.url));
const root = join(here, '..');

const readJson = async (name) => JSON.parse(await readFile(join(here, name), 'utf8'));
const { scripts, devDependencies, files, ...manifest } = await readJson('package.json');
const platforms = await readJson('scripts/platforms.json');
const packageOf = ({ name }) => `@${manifest.name}/${name}`;

const [folder, platform, library] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await Promise.all(LICENCES.map((name) => copyFile(join(root, name), join(folder, name))));
await copyFile(join(here, NOTICES), join(folder, NOTICES));
await (platform === undefined ? makeMain() : makePlatform(platforms.find(({ name }) => name === platform)));

async function makeMain() {
  const ours = files.filter((name) => name !== BINARY);
  await Promise.all(
    ['README.md', ...ours].map((name) => cp(join(here, name), join(folder, name), { recursive: true })),
  );
  const versions = platforms.map((each) => [packageOf(each), manifest.version]);
  await writeManifest({
    ...manifest,
    files: [...ours, ...LICENCES],
    optionalDependencies: Object.fromEntries(versions),
  });
}

async function makePlatform({ name, os, cpu, libc }) {
  const { version, license, author, repository, engines } = manifest;
  const description = `The native library of ${manifest.name} for ${name}`;
  await copyFile(library, join(folder, BINARY));
  await writeFile(
    join(folder, 'README.md'),
    `# ${packageOf({ name })}\n\n${description}, which installs it by itself.\n`,
  );
  await writeManifest({
    name: packageOf({ name }),
    version,
    description,
    license,
    author,
    repository,
    engines,
    main: BINARY,
    files: [BINARY, ...LICENCES, NOTICES],
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
  });
}

function writeManifest(content) {
  const text = JSON.stringify({ ...content, publishConfig: { access: 'public', provenance: true } }, null, 2);
  return writeFile(join(folder, 'package.json'), `${text}\n`);
}
