import { describe, expect, it } from 'vitest';
import { trimCritique } from '../../src/method/critique.ts';
import { PROMPT_FAMILIES, stripPrimer } from '../../src/method/prompts/index.ts';
import { PRIMER } from '../../src/method/prompts/text.ts';
import type { Attempt, Question, RefinementTriple } from '../../src/method/rows.ts';
import { type RemovedRow, type SelectOptions, startSelection } from '../../src/method/select.ts';
import type { SftRow } from '../../src/method/sft.ts';
import { anAttempt, aQuestion, byQuestion, ONLY_EXPLORED } from '../support/attempts.ts';
import fc from '../support/properties.ts';

interface Rows {
  questions?: Question[];
  triples?: RefinementTriple[];
  previous?: SftRow[];
  responses?: Attempt[];
  refinements?: Attempt[];
}

function select(options: Partial<SelectOptions>, rows: Rows) {
  const { questions = [], previous = [], triples = [], ...explored } = rows;
  const selection = startSelection({ ...ONLY_EXPLORED, ...options });
  const chosen = [
    ...questions.map(selection.reason),
    ...previous.map(selection.previous),
    ...triples.map(selection.refine),
    ...triples.map(selection.refineAgain),
    ...byQuestion(explored).map(selection.explored),
  ];
  const removed = chosen.flatMap(({ removed }) => removed).sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  const selected = selection.shuffle(chosen.flatMap(({ taken }) => taken));
  const { counts } = selection;
  const of = (reason: RemovedRow['reason']) => removed.filter((row) => row.reason === reason).length;
  expect([of('duplicate'), of('over-cap'), of('shortcut')]).toEqual([
    counts.duplicates,
    counts.overCap,
    counts.shortcuts,
  ]);
  return { rows: selected, counts, removed };
}

const textOf = ({ questionId, reason, text }: RemovedRow) => [questionId, reason, text].join();

const triples = (n: number): RefinementTriple[] =>
  Array.from({ length: n }, (_, index) => ({
    question: aQuestion(`d${index}`),
    response: `${PRIMER}wrong`,
    critique: `So:\nStep sentence: wrong`,
    refinement: `${PRIMER}right ${index}`,
  }));

describe('what is taken', () => {
  it('takes right responses and right refinements of incorrect ones as plain pairs, and nothing else (method.md H20)', () => {
    const { rows, counts } = select(
      {},
      {
        responses: [
          anAttempt({ id: 'a', outcome: 'correct', text: ' right a' }),
          anAttempt({ id: 'b', outcome: 'wrong' }),
          anAttempt({ id: 'c', outcome: 'unparsed' }),
          anAttempt({ id: 'd', outcome: 'ungraded' }),
        ],
        refinements: [
          anAttempt({ id: 'b', outcome: 'wrong', verdict: 'wrong', refined: 'correct', refinedText: 'right b\n' }),
          anAttempt({ id: 'c', outcome: 'unparsed', verdict: 'correct', refined: 'wrong' }),
          anAttempt({ id: 'a', outcome: 'correct', verdict: 'wrong', refined: 'correct' }),
          anAttempt({ id: 'd', outcome: 'ungraded', verdict: 'wrong', refined: 'correct' }),
        ],
      },
    );
    expect(rows.map(({ kind, questionId, completion }) => [kind, questionId, completion]).sort()).toEqual([
      ['correct', 'a', 'right a'],
      ['refined', 'b', 'right b'],
    ]);
    expect(counts).toMatchObject({ correct: 1, refined: 1, feedback: 0, total: 2, accepted: 2 });
    expect(rows.find(({ kind }) => kind === 'refined')!.prompt).not.toContain('critic');
  });

  it.each(['base', 'chat'] as const)(
    'gives %s actors their refinements with critiques, if asked to',
    (promptFamily) => {
      const row = anAttempt({ outcome: 'wrong', verdict: 'wrong', refined: 'correct' });
      const { rows, counts } = select({ promptFamily, selfImproveFeedback: true }, { refinements: [row] });
      expect(counts).toMatchObject({ refined: 1, feedback: 1, total: 2, accepted: 1 });
      expect(JSON.stringify(rows.find(({ kind }) => kind === 'feedback')!.prompt)).toContain('Step sentence: a');
    },
  );

  it('takes D_reason with its answer sentence, D_refine and earlier rows only if asked to', () => {
    const questions = [
      aQuestion('a', { solution: 'Two and three.\n2+3=<<2+3=5>>5\n#### 5' }),
      aQuestion('b', { solution: 'It is \\boxed{5}.', answerFormat: 'boxed' }),
      aQuestion('c', { solution: 'Plainly. The answer is 5.' }),
      aQuestion('d'),
    ];
    const earlier = select({}, { responses: [anAttempt({ id: 'e', outcome: 'correct' })] }).rows;
    const previous = [...earlier, ...select({ original: true }, { questions }).rows];
    const all = { questions, triples: triples(2), previous };
    expect(select({}, all).rows).toEqual([]);

    const { rows, counts } = select({ original: true, refine: true, previous: true }, all);
    expect(counts).toMatchObject({ reason: 3, refine: 2, previous: 1, total: 6, accepted: 0 });
    expect(rows.filter(({ kind }) => kind === 'reason').map(({ completion }) => completion)).toEqual(
      expect.arrayContaining([
        'Two and three.\n2+3=<<2+3=5>>5\nThe answer is 5.',
        'It is \\boxed{5}.\nThe answer is $\\boxed{5}$.',
        'Plainly. The answer is 5.',
      ]),
    );
  });

  it('takes equal solutions of a question once, whoever found them', () => {
    const same = { id: 'a', text: 'same', refinedText: `${PRIMER}same ` } as const;
    const responses = [0, 1, 2].map((sample) => anAttempt({ ...same, sample, outcome: 'correct' }));
    const refinements = [anAttempt({ ...same, sample: 3, outcome: 'wrong', verdict: 'wrong', refined: 'correct' })];
    const first = select({}, { responses, refinements });
    expect(first.counts).toMatchObject({ correct: 1, refined: 0, duplicates: 3, total: 1 });

    const again = select({ previous: true }, { responses, previous: [...first.rows, ...first.rows] });
    expect(again.counts).toMatchObject({ previous: 1, correct: 0, total: 1 });

    const elsewhere = select(
      {},
      { responses: [...responses, anAttempt({ id: 'b', text: 'same', outcome: 'correct' })] },
    );
    expect(elsewhere.counts.correct).toBe(2);
  });
});

