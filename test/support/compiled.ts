import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './folder.ts';

/** A source, by its path in src, as plain node can load it with all that it imports; gone after the running test. */
export async function compiled(source: string): Promise<string> {
  const folder = await temporaryFolder();
  const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
  const options = '--ignoreConfig --module nodenext --target es2023 --rewriteRelativeImportExtensions --types node';
  execFileSync(
    process.execPath,
    [
      path('node_modules/typescript/bin/tsc'),
      path(`src/${source}`),
      ...options.split(' '),
      '--rootDir',
      path('src'),
      '--outDir',
      folder,
    ],
    { cwd: path('.') },
  );
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return join(folder, source.replace(/\.ts$/, '.js'));
}
