import { describe, expect, it } from 'vitest';
import { compareAnswers } from '../../src/method/answers/compare.ts';
import { randomFrom, shuffle } from '../../src/method/random.ts';
import { type Ballot, countStrings, countVotes, type Voter, votersOf, voteScore } from '../../src/method/vote.ts';
import fc from '../support/properties.ts';

const ballots = (...answers: (string | null)[]): Ballot[] => answers.map((answer) => ({ answer }));
const never = () => false;

/** By value: `1/2` is `0.5`. */
const value = (text: string) =>
  text
    .split('/')
    .map(Number)
    .reduce((over, under) => over / under);
const sameValue = (a: string, b: string) => value(a) === value(b);

describe('countVotes', () => {
  it('counts what means the same together, and abstentions apart', () => {
    const vote = countVotes(ballots('3', '1/2', null, '0.5', '2/4', '3.0', null), sameValue);
    const half = { representative: '1/2', members: [1, 3, 4], weight: 3 };
    expect(vote).toEqual({
      classes: [{ representative: '3', members: [0, 5], weight: 2 }, half],
      abstentions: [2, 6],
      winners: [half],
      undecided: 0,
    });
  });

  it('names tied classes in the order of their first members', () => {
    const winners = countVotes(ballots('7', '3', '1/2', '0.5', '3.0'), sameValue).winners;
    expect(winners.map(({ representative }) => representative)).toEqual(['3', '1/2']);
    expect(countVotes(ballots(null, null), sameValue)).toMatchObject({ classes: [], winners: [], abstentions: [0, 1] });
    expect(countVotes([], sameValue)).toEqual({ classes: [], abstentions: [], winners: [], undecided: 0 });
  });

  it('groups by any equivalence, with the same weights whatever the order', () => {
    const answers = fc.array(fc.option(fc.nat(30)), { maxLength: 25 });
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 6 }), fc.integer(), (answers, modulus, seed) => {
        const same = (a: string, b: string) => Number(a) % modulus === Number(b) % modulus;
        const cast = answers.map((answer) => ({ answer: answer === null ? null : String(answer) }));
        const { classes, abstentions, winners } = countVotes(cast, same);

        const residues = new Set(answers.flatMap((answer) => (answer === null ? [] : [answer % modulus])));
        expect(classes.map(({ representative }) => Number(representative) % modulus)).toEqual([...residues]);
        for (const { representative, members, weight } of classes) {
          const alike = [...cast.keys()].filter(
            (at) => cast[at]!.answer !== null && same(cast[at]!.answer!, representative),
          );
          expect(members).toEqual(alike);
          expect(weight).toBe(members.length);
          expect(representative).toBe(cast[members[0]!]!.answer);
        }
        expect(abstentions).toEqual([...answers.keys()].filter((at) => answers[at] === null));
        const most = Math.max(0, ...classes.map(({ weight }) => weight));
        expect(winners).toEqual(classes.filter(({ weight }) => weight === most));

        const sizes = (cast: Ballot[]) =>
          countVotes(cast, same)
            .classes.map(({ weight }) => weight)
            .sort();
        expect(sizes(shuffle(cast, randomFrom(seed)))).toEqual(sizes(cast));
      }),
    );
  });

  it('compares one representative per class, the later answer first, and no text twice', () => {
    const asked: string[] = [];
    const same = (answer: string, representative: string) => {
      asked.push(`${answer} ~ ${representative}`);
      return sameValue(answer, representative);
    };
    countVotes(ballots('5', '5', '5', '1/2', '0.5', '0.5', '5', '1/2', '5.0', '5.0'), same);
    expect(asked).toEqual(['1/2 ~ 5', '0.5 ~ 5', '0.5 ~ 1/2', '5.0 ~ 5']);
  });

  it('puts an answer that is like two representatives with the first, where that is not transitive', () => {
    const near = (a: string, b: string) => Math.abs(Number(a) - Number(b)) <= 1;
    const members = (...answers: string[]) => countVotes(ballots(...answers), near).classes.map((each) => each.members);
    expect(members('1', '3', '2')).toEqual([[0, 2], [1]]);
    expect(members('2', '1', '3')).toEqual([[0, 1, 2]]);
  });

  it('takes what is not decided for different, and says how often', () => {
    const slow = (answer: string, representative: string) =>
      answer === '9^9' ? null : sameValue(answer, representative);
    const { classes, undecided } = countVotes(ballots('1', '2', '9^9', '9^9', '1.0'), slow);
    expect(classes.map(({ members }) => members)).toEqual([[0, 4], [1], [2, 3]]);
    expect(undecided).toBe(2);
  });

  it('leaves a crash of the comparison to the caller', () => {
    const broken = () => {
      throw new Error('no grader');
    };
    expect(() => countVotes(ballots('1', '2'), broken)).toThrow('no grader');
    expect(countVotes(ballots('1', '1', null), broken).winners[0]!.members).toEqual([0, 1]);
  });

  it('weighs, ties sums of fractions whatever the order, and gives nothing to no weight', () => {
    const weighed = (...cast: [string, number][]) =>
      countVotes(
        cast.map(([answer, weight]) => ({ answer, weight })),
        never,
      ).winners.map(({ representative }) => representative);
    expect(weighed(['a', 1], ['b', 0.4], ['b', 0.5])).toEqual(['a']);
    expect(weighed(['a', 0.3], ['b', 0.1], ['b', 0.2])).toEqual(['a', 'b']);
    expect(weighed(['a', 0], ['b', 0], ['b', 0.1])).toEqual(['b']);
    expect(weighed(['a', 0], ['b', 0])).toEqual([]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a weight of %d', (weight) => {
    const refused = () => countVotes([{ answer: 'a' }, { answer: null, weight }], never);
    expect(refused).toThrow(new RangeError(`weight of ballot 1 is ${weight}, expected a finite number of at least 0`));
  });
});

