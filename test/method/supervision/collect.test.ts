import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../src/method/rows.ts';
import { chainUnder } from '../../../src/method/supervision/chain.ts';
import { Collection, type Place } from '../../../src/method/supervision/collect.ts';
import type { Scored } from '../../../src/method/supervision/scored.ts';
import { anAttempt } from '../../support/attempts.ts';

const GREEDY: Place = { on: 'greedy', reviewer: 'critic' };
const SAMPLES: Place = { on: 'samples', reviewer: 'critic' };
const round = (round: number): Place => ({ on: 'chain', reviewer: 'critic', round });
const bySelf = (place: Place): Place => ({ ...place, reviewer: 'self' });

type Shape = Parameters<typeof anAttempt>[0];

/** A row of a chain's round; the first one's rows don't say so. */
const inRound = (round: number, shape: Shape): Attempt => ({ ...anAttempt(shape), ...(round > 1 && { round }) });

/** Every answer is a class of its own. */
const asWritten = (collection: Collection): Scored[] =>
  collection.finish(collection.answers().map(({ answers }) => answers.map((_, place) => [place])));

const only = (collection: Collection): Scored => {
  const [first, ...others] = asWritten(collection);
  expect(others).toEqual([]);
  return first!;
};

/** With what it has of each stage. */
function collected(...rows: [Place, Attempt][]): Collection {
  const collection = new Collection();
  for (const [place, row] of rows) if (place.on !== 'chain') collection.response(place, row, null);
  for (const [place, row] of rows) collection.critique(place, row);
  for (const [place, row] of rows) collection.refinement(place, row);
  return collection;
}

describe('the rows of a question', () => {
  it('become its greedy response, its samples by their number, and what is known of it', () => {
    const collection = new Collection();
    collection.response(GREEDY, anAttempt({ level: 3, outcome: 'wrong', answer: '4' }), 2);
    collection.response(SAMPLES, anAttempt({ level: 3, outcome: 'correct', sample: 1 }), null);
    collection.response(SAMPLES, anAttempt({ level: 3, outcome: 'wrong', answer: '4', sample: 0 }), 1);
    const text = { promptTokens: 10, completionTokens: 5, blank: false, reviews: {} };
    expect(only(collection)).toEqual({
      id: 'q',
      level: 3,
      classes: [false, true],
      greedy: { ...text, outcome: 'wrong', class: 0, firstWrongStep: 2 },
      samples: [
        { ...text, outcome: 'wrong', class: 0, firstWrongStep: 1 },
        { ...text, outcome: 'correct', class: 1, firstWrongStep: null },
      ],
      chain: [],
    });
  });

  it('have no greedy response where none was drawn, and no level where the dataset has none', () => {
    const collection = collected([SAMPLES, anAttempt({ outcome: 'correct' })]);
    expect(only(collection)).toMatchObject({ greedy: null, level: null, samples: [{ class: 0 }] });
  });

  it('keep the reviews of each reviewer and each response apart', () => {
    const shape: Shape = { outcome: 'wrong', answer: '4' };
    const { greedy, samples } = only(
      collected(
        [GREEDY, anAttempt({ ...shape, verdict: 'wrong', refined: 'correct' })],
        [bySelf(GREEDY), anAttempt({ ...shape, verdict: 'unparsed' })],
        [SAMPLES, anAttempt({ ...shape, sample: 1, verdict: 'wrong', refined: 'wrong', refinedAnswer: '3' })],
        [bySelf(SAMPLES), anAttempt({ ...shape, sample: 0, verdict: 'correct' })],
      ),
    );
    const review = { firstWrongStep: 1, blank: false, promptTokens: 10, completionTokens: 5, refinement: null };
    const text = { promptTokens: 10, completionTokens: 5, blank: false };
    // In the order in which answers were seen: 4, then those of refinements.
    expect(greedy!.reviews).toEqual({
      critic: { ...review, verdict: 'wrong', refinement: { ...text, outcome: 'correct', class: 1 } },
      self: { ...review, verdict: 'unparsed' },
    });
    expect(samples.map(({ reviews }) => reviews)).toEqual([
      { self: { ...review, verdict: 'correct' } },
      { critic: { ...review, verdict: 'wrong', refinement: { ...text, outcome: 'wrong', class: 2 } } },
    ]);
  });

  it('count where there is something for them to be about', () => {
    const collection = collected([SAMPLES, anAttempt({ outcome: 'wrong' })]);
    collection.critique(SAMPLES, anAttempt({ outcome: 'wrong', sample: 1, verdict: 'wrong' }));
    collection.critique(GREEDY, anAttempt({ outcome: 'wrong', verdict: 'wrong' }));
    collection.refinement(SAMPLES, anAttempt({ outcome: 'wrong', refined: 'correct' }));
    collection.refinement(round(1), anAttempt({ outcome: 'wrong', refined: 'correct' }));
    expect(only(collection)).toMatchObject({ greedy: null, samples: [{ reviews: {} }], chain: [] });
  });

  it('say nothing of a stage that is not in them', () => {
    const plain = anAttempt({ outcome: 'correct' });
    const collection = collected([GREEDY, plain]);
    collection.critique(GREEDY, plain);
    collection.refinement(GREEDY, plain);
    expect(only(collection).greedy!.reviews).toEqual({});
  });

  it('come out by question in the order of the first of each', () => {
    const collection = new Collection();
    for (const id of ['c', 'a', 'b']) collection.response(GREEDY, anAttempt({ id, outcome: 'correct' }), null);
    for (const id of ['b', 'd', 'c']) collection.response(SAMPLES, anAttempt({ id, outcome: 'correct' }), null);
    expect(collection.answers().map(({ id }) => id)).toEqual(['c', 'a', 'b', 'd']);
    const scored = asWritten(collection);
    expect(scored.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'd']);
    expect(scored.map(({ greedy, samples }) => [greedy !== null, samples.length])).toEqual([
      [true, 1],
      [true, 0],
      [true, 1],
      [false, 1],
    ]);
  });
});

