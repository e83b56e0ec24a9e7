// Realms: the package in test files of jest, and in vm contexts.
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { packageFolder, run } from './support/run.mjs';
import { StandIn } from './support/stand-in.mjs';

const FILES = 40;
/** Of each test file, in MB; all together are more than the heap may hold. */
const BALLAST = 16;
const MAX_HEAP = 256;
const tools = join(packageFolder, '../target/node-tools');
const standIn = await StandIn.start();
const { apiKey, baseUrl } = standIn.connection;

after(() => standIn.stop());

describe('realms that have used the package', () => {
  it('are freed, while the process goes on', async () => {
    const args = ['--expose-gc', 'test/support/realms.mjs', baseUrl, apiKey];
    const ended = await run(process.execPath, args);
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, '', '']);
  });

  it('are freed after each test file of jest', { timeout: 240_000 }, async () => {
    const folder = join(tools, 'realms');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    const source = `const { Client, completeSession } = require(${JSON.stringify(packageFolder)});
      const ballast = new Array(${BALLAST} * 2 ** 20 / 8).fill(0.5);
      globalThis.hold = () => ballast; // not the array itself: jest goes through all members of globals
      test('completes', async () => {
        const connection = ${JSON.stringify({ apiKey, baseUrl })};
        const logger = { debug() {}, warn() {} };
        await new Client({ ...connection, logger }).completeSession('session_12345');
        const [{ ok }] = await new Client(connection).completeSessions(['session_12345']);
        expect(ok).toBe(true);
        expect((await completeSession('session_12345', connection)).success).toBe(true);
      });`;
    await writeFile(join(folder, 'package.json'), '{ "jest": { "testEnvironment": "node" } }');
    for (let file = 0; file < FILES; file += 1) {
      await writeFile(join(folder, `file-${file}.test.js`), source);
    }
    const jest = join(tools, 'node_modules/jest/bin/jest.js');
    const args = [`--max-old-space-size=${MAX_HEAP}`, jest, '--runInBand', '--watchman=false', '--rootDir', folder];
    const ended = await run(process.execPath, args, { cwd: folder, timeout: 240_000 });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, new RegExp(`Tests: +${FILES} passed`));
  });
});
