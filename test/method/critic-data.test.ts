import { expect, it } from 'vitest';
import { startCriticData } from '../../src/method/critic-data.ts';
import type { Attempt } from '../../src/method/rows.ts';
import { critiqueRow } from '../../src/method/sft.ts';
import { anAttempt, byQuestion } from '../support/attempts.ts';
import fc from '../support/properties.ts';

function collect(rows: Attempt[]) {
  const data = startCriticData('base');
  const kept = byQuestion({ refinements: rows }).flatMap((question) => data.question(question));
  return { rows: kept, counts: data.counts };
}

const wrong = { outcome: 'wrong', verdict: 'wrong' } as const;
const helped = anAttempt({ ...wrong, id: 'a', refined: 'correct' });

it('keeps the critiques that turned an incorrect response into a right refinement, as a critic is asked for them', () => {
  const rows = [
    helped,
    anAttempt({ ...wrong, id: 'b', refined: 'wrong' }),
    anAttempt({ id: 'c', outcome: 'correct', verdict: 'correct', refined: 'correct' }),
    anAttempt({ id: 'd', outcome: 'ungraded', verdict: 'wrong', refined: 'correct' }),
    anAttempt({ ...wrong, id: 'e', refined: 'ungraded' }),
    anAttempt({ id: 'f', outcome: 'truncated', verdict: 'correct', refined: 'correct' }),
  ];
  const { rows: kept, counts } = collect(rows);
  expect(kept).toEqual(
    [helped, rows[5]!].map(({ question, response, critique }) =>
      critiqueRow('base', question, response.text, critique!.text),
    ),
  );
  expect(kept[0]!.completion).toMatch(/^Step sentence: a/);
  expect(counts).toEqual({ rows: 2, duplicates: 0, contradicting: 1 });
});

it('counts a critique once, however many of its refinements are right, and texts that are the same once', () => {
  const again = anAttempt({ ...wrong, id: 'a', refined: 'correct', refinement: 1 });
  const same = anAttempt({ ...wrong, id: 'a', sample: 1, text: helped.response.text, refined: 'correct' });
  const other = anAttempt({ ...wrong, id: 'a', critique: 1, refined: 'correct' });
  expect(collect([helped, again]).counts).toEqual({ rows: 1, duplicates: 0, contradicting: 0 });
  expect(collect([helped, same, other]).counts).toEqual({ rows: 2, duplicates: 1, contradicting: 0 });
});

it('does not depend on the order of the rows of a question', () => {
  const rows = [0, 1].flatMap((sample) =>
    [0, 1].map((critique) => anAttempt({ ...wrong, sample, critique, text: 'same', refined: 'correct' })),
  );
  const expected = collect(rows);
  fc.assert(
    fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
      expect(collect(shuffled)).toEqual(expected);
    }),
  );
  expect(expected.counts).toEqual({ rows: 2, duplicates: 2, contradicting: 0 });
});
