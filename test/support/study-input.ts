import type { StudyInput } from '../../src/config/study.ts';

const POOL = { source: 'arithmetic', split: 'train', seed: 1 } as const;
const TEST = { source: 'arithmetic', split: 'test', seed: 1 } as const;

export interface StudyShape extends Partial<Omit<StudyInput, 'actor' | 'critic' | 'evaluation'>> {
  /** Folder of both bases. */
  actorFolder: string;
  /** Where everything is served. */
  url: string;
  pool?: number;
  tested?: number;
  actor?: Partial<StudyInput['actor']>;
  critic?: Partial<StudyInput['critic']>;
  evaluation?: Partial<NonNullable<StudyInput['evaluation']>>;
}

/** A small study of the arithmetic world with all models behind an endpoint. */
export function aStudy(shape: StudyShape): StudyInput {
  const { actorFolder, url, pool = 40, tested = 20, actor, critic, evaluation, ...rest } = shape;
  const endpoint = { baseUrl: url };
  return {
    seed: 7,
    actor: { base: actorFolder, endpoint, ...actor },
    critic: { base: actorFolder, endpoint, ...critic },
    questions: { ...POOL, count: pool },
    reason: { ...POOL, count: 20 },
    test: { ...TEST, count: tested },
    iterations: 1,
    samples: 2,
    critiques: {
      flaws: {
        rg2: { perQuestion: 1, temperature: 1, tries: 2 },
        rg3: { perQuestion: 1, temperature: 0.7, tries: 2, writer: { source: 'exact' } },
      },
      annotator: { source: 'exact' },
      filter: { refinements: 4, keep: 1 },
      minYield: 0,
    },
    selfTalk: { rounds: 2, minYield: 0 },
    evaluation: { samples: 2, samplesWithCritic: 2, gates: ['always', 'verdict', 'oracle'], rounds: 2, ...evaluation },
    ...rest,
  };
}
