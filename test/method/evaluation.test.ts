import { describe, expect, it } from 'vitest';
import { compareEvaluations, startEvaluation } from '../../src/method/evaluation.ts';
import type { Attempt } from '../../src/method/rows.ts';
import { anAttempt } from '../support/attempts.ts';

/** One of each kind: what the response was, what the critic said, what the refinement was. */
const ROWS = [
  anAttempt({ id: 'a', level: 1, outcome: 'correct', verdict: 'correct' }),
  anAttempt({ id: 'b', level: 1, outcome: 'correct', verdict: 'wrong', refined: 'correct' }),
  anAttempt({ id: 'c', level: 1, outcome: 'correct', verdict: 'wrong', refined: 'truncated' }),
  anAttempt({ id: 'd', level: 3, outcome: 'wrong', verdict: 'wrong', refined: 'correct' }),
  anAttempt({ id: 'e', level: 3, outcome: 'unparsed', verdict: 'wrong', refined: 'wrong' }),
  anAttempt({ id: 'f', level: 3, outcome: 'wrong', verdict: 'correct', refined: 'correct' }),
  anAttempt({ id: 'g', level: 3, outcome: 'truncated', verdict: 'unparsed' }),
  anAttempt({ id: 'h', level: 3, outcome: 'wrong', verdict: 'wrong' }),
  anAttempt({ id: 'i', outcome: 'ungraded', verdict: 'wrong', refined: 'wrong' }),
  anAttempt({ id: 'j', outcome: 'wrong', verdict: 'wrong', refined: 'ungraded' }),
];

function evaluate(rows: Attempt[]) {
  const evaluation = startEvaluation();
  for (const row of rows) evaluation.add(row);
  return evaluation;
}

const of = (successes: number, n: number) => expect.objectContaining({ successes, n });

describe('summary', () => {
  const summary = evaluate(ROWS).summary();
  const critic = summary.critic!;

  it('counts outcomes and leaves ungraded ones out of the accuracy', () => {
    expect(summary.questions).toBe(10);
    expect(summary.outcomes).toEqual({ correct: 3, wrong: 4, unparsed: 1, truncated: 1, ungraded: 1 });
    expect(summary.accuracy).toEqual(of(3, 9));
  });

  it('lets the refinement count where the gate let one be made, and the response stand otherwise', () => {
    expect(critic.accuracy).toEqual(of(4, 9)); // a, b, d, f; j could not be graded
    expect(critic.outcomes).toEqual({ correct: 4, wrong: 3, unparsed: 0, truncated: 2, ungraded: 1 });
    expect(critic.verdicts).toEqual({ correct: 2, wrong: 7, unparsed: 1 });
    expect(critic.transitions).toEqual({ c2c: 2, c2i: 1, i2c: 2, i2i: 3 });
    expect(critic.difference).toMatchObject({ difference: 1 / 8, n: 8 });
  });

  it('says by level what it says overall', () => {
    expect(summary.byLevel).toEqual([
      { level: 1, accuracy: of(3, 3), withCritic: of(2, 3) },
      { level: 3, accuracy: of(0, 5), withCritic: of(2, 5) },
    ]);
  });

  it('measures the verdicts on both sides, without and with the unreadable ones', () => {
    expect(critic.discriminability).toEqual(of(5, 8)); // a, d, e, h, j of those with a verdict
    expect(critic.discriminabilityOnRight).toEqual(of(1, 3));
    expect(critic.discriminabilityOnWrong).toEqual(of(4, 5));
    expect(critic.strictDiscriminability).toEqual(of(5, 9));
    expect(critic.unparsable).toEqual(of(1, 9));
  });

  it('measures helpfulness on the refinements of incorrect responses, whatever the verdict', () => {
    expect(critic.helpfulness).toEqual(of(2, 3)); // d and f of d, e, f
  });

  it('is empty of nothing', () => {
    const none = evaluate([]).summary();
    expect(none).toMatchObject({ questions: 0, accuracy: { n: 0, value: null }, byLevel: [], critic: null });
  });

  it('has no critic where none was asked', () => {
    expect(evaluate([anAttempt({ outcome: 'correct', level: 2 })]).summary()).toMatchObject({
      accuracy: { successes: 1, n: 1 },
      byLevel: [{ level: 2, withCritic: null }],
      critic: null,
    });
  });
});

it('takes the rows of every stage, in any order', () => {
  const responses = ROWS.map(({ critique: _, refinement: __, ...row }) => row);
  const critiques = ROWS.map(({ refinement: _, ...row }) => row);
  const refinements = ROWS.filter(({ refinement }) => refinement);
  const expected = evaluate(ROWS).summary();
  expect(evaluate([...responses, ...critiques, ...refinements]).summary()).toEqual(expected);
  expect(evaluate([...refinements, ...critiques, ...responses].reverse()).summary()).toEqual(expected);
});

it('refuses a second response, critique or refinement of a question', () => {
  const row = { outcome: 'wrong', verdict: 'wrong', refined: 'wrong' } as const;
  for (const extra of [{ sample: 1 }, { critique: 1 }, { refinement: 1 }])
    expect(() => evaluate([anAttempt({ ...row, ...extra })])).toThrow(RangeError);
});

describe('results', () => {
  it('says of each question, by id, whether it was right without and with the critic', () => {
    const results = evaluate([...ROWS].reverse()).results();
    expect(results.map(({ id }) => id).join('')).toBe('abcdefghij');
    expect(results[2]).toEqual({ id: 'c', level: 1, right: true, rightWithCritic: false });
    expect(results[8]).toEqual({ id: 'i', level: null, right: null, rightWithCritic: false });
    expect(results[9]).toEqual({ id: 'j', level: null, right: false, rightWithCritic: null });
  });

  it('pairs two evaluations on the questions that both graded', () => {
    const before = [
      { id: 'a', right: true },
      { id: 'b', right: false },
      { id: 'c', right: null },
      { id: 'd', right: false },
    ];
    const after = [
      { id: 'd', right: true },
      { id: 'b', right: true },
      { id: 'a', right: true },
      { id: 'c', right: true },
      { id: 'e', right: true },
    ];
    expect(compareEvaluations(before, after)).toMatchObject({ n: 3, difference: 2 / 3 });
  });
});