describe('caps', () => {
  const wrong = { outcome: 'wrong', verdict: 'wrong', refined: 'correct' } as const;

  it('counts refinements by their critique, not by its text (method.md H18)', () => {
    const refinements = [0, 1].flatMap((critique) =>
      [0, 1, 2].map((refinement) => anAttempt({ ...wrong, critique, refinement })),
    );
    const { counts } = select({ keptPerCritique: 2 }, { refinements });
    expect(counts).toMatchObject({ refined: 4, overCap: 2 });
    expect(select({ keptPerCritique: 0 }, { refinements }).counts.refined).toBe(0);
  });

  it('does not spend a cap on a duplicate', () => {
    const refinements = [
      anAttempt({ ...wrong, critique: 0, refinement: 0, refinedText: 'same' }),
      anAttempt({ ...wrong, critique: 1, refinement: 0, refinedText: 'same' }),
      anAttempt({ ...wrong, critique: 1, refinement: 1, refinedText: 'other' }),
    ];
    expect(select({}, { refinements }).counts).toMatchObject({ refined: 2, duplicates: 1, overCap: 0 });
  });

  it('keeps at most so many pairs of a question, right responses first', () => {
    const responses = [0, 1].map((sample) => anAttempt({ sample, outcome: 'correct' }));
    const refinements = [2, 3].map((sample) => anAttempt({ ...wrong, sample }));
    const { counts } = select({ perQuestion: 3 }, { responses, refinements });
    expect(counts).toMatchObject({ correct: 2, refined: 1, overCap: 1 });
  });

  it('has the shortcut barrier only where it is on', () => {
    const refinements = [anAttempt({ ...wrong, text: '1 2 3 4 5 6', refinedText: 'The answer is 5.' })];
    expect(select({}, { refinements }).counts).toMatchObject({ refined: 1, shortcuts: 0 });
    expect(select({ shortcutBarrier: true }, { refinements }).counts).toMatchObject({ refined: 0, shortcuts: 1 });
  });

  it('tells each right row that is left out, and why', () => {
    const responses = [0, 1].map((sample) => anAttempt({ id: 'b', sample, outcome: 'correct', text: ' same' }));
    const refinements = [
      anAttempt({ ...wrong, id: 'a', text: '1 2 3 4 5 6', refinedText: 'The answer is 5.' }),
      anAttempt({ ...wrong, id: 'c', refinement: 0, refinedText: `${PRIMER}1 2 3 4 5` }),
      anAttempt({ ...wrong, id: 'c', refinement: 1, refinedText: '5 4 3 2 1' }),
    ];
    const previous = [{ kind: 'correct', questionId: 'd', prompt: 'p', completion: 'c' } as const];
    const options = { shortcutBarrier: true, previous: true };
    const { removed } = select(options, { responses, refinements, previous: [...previous, ...previous] });
    expect(removed).toEqual([
      { reason: 'shortcut', kind: 'refined', questionId: 'a', text: 'The answer is 5.' },
      { reason: 'duplicate', kind: 'correct', questionId: 'b', text: 'same' },
      { reason: 'over-cap', kind: 'refined', questionId: 'c', text: '5 4 3 2 1' },
      { reason: 'duplicate', kind: 'correct', questionId: 'd', text: 'c' },
    ]);
  });

  it('counts accepted rows by level', () => {
    const responses = [
      anAttempt({ id: 'a', level: 1, outcome: 'correct' }),
      anAttempt({ id: 'b', outcome: 'correct' }),
    ];
    const refinements = [anAttempt({ ...wrong, id: 'c', level: 5 })];
    expect(select({}, { responses, refinements }).counts.acceptedByLevel).toEqual([
      { level: 1, correct: 1, refined: 0 },
      { level: 5, correct: 0, refined: 1 },
    ]);
  });
});

