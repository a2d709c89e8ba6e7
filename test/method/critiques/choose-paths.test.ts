import { describe, expect, it } from 'vitest';
import {
  type ChoiceOptions,
  type PathRow,
  sampledPath,
  startChoice,
} from '../../../src/method/critiques/choose-paths.ts';
import { PRIMER } from '../../../src/method/prompts/text.ts';
import { randomFrom, shuffle } from '../../../src/method/random.ts';
import type { PathStrategy } from '../../../src/method/rows.ts';
import fc from '../../support/properties.ts';
import { aPath } from './rows.ts';

const OPTIONS: ChoiceOptions = { perQuestion: { RG1: 9, RG2: 9, RG3: 9, right: 9 }, rightShare: 0.5, seed: 1 };

function reasons(rows: readonly PathRow[], options: Partial<ChoiceOptions> = {}) {
  const choice = startChoice({ ...OPTIONS, ...options });
  for (const row of rows) choice.add(row);
  return rows.map(choice.finish());
}

const many = (strategy: PathStrategy, count: number, questions: number) =>
  Array.from({ length: count }, (_, i) => {
    const [id, sample] = [`q${i % questions}`, Math.floor(i / questions)];
    return aPath(strategy, { id, sample, text: `${strategy} ${id}/${sample}` });
  });

const chosenOf = (rows: readonly PathRow[], options: Partial<ChoiceOptions> = {}) => {
  const why = reasons(rows, options);
  const chosen = rows.filter((_, i) => why[i] === null);
  return Object.fromEntries(
    (['RG1', 'RG2', 'RG3', 'right'] as const).map((s) => [s, chosen.filter(({ path }) => path.strategy === s).length]),
  );
};

