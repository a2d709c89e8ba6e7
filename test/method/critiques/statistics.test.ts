import { describe, expect, it } from 'vitest';
import { filterOf } from '../../../src/method/critiques/filter.ts';
import { startStatistics } from '../../../src/method/critiques/statistics.ts';
import { proportion } from '../../../src/method/estimate.ts';
import type { Outcome } from '../../../src/method/rows.ts';
import { aQuestion } from '../../support/attempts.ts';
import { anAnnotation, aPath, refinements } from './rows.ts';

/** Six candidates, of which four are annotated, three pass and two are kept. */
function collected() {
  const statistics = startStatistics({ refinements: 4 });
  const first = aPath('RG1', { id: 'a', level: 1 });
  const second = aPath('RG2', { id: 'a', level: 1, errorStep: 2 });
  const third = aPath('RG3', { id: 'b', level: 2, errorStep: 1, mistake: 'unit' });
  const right = aPath('right', { id: 'c' });
  for (const row of [first, second, third, right]) statistics.path(row, null);
  statistics.path(aPath('RG2', { id: 'b', level: 2, outcome: 'correct', errorStep: 1 }), 'not-flawed');
  statistics.path(aPath('RG1', { id: 'a', level: 1, sample: 1 }), 'duplicate');
  statistics.withoutMistake({
    ...{ question: aQuestion('d'), sample: 0, strategy: 'RG3', errorStep: 1, prefix: '', nextStep: 's' },
    ...{ mistake: 'unit', prefixSource: 'gold', written: null, mistakeModel: 'writer' },
  });

  const keep = filterOf({ k: 2 });
  const annotated = [
    { row: anAnnotation(first, 'CW', 'wrong'), outcomes: ['correct', 'correct', 'wrong', 'correct'] },
    { row: anAnnotation(second, 'WW', 'wrong', 'location'), outcomes: null },
    { row: anAnnotation(third, 'WWWC', 'wrong'), outcomes: ['correct', 'wrong', 'correct', 'ungraded'] },
    { row: anAnnotation(right, 'C', 'correct'), outcomes: ['wrong', 'wrong', 'wrong', 'correct'] },
  ] as const;
  for (const { row, outcomes } of annotated) {
    statistics.annotation(row);
    if (outcomes) statistics.filtered(row, keep(refinements(row, outcomes as readonly Outcome[])));
  }
  return statistics;
}

describe('startStatistics', () => {
  it('counts what there was at every stage, in all and by strategy and level', () => {
    const { total, byStrategy, byLevel, byLevelAndStrategy } = collected().summary();
    expect(total).toEqual({
      ...{ made: 6, flawed: 4, chosen: 4, annotated: 4, passed: 3, kept: 2 },
      yield: proportion(2, 4),
      meanSoft: (3 / 4 + 2 / 3 + 1 / 4) / 3,
    });
    expect(byStrategy.map(({ strategy, made, kept }) => [strategy, made, kept])).toEqual([
      ['RG1', 2, 1],
      ['RG2', 2, 0],
      ['RG3', 1, 1],
      ['right', 1, 0],
    ]);
    expect(byLevel.map(({ level, made, kept, yield: share }) => [level, made, kept, share.value])).toEqual([
      [1, 3, 1, 0.5],
      [2, 2, 1, 1],
      [null, 1, 0, 0],
    ]);
    expect(byLevelAndStrategy.map(({ level, strategy, made }) => [level, strategy, made])).toEqual([
      [1, 'RG1', 2],
      [1, 'RG2', 1],
      [2, 'RG2', 1],
      [2, 'RG3', 1],
      [null, 'right', 1],
    ]);
  });

  it('counts what was removed, by reason and strategy', () => {
    const none = { RG1: 0, RG2: 0, RG3: 0, right: 0 };
    expect(collected().summary().removed).toEqual([
      { stage: 'path', reason: 'no-mistake', count: 1, byStrategy: { ...none, RG3: 1 } },
      { stage: 'path', reason: 'not-flawed', count: 1, byStrategy: { ...none, RG2: 1 } },
      { stage: 'path', reason: 'duplicate', count: 1, byStrategy: { ...none, RG1: 1 } },
      { stage: 'annotation', reason: 'location', count: 1, byStrategy: { ...none, RG2: 1 } },
      { stage: 'filter', reason: 'below-k', count: 1, byStrategy: { ...none, right: 1 } },
    ]);
  });

  it('bins soft labels by the refinements that were asked for: 3 of 4, 2 of 3, 1 of 4', () => {
    expect(collected().summary().softLabels).toEqual([0, 1, 0, 2, 0]);
    expect(startStatistics({ refinements: 0 }).summary().softLabels).toEqual([]);
  });

  it('measures the annotator before anything is removed for it', () => {
    const statistics = collected();
    expect(statistics.summary().agreement).toEqual({ verdict: proportion(4, 4), location: proportion(2, 3) });
    statistics.annotation(anAnnotation(aPath('RG1'), 'C', 'correct', 'verdict'));
    statistics.annotation(anAnnotation(aPath('RG1'), 'C', 'unparsed', 'off-format'));
    expect(statistics.summary().agreement).toEqual({ verdict: proportion(4, 5), location: proportion(2, 3) });
  });

  it('describes what was kept', () => {
    const { mistakes, stepsPerCritique, right } = collected().summary();
    expect(mistakes).toEqual([{ mistake: 'unit', kept: 1 }]);
    expect(stepsPerCritique).toBe(3);
    expect(right).toEqual(proportion(0, 2));
  });

  it('has nothing to say of nothing', () => {
    const { total, byStrategy, removed, stepsPerCritique, right } = startStatistics({ refinements: 2 }).summary();
    expect(total).toMatchObject({ made: 0, kept: 0, meanSoft: null });
    expect([byStrategy, removed, stepsPerCritique, right.value, total.yield.value]).toEqual([[], [], null, null, null]);
  });
});
