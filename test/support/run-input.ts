import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { questions } from '../../src/backends/datasets/arithmetic/index.ts';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import type { Question } from '../../src/method/rows.ts';

const POOL = { source: 'arithmetic', split: 'train', seed: 1 } as const;
const TEST = { source: 'arithmetic', split: 'test', seed: 1 } as const;
const MOST = 300;

/** Every question that `aRun` can ask for, pool and test set up to `count` each. */
export function* allQuestions(count = MOST): Iterable<Question> {
  yield* questions({ seed: 1, split: 'train', count });
  yield* questions({ seed: 1, split: 'test', count });
}

/** A folder that passes for a checkpoint where nothing loads it. */
export async function emptyCheckpoint(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), '{}');
  return folder;
}

export interface RunShape extends Partial<Omit<SelfImproveInput, 'actor' | 'critic'>> {
  /** Folder of the actor's base. */
  actorFolder: string;
  /** Where actor and critic are served. */
  url: string;
  pool?: number;
  tested?: number;
  actor?: Partial<SelfImproveInput['actor']>;
  critic?: Partial<SelfImproveInput['critic']> | null;
}

/** A small run of the arithmetic world with both models behind an endpoint. */
export function aRun({ actorFolder, url, pool = 60, tested = 40, actor, critic, ...rest }: RunShape): SelfImproveInput {
  const endpoint = { baseUrl: url };
  return {
    seed: 7,
    iterations: 1,
    samples: 2,
    actor: { base: actorFolder, endpoint, ...actor },
    critic: critic === null ? null : { model: 'critic', endpoint, ...critic },
    questions: { ...POOL, count: pool },
    reason: { ...POOL, count: 20 },
    refine: { source: 'arithmetic', count: 10 },
    test: { ...TEST, count: tested },
    ...rest,
  };
}
