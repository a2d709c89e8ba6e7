import { expect, it } from 'vitest';
import { diversityOf } from '../../src/method/diversity.ts';
import { proportion } from '../../src/method/estimate.ts';
import { startExploration } from '../../src/method/exploration.ts';
import { anAttempt, byQuestion } from '../support/attempts.ts';

it('tells where the accepted rows are and what critique adds, overall and by level', () => {
  const exploration = startExploration();
  const responses = [
    anAttempt({ id: 'easy', level: 1, sample: 0, outcome: 'correct', text: 'one way' }),
    anAttempt({ id: 'easy', level: 1, sample: 1, outcome: 'correct', text: 'another' }),
    anAttempt({ id: 'easy too', level: 1, outcome: 'wrong' }),
    ...[0, 1].map((sample) => anAttempt({ id: 'hard', level: 4, sample, outcome: 'wrong' })),
    anAttempt({ id: 'without a level', outcome: 'correct' }),
  ];
  const refinements = [0, 1].map((sample) =>
    anAttempt({ id: 'hard', level: 4, sample, outcome: 'wrong', verdict: 'wrong', refined: 'correct' }),
  );
  for (const question of byQuestion({ responses, refinements })) exploration.question(question);

  const acceptedByLevel = [
    { level: 1, correct: 2, refined: 0 } as const,
    { level: 4, correct: 0, refined: 1 } as const,
  ];
  expect(diversityOf({ acceptedByLevel }, exploration.summary())).toEqual({
    questions: 4,
    distinctBefore: 3 / 4,
    distinctAfter: 5 / 4,
    solvedBefore: proportion(2, 4),
    solvedAfter: proportion(3, 4),
    byLevel: [
      {
        level: 1,
        rows: 2,
        share: proportion(2, 3),
        questions: 2,
        distinctBefore: 1,
        distinctAfter: 1,
        solvedBefore: proportion(1, 2),
        solvedAfter: proportion(1, 2),
      },
      {
        level: 4,
        rows: 1,
        share: proportion(1, 3),
        questions: 1,
        distinctBefore: 0,
        distinctAfter: 2,
        solvedBefore: proportion(0, 1),
        solvedAfter: proportion(1, 1),
      },
    ],
  });
});

it('knows nothing where nothing was explored', () => {
  expect(diversityOf({ acceptedByLevel: [] }, startExploration().summary())).toEqual({
    questions: 0,
    distinctBefore: null,
    distinctAfter: null,
    solvedBefore: proportion(0, 0),
    solvedAfter: proportion(0, 0),
    byLevel: [],
  });
});