describe('startChoice', () => {
  it('removes what has the wrong kind of outcome', () => {
    const rows = [
      aPath('RG1', { sample: 0, outcome: 'unparsed' }),
      aPath('RG1', { sample: 1, outcome: 'truncated' }),
      aPath('RG2', { sample: 0, outcome: 'ungraded' }),
      aPath('RG2', { sample: 1, outcome: 'correct' }),
      aPath('RG3', { sample: 0, outcome: 'correct' }),
      aPath('RG3', { sample: 1, outcome: 'wrong' }),
      aPath('right', { sample: 5 }),
    ];
    expect(reasons(rows)).toEqual(['unparsed', 'truncated', 'ungraded', 'not-flawed', 'not-flawed', null, null]);
  });

  it('takes equal texts of a question once, as the strategy that tells most', () => {
    const rows = [
      aPath('RG1', { text: 'same' }),
      aPath('RG2', { text: `${PRIMER}same\n` }),
      aPath('RG3', { text: 'same' }),
      aPath('RG1', { id: 'other', text: 'same' }),
    ];
    expect(reasons(rows)).toEqual(['duplicate', 'duplicate', null, null]);
  });

  it('keeps to the cap of each question and strategy', () => {
    const rows = [...many('RG1', 12, 4), ...many('RG2', 4, 4)];
    const perQuestion = { RG1: 2, RG2: 1, RG3: 0, right: 0 };
    expect(chosenOf(rows, { perQuestion })).toEqual({ RG1: 8, RG2: 4, RG3: 0, right: 0 });
    expect(reasons(rows, { perQuestion }).filter((reason) => reason === 'over-cap')).toHaveLength(4);
  });

  it('takes right paths up to their share', () => {
    const rows = [...many('RG1', 8, 8), ...many('right', 20, 10)];
    expect(chosenOf(rows, { rightShare: 0.2 })).toMatchObject({ RG1: 8, right: 2 });
    expect(chosenOf(rows, { rightShare: 0.5 })).toMatchObject({ RG1: 8, right: 8 });
    expect(chosenOf(rows, { rightShare: 0 })).toMatchObject({ RG1: 8, right: 0 });
    expect(chosenOf(many('right', 5, 5))).toMatchObject({ right: 0 });
  });

  it('takes as many of each strategy as the mix allows', () => {
    const rows = [...many('RG1', 40, 20), ...many('RG2', 10, 10), ...many('RG3', 12, 12)];
    const mix = { RG1: 0.5, RG2: 0.25, RG3: 0.25 };
    expect(chosenOf(rows, { mix })).toMatchObject({ RG1: 20, RG2: 10, RG3: 10 });
    expect(chosenOf(rows, { mix: { RG1: 0, RG2: 1, RG3: 1 } })).toMatchObject({ RG1: 0, RG2: 10, RG3: 10 });
    expect(chosenOf(rows, { mix, paths: 20 })).toMatchObject({ RG1: 10, RG2: 5, RG3: 5 });
  });

  it('takes no more paths than it is told, right ones in their share', () => {
    const rows = [...many('RG1', 40, 20), ...many('right', 40, 20)];
    expect(chosenOf(rows, { paths: 20, rightShare: 0.2 })).toMatchObject({ RG1: 16, right: 4 });
    const few = [...many('RG1', 40, 20), ...many('right', 1, 1)];
    expect(chosenOf(few, { paths: 20, rightShare: 0.2 })).toMatchObject({ RG1: 19, right: 1 });
  });

  it('takes the first of every question before the second of any', () => {
    const rows = many('RG1', 60, 20);
    const why = reasons(rows, { paths: 20 });
    const ids = rows.filter((_, i) => why[i] === null).map(({ question }) => question.id);
    expect(new Set(ids).size).toBe(20);
  });

  it('chooses the same in whatever order rows come, and keeps every limit', () => {
    const cap = fc.nat(3);
    const options = fc.record({
      perQuestion: fc.record({ RG1: cap, RG2: cap, RG3: cap, right: cap }),
      rightShare: fc.constantFrom(0, 0.2, 0.5, 0.75),
      seed: fc.nat(5),
      paths: fc.option(fc.nat(30), { nil: undefined }),
    });
    const counts = fc.record({ RG1: fc.nat(20), RG2: fc.nat(10), RG3: fc.nat(10), right: fc.nat(20) });
    fc.assert(
      fc.property(options, counts, fc.nat(), ({ paths, ...rest }, count, order) => {
        const given = { ...rest, ...(paths !== undefined && { paths }) };
        const rows = (['RG1', 'RG2', 'RG3', 'right'] as const).flatMap((strategy) =>
          many(strategy, count[strategy], 5),
        );
        const shuffled = shuffle(rows, randomFrom(order));
        const why = new Map(shuffled.map((row, i) => [row, i]));
        const other = reasons(shuffled, given);
        expect(reasons(rows, given)).toEqual(rows.map((row) => other[why.get(row)!]));

        const { right, ...flawed } = chosenOf(rows, given);
        const all = Object.values(flawed).reduce((sum, n) => sum + n, right!);
        expect(all).toBeLessThanOrEqual(paths ?? all);
        expect(right).toBeLessThanOrEqual(all * rest.rightShare + 1e-9);
        for (const strategy of ['RG1', 'RG2', 'RG3'] as const)
          expect(flawed[strategy]).toBeLessThanOrEqual(5 * rest.perQuestion[strategy]);
      }),
    );
  });

  it('refuses shares that can’t be', () => {
    expect(() => startChoice({ ...OPTIONS, rightShare: 1 })).toThrow("rightShare can't be 1");
    expect(() => startChoice({ ...OPTIONS, mix: { RG1: 0, RG2: 0, RG3: 0 } })).toThrow('mix has no share above 0');
  });
});

it('sampledPath is right where the answer is, and RG1 elsewhere', () => {
  expect(sampledPath('correct', 0.7)).toMatchObject({ strategy: 'right', temperature: 0.7, errorStep: null });
  expect(sampledPath('wrong', 1).strategy).toBe('RG1');
  expect(sampledPath('unparsed', 1).strategy).toBe('RG1');
});
