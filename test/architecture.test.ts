import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFaults, bundleWorkflows } from '../scripts/bundle.mjs';
import { brokenRules, importsOf, type Source } from './support/import-rules.ts';

const root = join(import.meta.dirname, '..');
const dependencies = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies);

const sources: Source[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ file: `src/${name}`, code: readFileSync(join(root, 'src', name), 'utf8') }));

describe('who may import whom', () => {
  it('holds in every source file', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(brokenRules(sources, dependencies)).toEqual([]);
  });

  const targets = ['method/rows', 'config/parse', 'activities/index', 'backends/models', 'report/html', 'cli/main'];
  const others = targets.map((name) => ({ file: `src/${name}.ts`, code: '' }));
  const faultsOf = (file: string, code: string) => brokenRules([{ file, code }, ...others], dependencies);

  it.each([
    ['src/method/vote.ts', "import { a } from '../config/parse.ts';", 'method may not import from config'],
    ['src/method/vote.ts', "import type { A } from '../report/html.ts';", 'method may not import from report'],
    ['src/method/vote.ts', "import { readFileSync } from 'node:fs';", 'method may not import node:fs'],
    ['src/config/input.ts', "import { a } from '../backends/models.ts';", 'config may not import from backends'],
    ['src/backends/b.ts', "export * from '../activities/index.ts';", 'backends may not import from activities'],
    ['src/activities/a.ts', "const a = await import('../cli/main.ts');", 'activities may not import from cli'],
    ['src/report/r.ts', "type A = import('../backends/models.ts').A;", 'report may not import from backends'],
    [
      'src/workflows/w.ts',
      "import { a } from '../activities/index.ts';",
      'workflows may not import values of activities',
    ],
    ['src/workflows/w.ts', "import { type A } from '../config/parse.ts';", 'workflows may not import values of config'],
    [
      'src/workflows/w.ts',
      "import { Client } from '@temporalio/client';",
      'workflows may not import @temporalio/client',
    ],
    ['src/activities/a.ts', "import type { z } from 'zod';", 'only config may import zod'],
    ['src/backends/b.ts', "import { it } from 'vitest';", 'vitest is not among the dependencies'],
    ['src/backends/b.ts', "import './absent.ts';", 'imports ./absent.ts, which is no file of src'],
    ['src/backends/b.ts', "import { a } from '../method/rows.js';", 'which is no file of src'],
    ['src/elsewhere/e.ts', "import { a } from '../method/rows.ts';", 'is in no room'],
  ])('%s: %s', (file, code, fault) => {
    expect(faultsOf(file, code)).toEqual([expect.stringContaining(fault)]);
  });

  it.each([
    ['src/config/input.ts', "import { z } from 'zod';\nimport { a } from '../method/rows.ts';"],
    ['src/workflows/w.ts', "import type { A } from '../activities/index.ts';\nimport { b } from '../method/rows.ts';"],
    ['src/activities/a.ts', "import { a } from '../report/html.ts';\nimport { b } from 'node:fs';"],
    ['src/cli/c.ts', "import { a } from '../activities/index.ts';"],
  ])('%s may: %s', (file, code) => {
    expect(faultsOf(file, code)).toEqual([]);
  });

  it('sees every form of import', () => {
    const code = `import 'a'; import b from 'b'; import type { C } from 'c'; export { d } from 'd'; export * as e from 'e';
      export type { F } from 'f'; type G = import('g').G; async function h() { return import('h'); }`;
    const found = importsOf(code).map(({ from, typeOnly }) => `${from}${typeOnly ? ' (type)' : ''}`);
    expect(found).toEqual(['a', 'b', 'c (type)', 'd', 'e', 'f (type)', 'g (type)', 'h']);
  });
});

describe('the workflow bundle', () => {
  it('has no zod and stays small', async () => {
    const code = await bundleWorkflows(join(root, 'src/workflows/index.ts'));
    expect(code).toContain('src/workflows/self-improve.ts');
    expect(bundleFaults(code)).toEqual([]);
  });

  it('is refused with zod in it', async () => {
    const folder = await mkdtemp(join(root, 'test/bundle-'));
    try {
      await writeFile(
        join(folder, 'bad.ts'),
        "import { z } from 'zod';\nexport const bad = async () => z.string().parse('x');\n",
      );
      await expect(bundleWorkflows(join(folder, 'bad.ts'))).rejects.toThrow('contains zod');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is refused when it grows too big', () => {
    expect(bundleFaults('x'.repeat(2.5 * 1024 * 1024))).toEqual(['is 2.50 MB, of 2.5 at most']);
  });
});