describe('texts', () => {
  it.each(['', ' \n\t'])('that are blank (%j) are told', (text) => {
    const blank = anAttempt({ text, outcome: 'unparsed', answer: null, sample: 0 });
    const silent = anAttempt({ outcome: 'wrong', sample: 1, verdict: 'unparsed' });
    silent.critique = { ...silent.critique!, text };
    const emptied = anAttempt({
      outcome: 'wrong',
      sample: 2,
      verdict: 'wrong',
      refined: 'unparsed',
      refinedAnswer: null,
      refinedText: text,
    });
    const { samples } = only(collected([SAMPLES, blank], [SAMPLES, silent], [SAMPLES, emptied]));
    expect(samples.map(({ blank }) => blank)).toEqual([true, false, false]);
    expect(samples.map(({ reviews }) => reviews.critic?.blank)).toEqual([undefined, true, false]);
    expect(samples[2]!.reviews.critic!.refinement).toMatchObject({ blank: true, outcome: 'unparsed', class: null });
  });
});

describe('answers', () => {
  const samples = (...shapes: Shape[]) =>
    collected(...shapes.map((shape, sample): [Place, Attempt] => [SAMPLES, anAttempt({ ...shape, sample })]));

  it('are told apart by how they are written, those of refinements and chains among them', () => {
    const collection = samples({ outcome: 'wrong', answer: '4', verdict: 'wrong', refined: 'correct' });
    collection.response(GREEDY, anAttempt({ outcome: 'correct', answer: '5.0' }), null);
    collection.refinement(
      round(1),
      inRound(1, { outcome: 'wrong', answer: '4', refined: 'wrong', refinedAnswer: '3' }),
    );
    collection.response(SAMPLES, anAttempt({ sample: 1, outcome: 'wrong', answer: '4' }), null);
    expect(collection.answers()).toEqual([{ id: 'q', answers: ['4', '5', '5.0', '3'] }]);
    expect(only(collection)).toMatchObject({
      classes: [false, true, true, false],
      greedy: { class: 2 },
      samples: [{ class: 0, reviews: { critic: { refinement: { class: 1 } } } }, { class: 0 }],
      chain: [{ refinement: { class: 3 } }],
    });
  });

  it('of different questions have nothing to do with each other', () => {
    const collection = new Collection();
    for (const [id, outcome] of [
      ['a', 'wrong'],
      ['b', 'correct'],
    ] as const)
      collection.response(GREEDY, anAttempt({ id, outcome, answer: '7' }), null);
    expect(asWritten(collection).map(({ classes, greedy }) => [classes, greedy!.class])).toEqual([
      [[false], 0],
      [[true], 0],
    ]);
  });

  it.each(['unparsed', 'truncated', 'ungraded'] as const)(
    'of %s texts have no class, even where there is one',
    (outcome) => {
      const collection = samples(
        { outcome, answer: '5' },
        { outcome, answer: null },
        { outcome: 'wrong', answer: '4', verdict: 'wrong', refined: outcome, refinedAnswer: '5' },
      );
      expect(collection.answers()).toEqual([{ id: 'q', answers: ['4'] }]);
      const { samples: draws, classes } = only(collection);
      expect(classes).toEqual([false]);
      expect(draws.map((draw) => [draw.outcome, draw.class])).toEqual([
        [outcome, null],
        [outcome, null],
        ['wrong', 0],
      ]);
      expect(draws[2]!.reviews.critic!.refinement).toMatchObject({ outcome, class: null });
    },
  );

  it('are all told apart where nothing was answered', () => {
    const collection = samples({ outcome: 'truncated', answer: null });
    expect(collection.answers()).toEqual([{ id: 'q', answers: [] }]);
    expect(collection.finish([[]])).toMatchObject([{ classes: [], samples: [{ class: null }] }]);
  });

  it('that mean the same are one class, as right as the first of them', () => {
    const collection = samples(
      { outcome: 'wrong', answer: '0.5' },
      { outcome: 'correct', answer: '2', verdict: 'wrong', refined: 'correct', refinedAnswer: '1/2' },
      { outcome: 'correct', answer: '4/2' },
      { outcome: 'wrong', answer: '2.0' },
    );
    collection.response(GREEDY, anAttempt({ outcome: 'correct', answer: '1/2' }), null);
    const { answers } = collection.answers()[0]!;
    const placeOf = (answer: string) => answers.indexOf(answer);
    // The grader said different things of answers that mean the same: the first one's grade stands.
    const classes = [['0.5', '1/2'].map(placeOf), ['2', '4/2', '2.0'].map(placeOf)];
    expect(collection.finish([classes])).toMatchObject([
      {
        classes: [false, true],
        greedy: { outcome: 'correct', class: 0 },
        samples: [
          { outcome: 'wrong', class: 0 },
          { outcome: 'correct', class: 1, reviews: { critic: { refinement: { outcome: 'correct', class: 0 } } } },
          { outcome: 'correct', class: 1 },
          { outcome: 'wrong', class: 1 },
        ],
      },
    ]);
  });

  it('are in the classes of a chain, too', () => {
    const collection = collected(
      [SAMPLES, anAttempt({ outcome: 'wrong', answer: '3', verdict: 'wrong' })],
      [round(1), inRound(1, { outcome: 'wrong', answer: '3', refined: 'correct', refinedAnswer: '1/2' })],
      [round(2), inRound(2, { outcome: 'correct', verdict: 'wrong', refined: 'correct', refinedAnswer: '0.5' })],
    );
    expect(collection.answers()).toEqual([{ id: 'q', answers: ['3', '1/2', '0.5'] }]);
    const { chain, classes } = collection.finish([[[1, 2], [0]]])[0]!;
    expect(classes).toEqual([true, false]);
    expect(chain.map(({ refinement }) => refinement!.class)).toEqual([0, 0]);
  });

  it('of several questions are settled in the order in which they were given', () => {
    const collection = new Collection();
    for (const id of ['b', 'a'])
      for (const [sample, answer] of ['1', '1.0'].entries())
        collection.response(SAMPLES, anAttempt({ id, sample, outcome: 'wrong', answer }), null);
    const scored = collection.finish([[[0, 1]], [[0], [1]]]);
    expect(scored.map(({ id, samples }) => [id, ...samples.map((draw) => draw.class)])).toEqual([
      ['b', 0, 0],
      ['a', 0, 1],
    ]);
  });
});

