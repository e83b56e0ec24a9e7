// Makes the folders of what is published: the main package, without the program, and one package for each platform of
// bindings-node/scripts/platforms.json, which the main one names as optional dependencies.
//
//   node scripts/release.mjs FOLDER                    the main package
//   node scripts/release.mjs FOLDER PLATFORM PROGRAM   the package of a platform

import { chmod, copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const crate = join(here, '..');
const root = join(crate, '../..');
const LICENCES = ['LICENSE-APACHE', 'LICENSE-MIT'];
const NOTICES = 'THIRD-PARTY-NOTICES.txt';

const readJson = async (path) => JSON.parse(await readFile(path, 'utf8'));
const manifest = await readJson(join(here, 'package.json'));
const platforms = await readJson(join(root, 'bindings-node/scripts/platforms.json'));
const packageOf = ({ name }) => `@wts-session/stand-in-${name}`;

const [folder, platform, program] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await Promise.all(LICENCES.map((name) => copyFile(join(crate, name), join(folder, name))));
await (platform === undefined ? makeMain() : makePlatform(platforms.find(({ name }) => name === platform)));

async function makeMain() {
  for (const name of ['README.md', ...manifest.files]) {
    await cp(join(here, name), join(folder, name), { recursive: true });
  }
  const versions = platforms.map((each) => [packageOf(each), manifest.version]);
  await writeManifest({
    ...manifest,
    files: [...manifest.files, ...LICENCES],
    optionalDependencies: Object.fromEntries(versions),
  });
}

async function makePlatform(platform) {
  const { version, license, author, repository, engines } = manifest;
  const binary = platform.os === 'win32' ? 'wts-stand-in.exe' : 'wts-stand-in';
  const description = `The program of ${manifest.name} for ${platform.name}`;
  await copyFile(program, join(folder, binary));
  await copyFile(join(crate, NOTICES), join(folder, NOTICES));
  await chmod(join(folder, binary), 0o755);
  await writeFile(
    join(folder, 'README.md'),
    `# ${packageOf(platform)}\n\n${description}, which installs it by itself.\n`,
  );
  await writeManifest({
    name: packageOf(platform),
    version,
    description,
    license,
    author,
    repository,
    engines,
    files: [binary, ...LICENCES, NOTICES],
    os: [platform.os],
    cpu: [platform.cpu],
    ...(platform.libc && { libc: [platform.libc] }),
  });
}

function writeManifest(content) {
  const text = JSON.stringify({ ...content, publishConfig: { access: 'public', provenance: true } }, null, 2);
  return writeFile(join(folder, 'package.json'), `${text}\n`);
}