describe('beta', () => {
  it.each([
    [0, 0],
    [0.5, 5],
    [1, 10],
    [2.25, 23], // 22.5, rounded
  ])('%f gives %i rows of 10', (beta, expected) => {
    const { rows } = select({ refine: true, beta }, { triples: triples(10) });
    expect(rows.length).toBe(expected);
    const copies = new Map<string, number>();
    for (const { questionId } of rows) copies.set(questionId, (copies.get(questionId) ?? 0) + 1);
    for (const count of copies.values()) expect(count).toBeLessThanOrEqual(Math.ceil(beta));
  });

  it('takes another half with another seed', () => {
    const half = (seed: number) =>
      select({ refine: true, beta: 0.5, seed }, { triples: triples(20) })
        .rows.map(({ questionId }) => questionId)
        .sort();
    expect(half(1)).toEqual(half(1));
    expect(half(1)).not.toEqual(half(2));
  });

  it('refuses what is no number of copies', () => {
    for (const beta of [-1, Number.NaN]) expect(() => startSelection({ ...ONLY_EXPLORED, beta })).toThrow(RangeError);
    expect(() => startSelection({ ...ONLY_EXPLORED, keptPerCritique: -1 })).toThrow(RangeError);
  });
});

it('depends on the rows and the seed, not on the order in which shards finish', () => {
  const responses = Array.from({ length: 12 }, (_, index) =>
    anAttempt({
      id: `q${index % 4}`,
      sample: index,
      outcome: index % 3 ? 'wrong' : 'correct',
      text: `text ${index % 5}`,
    }),
  );
  const refinements = responses
    .filter((row) => row.grade.outcome === 'wrong')
    .flatMap((row) =>
      [0, 1].map((refinement) =>
        anAttempt({
          id: row.question.id,
          sample: row.sample,
          outcome: 'wrong',
          verdict: 'wrong',
          refined: 'correct',
          refinement,
        }),
      ),
    );
  const options = { refine: true, selfImproveFeedback: true, beta: 0.5, perQuestion: 4 };
  const expected = select(options, { responses, refinements, triples: triples(6) });
  expect(expected.counts.feedback).toBeGreaterThan(2);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(responses, { minLength: responses.length }),
      fc.shuffledSubarray(refinements, { minLength: refinements.length }),
      fc.shuffledSubarray(triples(6), { minLength: 6 }),
      (...[someResponses, someRefinements, someTriples]) => {
        const again = select(options, { responses: someResponses, refinements: someRefinements, triples: someTriples });
        expect(again).toEqual(expected);
      },
    ),
    { numRuns: 30 },
  );
  expect(select({ ...options, seed: 8 }, { responses, refinements, triples: triples(6) }).rows).not.toEqual(
    expected.rows,
  );
});

describe('what is trained on is what is asked', () => {
  const row = anAttempt({ outcome: 'wrong', verdict: 'wrong', refined: 'correct', text: `${PRIMER}2+2=5 ` });
  const right = anAttempt({ id: 'r', outcome: 'correct', text: '\n2+3=5\nThe answer is 5.' });

  it.each(['base', 'chat'] as const)('in the family %s', (promptFamily) => {
    const family = PROMPT_FAMILIES[promptFamily];
    const { rows } = select({ promptFamily, selfImproveFeedback: true }, { responses: [right], refinements: [row] });
    const prompt = (kind: string) => rows.find((it) => it.kind === kind)!.prompt;
    expect(prompt('correct')).toEqual(family.solve(right.question));
    expect(prompt('refined')).toEqual(family.solve(row.question));
    expect(prompt('feedback')).toEqual(
      family.refine(row.question, stripPrimer(row.response.text), trimCritique(row.critique!.text)),
    );
  });

  it('goes on after the primer for base models, and writes it for instruct models', () => {
    const [text] = select({}, { responses: [right] }).rows;
    expect(`${text!.prompt}${text!.completion}`).toBe(
      `${PROMPT_FAMILIES.base.solve(right.question)}2+3=5\nThe answer is 5.`,
    );
    expect(`${text!.prompt}`.endsWith(PRIMER)).toBe(true);
    const [messages] = select({ promptFamily: 'chat' }, { responses: [right] }).rows;
    expect(messages!.completion).toEqual([{ role: 'assistant', content: `${PRIMER}2+3=5\nThe answer is 5.` }]);
  });
});