describe('a chain', () => {
  const first = anAttempt({ outcome: 'wrong', answer: '1', verdict: 'wrong', refined: 'wrong', refinedAnswer: '2' });
  const refined = (round: number, answer: string, verdict?: Shape['verdict']) =>
    inRound(round, { outcome: 'wrong', ...(verdict && { verdict }), refined: 'wrong', refinedAnswer: answer });

  it('begins with the critique that the first sample got, and goes on with its own', () => {
    const collection = collected(
      [SAMPLES, first],
      [SAMPLES, anAttempt({ outcome: 'wrong', sample: 1, verdict: 'correct' })],
      [round(1), refined(1, '3')],
      [round(2), refined(2, '4', 'unparsed')],
      [round(3), inRound(3, { outcome: 'wrong', verdict: 'correct' })],
    );
    const { samples, chain, classes } = only(collection);
    expect(classes).toHaveLength(5);
    expect(chain.map(({ verdict, refinement }) => [verdict, refinement?.class])).toEqual([
      ['wrong', 3],
      ['unparsed', 4],
      ['correct', undefined],
    ]);
    // The sample keeps its own refinement.
    expect(samples[0]!.reviews.critic).toMatchObject({ verdict: 'wrong', refinement: { class: 2 } });
  });

  it('has the critique that it begins with even where it ends there', () => {
    const accepted = anAttempt({ outcome: 'wrong', answer: '1', verdict: 'correct' });
    const silent = anAttempt({ id: 'silent', outcome: 'wrong', answer: '1', verdict: 'unparsed' });
    silent.critique = { ...silent.critique!, text: '' };
    const [one, other] = asWritten(collected([SAMPLES, accepted], [SAMPLES, silent]));
    expect(chainUnder(one!, 'verdict', 2).map(({ text }) => text.class)).toEqual([0, 0]);
    expect(chainUnder(other!, 'always', 2).map(({ text }) => text.class)).toEqual([0, 0]);
  });

  it('is the critic’s: it does not begin with what the actor says of itself, or of another response', () => {
    const shape: Shape = { outcome: 'wrong', verdict: 'wrong' };
    const { chain } = only(
      collected(
        [GREEDY, anAttempt(shape)],
        [bySelf(SAMPLES), anAttempt(shape)],
        [SAMPLES, anAttempt({ ...shape, sample: 1 })],
      ),
    );
    expect(chain).toEqual([]);
  });
});