it('countStrings counts what is written, empty where there is no answer', () => {
  const { classes, abstentions, winners } = countStrings(ballots('0.5', null, '1/2', null, '0.5'));
  expect(classes.map(({ representative, members }) => [representative, members])).toEqual([
    ['0.5', [0, 4]],
    ['', [1, 3]],
    ['1/2', [2]],
  ]);
  expect(abstentions).toEqual([]);
  expect(winners.map(({ representative }) => representative)).toEqual(['0.5', '']);
});

describe('votersOf', () => {
  const graded = (...cast: [string | null, boolean | null][]) => cast.map(([answer, right]) => ({ answer, right }));
  const byValue = (cast: readonly Ballot[]) => countVotes(cast, sameValue);

  it('leaves out what could not be graded before votes are counted', () => {
    const cast = graded(['1', null], ['2', true], ['1', false], [null, false], [null, null], ['2.0', true]);
    expect(votersOf(cast, byValue)).toEqual([
      { class: 0, right: true, weight: 1 },
      { class: 1, right: false, weight: 1 },
      { class: null, right: false, weight: 1 },
      { class: 0, right: true, weight: 1 },
    ]);
  });

  it('grades a class as its representative, and keeps weights', () => {
    const cast = graded(['1', true], ['1.0', false]).map((each, at) => ({ ...each, weight: at }));
    expect(votersOf(cast, byValue)).toEqual([
      { class: 0, right: true, weight: 0 },
      { class: 0, right: true, weight: 1 },
    ]);
  });

  it('finds a right answer that strings lose', () => {
    const cast = graded(['7', false], ['1/2', true], ['0.5', true], ['7', false], ['2/4', true]);
    expect(voteScore(votersOf(cast, byValue), 'split')).toBe(1);
    expect(voteScore(votersOf(cast, countStrings), 'split')).toBe(0);
    const empty = graded([null, false], ['7', true], [null, false]);
    expect(voteScore(votersOf(empty, byValue), 'first')).toBe(1);
    expect(voteScore(votersOf(empty, countStrings), 'first')).toBe(0);
  });
});

describe('voteScore', () => {
  const voters = (...cast: [number | null, boolean][]): Voter[] =>
    cast.map(([id, right]) => ({ class: id, right, weight: 1 }));

  it.each([
    ['a right majority', voters([1, true], [0, false], [1, true]), 1, 1],
    ['a wrong one', voters([1, true], [0, false], [0, false]), 0, 0],
    ['a tie that a wrong one opened', voters([1, false], [0, true]), 0.5, 0],
    ['a tie that the right one opened', voters([1, true], [0, false], [2, false]), 1 / 3, 1],
    ['a tie of two right classes and a wrong one', voters([4, true], [0, false], [2, true]), 2 / 3, 1],
    ['one vote beside abstentions', voters([null, false], [null, false], [3, true]), 1, 1],
    ['abstentions only', voters([null, false], [null, false]), 0, 0],
    ['votes without weight', [{ class: 0, right: true, weight: 0 }], 0, 0],
    ['nobody', [], null, null],
  ])('of %s', (_, cast, split, first) => {
    expect(voteScore(cast, 'split')).toBe(split);
    expect(voteScore(cast, 'first')).toBe(first);
  });
});

it('counts by the meaning that the grader knows', () => {
  const same = (a: string, b: string) => compareAnswers(a, b).outcome === 'equal';
  const answers = ['\\frac{1}{2}', '7', '0.5', null, '2\\sqrt{3}', '\\sqrt{12}', 'x = \\dfrac12', '$7$'];
  const { classes, abstentions, winners } = countVotes(ballots(...answers), same);
  expect(classes.map(({ members }) => members)).toEqual([
    [0, 2, 6],
    [1, 7],
    [4, 5],
  ]);
  expect(abstentions).toEqual([3]);
  expect(winners.map(({ representative }) => representative)).toEqual(['\\frac{1}{2}']);
});
