import { describe, expect, it } from 'vitest';
import { planOf } from '../../src/activities/evaluation-files.ts';
import { Evaluate } from '../../src/config/evaluate.ts';
import { formatIssues, parseInput } from '../../src/config/parse.ts';

const least = {
  actor: { model: 'models/actor', maxTokens: 96 },
  critic: null,
  questions: { source: 'arithmetic', split: 'test', count: 10 },
};
const full = {
  ...least,
  critic: { model: 'models/critic', maxTokens: 176 },
  samples: 24,
  samplesWithCritic: 8,
};

const mistakes = (change: object, base: object = full) => {
  const { issues = [] } = parseInput(Evaluate, { ...base, ...change });
  return issues.map((issue) => formatIssues([issue]));
};

describe('the input of evaluate', () => {
  it('has a default for everything that need not be said', () => {
    expect(Evaluate.parse(least)).toMatchObject({
      seed: 0,
      samples: 0,
      gates: ['verdict'],
      selfCorrection: null,
      sequential: null,
      actor: { temperature: 0.7, maxTokens: 96, promptFamily: 'base' },
    });
  });

  it.each<[string, object, string]>([
    [
      'more with critic than drawn',
      { samplesWithCritic: 25 },
      'samplesWithCritic: got 25, expected at most samples (24)',
    ],
    ['a k that was not drawn', { ks: [1, 32] }, 'ks.1: got 32, expected at most samples (24)'],
    ['a gate twice', { gates: ['verdict', 'verdict'] }, 'gates: got ["verdict","verdict"], expected each of them once'],
    ['no gate', { gates: [] }, 'gates: got [], expected at least 1 item'],
    [
      'samples that are all the same',
      { actor: { model: 'm', temperature: 0 } },
      'samples: got 24, expected at most 1 at actor.temperature 0, where all would be the same',
    ],
    [
      'a chain without a critic',
      { critic: null, sequential: { rounds: 2 } },
      'sequential: got {"rounds":2}, expected null, or a critic',
    ],
    [
      'a chain without a sample',
      { samples: 0, samplesWithCritic: 0, sequential: { rounds: 2 } },
      'sequential: got {"rounds":2}, expected null, or a sample that is critiqued: a chain begins with the first',
    ],
    [
      'a cost limit without a price',
      { costLimit: 5 },
      'costLimit: got 5, expected a "price" of the actor or of the critic with it',
    ],
    [
      'a negative price',
      { critic: { model: 'm', price: { prompt: -1, completion: 1 } } },
      'critic.price.prompt: got -1, expected at least 0',
    ],
    [
      'more shards than its history has room for',
      { sequential: { rounds: 100 }, shards: 32 },
      'shards: got 32, expected at most 20 with 100 rounds: the history has them all',
    ],
    ['a field of selfImprove', { iterations: 2 }, 'iterations: is not a known field: check its spelling'],
  ])('%s', (_, change, message) => {
    expect(mistakes(change)).toContain(message);
  });

  it('says every mistake at once', () => {
    expect(mistakes({ samplesWithCritic: 25, ks: [99], costLimit: 1 })).toHaveLength(3);
  });
});

describe('the plan of a run', () => {
  const plan = (change: object) => planOf(Evaluate.parse({ ...full, ...change }));

  it('measures at powers of two, at all samples, and at as many as are critiqued', () => {
    expect(plan({}).ks).toEqual([1, 2, 4, 8, 16, 24]);
    expect(plan({ samplesWithCritic: 6 }).ks).toEqual([1, 2, 4, 6, 8, 16, 24]);
    expect(plan({ samples: 64, samplesWithCritic: 64 }).ks).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(plan({ samples: 1, samplesWithCritic: 1 }).ks).toEqual([1]);
    expect(plan({ samples: 0, samplesWithCritic: 0 }).ks).toEqual([]);
  });

  it('sorts the numbers that it was given', () => {
    expect(plan({ ks: [8, 1, 8, 3] }).ks).toEqual([1, 3, 8]);
  });

  it('has every sample reviewed unless told, and none without a reviewer', () => {
    expect(plan({ samplesWithCritic: undefined })).toMatchObject({ reviewed: 24, reviewers: ['critic'], rounds: 0 });
    expect(plan({ selfCorrection: {}, sequential: { rounds: 3 } })).toMatchObject({
      reviewed: 8,
      reviewers: ['critic', 'self'],
      rounds: 3,
    });
    expect(plan({ critic: null })).toMatchObject({ reviewed: 0, reviewers: [] });
  });
});
