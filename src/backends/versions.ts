import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GRADER_VERSION } from '../method/answers/compare.ts';
import { packageRoot } from './package.ts';

/** What produced a run, for its report. */
export function versions(): Record<string, string> {
  const read = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  return {
    'critique-loop': read.version,
    grader: GRADER_VERSION,
    node: process.version,
    '@temporalio': read.dependencies['@temporalio/worker']!,
    undici: read.dependencies.undici!,
  };
}
