// Builds dist/: the compiled sources, the workflow bundle that workers load, and an executable command.
// Where nothing changed it does nothing, so that a second command does not pull dist/ from under a running one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflows } from './bundle.mjs';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const stamp = join(dist, '.built-from');

const sources = hashOf(['src', 'scripts', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']);
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) process.exit(0);
rmSync(dist, { recursive: true, force: true });

const typescript = join(root, 'node_modules/typescript');
const { bin } = JSON.parse(readFileSync(join(typescript, 'package.json'), 'utf8'));
const project = join(root, 'tsconfig.build.json');
const compiled = spawnSync(process.execPath, [join(typescript, bin.tsc), '-p', project], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const workflows = join(dist, 'workflows/index.js');
const command = join(dist, 'cli/main.js');
try {
  for (const file of [workflows, command]) if (!existsSync(file)) throw new Error(`no source makes ${file}`);
  // Whether workflows are traced, and how they write failures, is fixed in their bundle.
  const failureConverterPath = join(dist, 'workflows/encoded-failures.js');
  const bundles = {
    '': {},
    '-traced': { traced: true },
    '-encoded': { failureConverterPath },
    '-encoded-traced': { failureConverterPath, traced: true },
  };
  for (const [suffix, options] of Object.entries(bundles))
    writeFileSync(join(dist, `workflow-bundle${suffix}.js`), await bundleWorkflows(workflows, options));
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exit(1);
}
chmodSync(command, 0o755);
writeFileSync(stamp, sources);

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const full = join(root, path);
    const files = path.includes('.') ? [full] : listFiles(full);
    for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex');
}

function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
