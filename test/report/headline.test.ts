import { describe, expect, it } from 'vitest';
import type { PairedDifference, RunReport } from '../../src/report/data.ts';
import { headline } from '../../src/report/headline.ts';
import { paired, proportion, sampleReport, vanillaReport } from './sample.ts';

const say = (report: RunReport) => headline(report).map((sentence) => sentence.replaceAll('\u00A0', ' '));

/** A run without critic of two evaluations, the first at 50 %. */
function run(successes: number, gain: PairedDifference): RunReport {
  const report = vanillaReport();
  const [first, last] = report.iterations.map(({ iteration, evaluation, stages }) => ({
    iteration,
    stages,
    evaluation: { ...evaluation!, accuracy: proportion(iteration === 0 ? 500 : successes, 1000) },
  })) as [RunReport['iterations'][number], RunReport['iterations'][number]];
  return { ...report, iterations: [first, { ...last, evaluation: { ...last.evaluation!, gain } }] };
}

describe('headline', () => {
  it('says what rose, by how much and how surely', () => {
    expect(say(sampleReport())).toEqual([
      'From iteration 0 to iteration 2, accuracy on 1,000 test questions rose from 55.6 % to 65.2 %: +9.6 points (paired 95 % interval +7.2 to +12.0, p < 0.001).',
      'With the critic at test time, iteration 2 answers 76.2 %: +11.0 points (paired 95 % interval +8.6 to +13.4, p < 0.001) over its responses alone.',
    ]);
  });

  it('says that it fell', () => {
    expect(say(run(450, paired(-0.05)))).toEqual([
      'From iteration 0 to iteration 1, accuracy on 1,000 test questions fell from 50.0 % to 45.0 %: \u22125.0 points (paired 95 % interval \u22127.4 to \u22122.6, p < 0.001).',
    ]);
  });

  it.each([
    [510, 0.01, '+1.0 points (paired 95 % interval \u22121.4 to +3.4, p = 0.40)'],
    [490, -0.01, '\u22121.0 points (paired 95 % interval \u22123.4 to +1.4, p = 0.40)'],
    [500, 0, '0.0 points (paired 95 % interval \u22122.4 to +2.4, p = 0.40)'],
  ])('claims nothing where the interval includes 0: %d', (successes, difference, words) => {
    const [sentence] = say(run(successes, paired(difference)));
    expect(sentence).toContain(
      ` went from 50.0 % to ${(successes / 10).toFixed(1)} %: ${words}. The interval includes 0`,
    );
    expect(sentence).not.toMatch(/rose|fell/);
  });

  it('claims nothing for a critic whose interval includes 0', () => {
    const report = sampleReport();
    const last = report.iterations[2]!;
    last.evaluation!.withCritic!.gain = paired(0.01);
    expect(say(report)[1]).toMatch(/The interval includes 0, so the critic is not shown to make a difference\.$/);
  });

  it('compares nothing with one evaluation, whether or not more will come', () => {
    const one = { ...vanillaReport(), iterations: vanillaReport().iterations.slice(0, 1) };
    expect(say({ ...one, status: 'running' })).toEqual([
      'The checkpoint of iteration 0 answers 55.6 % (52.5 to 58.7) of 1,000 test questions correctly; there is no later iteration to compare it with yet.',
    ]);
    expect(say({ ...one, status: 'stopped' })[0]).toMatch(/compare it with\.$/);
    expect(say({ ...one, status: 'running', iterations: [] })).toEqual(['No checkpoint has been evaluated yet.']);
  });
});
