// Fails where a picture in one of the given Markdown files is not what mermaid understands.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Where `make docs` installs packages.
const require = createRequire(join(process.cwd(), 'target/docs-tools/package.json'));
const { window } = new (require('jsdom').JSDOM)('');
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import(pathToFileURL(require.resolve('mermaid')));

for (const file of process.argv.slice(2)) {
  for (const [, picture] of readFileSync(file, 'utf8').matchAll(/```mermaid\n([\s\S]*?)```/g)) {
    try {
      await mermaid.parse(picture);
    } catch (error) {
      console.error(`${file}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
