import { expect, it } from 'vitest';
import { startExploration } from '../../src/method/exploration.ts';
import { anAttempt, byQuestion } from '../support/attempts.ts';

it('counts what an iteration explored, overall and by level', () => {
  const exploration = startExploration();
  const wrong = { id: 'hard', level: 5, outcome: 'wrong' } as const;
  const responses = [
    anAttempt({ id: 'easy', level: 1, sample: 0, outcome: 'correct', text: 'one way' }),
    anAttempt({ id: 'easy', level: 1, sample: 1, outcome: 'correct', text: ' one way' }),
    anAttempt({ id: 'easy', level: 1, sample: 2, outcome: 'correct', text: 'another' }),
    anAttempt({ ...wrong, sample: 0 }),
    anAttempt({ ...wrong, sample: 1 }),
    anAttempt({ id: 'never', outcome: 'unparsed' }),
    anAttempt({ id: 'lost', outcome: 'ungraded' }),
  ];
  const refinements = [
    anAttempt({ ...wrong, sample: 0, verdict: 'wrong', refined: 'correct' }),
    anAttempt({ ...wrong, sample: 1, verdict: 'wrong', refined: 'wrong' }),
    anAttempt({ id: 'never', outcome: 'unparsed', verdict: 'wrong', refined: 'wrong' }),
    anAttempt({ id: 'easy', level: 1, outcome: 'correct', verdict: 'wrong', refined: 'correct', refinedText: 'third' }),
  ];
  for (const question of byQuestion({ responses, critiques: refinements, refinements })) exploration.question(question);

  const easy = {
    questions: 1,
    responses: 3,
    correct: 3,
    critiques: 1,
    refinements: 1,
    rightRefinements: 0,
    solvedBefore: 1,
    solvedAfter: 1,
    distinctResponses: 2,
    distinctSolutions: 2,
  };
  const hard = {
    questions: 1,
    responses: 2,
    correct: 0,
    critiques: 2,
    refinements: 2,
    rightRefinements: 1,
    solvedBefore: 0,
    solvedAfter: 1,
    distinctResponses: 0,
    distinctSolutions: 1,
  };
  expect(exploration.summary()).toEqual({
    questions: 4,
    responses: 7,
    correct: 3,
    critiques: 4,
    refinements: 4,
    rightRefinements: 1,
    solvedBefore: 1,
    solvedAfter: 2,
    distinctResponses: 2,
    distinctSolutions: 3,
    outcomes: { correct: 3, wrong: 2, unparsed: 1, truncated: 0, ungraded: 1 },
    refinementOutcomes: { correct: 2, wrong: 2, unparsed: 0, truncated: 0, ungraded: 0 },
    verdicts: { correct: 0, wrong: 4, unparsed: 0 },
    discriminabilityOnRight: expect.objectContaining({ successes: 0, n: 1 }),
    discriminabilityOnWrong: expect.objectContaining({ successes: 3, n: 3 }),
    byLevel: [
      { level: 1, ...easy },
      { level: 5, ...hard },
    ],
  });
});
