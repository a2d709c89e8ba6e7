import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/backends/package.ts';

export const TINY = { iterations: 1, samples: 2, questions: 40, reason: 60, refine: 30, test: 60 };

export type DemoInput = Record<'questions' | 'reason' | 'refine' | 'test', Record<string, unknown>> & {
  iterations: number;
  samples: number;
  actor: Record<string, unknown>;
};

/** runs/demo.json, with everything of it a twentieth of its size. */
export async function tinyDemo(): Promise<DemoInput> {
  const input = JSON.parse(await readFile(join(packageRoot, 'runs/demo.json'), 'utf8')) as DemoInput;
  input.iterations = TINY.iterations;
  input.samples = TINY.samples;
  for (const part of ['questions', 'reason', 'refine', 'test'] as const)
    input[part] = { ...input[part], count: TINY[part] };
  return input;
}