describe('what was cut short', () => {
  const shape: Shape = { outcome: 'wrong', verdict: 'wrong' };
  const drawn = () =>
    collected(
      [GREEDY, anAttempt(shape)],
      [SAMPLES, anAttempt(shape)],
      [SAMPLES, anAttempt({ ...shape, sample: 1 })],
      [GREEDY, anAttempt({ ...shape, id: 'other' })],
    );

  it('gives the draws of its question their reviewer', () => {
    const collection = drawn();
    collection.unfinished(bySelf(GREEDY), 'q');
    collection.unfinished(SAMPLES, 'q');
    collection.unfinished(bySelf(SAMPLES), 'q');
    const [question, other] = asWritten(collection);
    expect(question!.greedy!.unfinished).toEqual(['self']);
    expect(question!.samples.map(({ unfinished }) => unfinished)).toEqual([
      ['critic', 'self'],
      ['critic', 'self'],
    ]);
    expect(question!.rounds).toBeUndefined();
    expect(other!.greedy!.unfinished).toBeUndefined();
  });

  it('cuts a chain at the first such round, in any order', () => {
    const roundsAfter = (...rounds: number[]) => {
      const collection = drawn();
      for (const each of rounds) collection.unfinished(round(each), 'q');
      const [question, other] = asWritten(collection);
      for (const draw of question!.samples) expect(draw.unfinished).toBeUndefined();
      expect(other!.rounds).toBeUndefined();
      return question!.rounds;
    };
    expect(roundsAfter()).toBeUndefined();
    expect(roundsAfter(3)).toBe(2);
    expect(roundsAfter(3, 2, 4)).toBe(1);
    expect(roundsAfter(1, 2)).toBe(0);
  });

  it('says nothing of questions that were not drawn', () => {
    const collection = drawn();
    collection.unfinished(GREEDY, 'never drawn');
    collection.unfinished({ on: 'samples', reviewer: 'critic' }, 'other');
    const scored = asWritten(collection);
    expect(scored.map(({ id }) => id)).toEqual(['q', 'other']);
    expect(scored[1]).toMatchObject({ greedy: { reviews: { critic: {} } }, samples: [] });
    expect(scored[1]!.greedy!.unfinished).toBeUndefined();
  });
});
