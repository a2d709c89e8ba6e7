import { describe, expect, it } from 'vitest';
import { startTalkStatistics } from '../../src/method/self-talk/statistics.ts';
import type { TalkRow } from '../../src/method/self-talk/verify.ts';
import type { SelfTalkReport } from '../../src/report/self-talk/data.ts';
import { headline } from '../../src/report/self-talk/headline.ts';
import { renderSelfTalk } from '../../src/report/self-talk/html.ts';
import { selfTalkTable } from '../../src/report/self-talk/table.ts';
import { aGeneration, aQuestion } from '../support/attempts.ts';

const aRow = (id: string, rewrites: number): TalkRow => ({
  question: aQuestion(id, { level: 2, question: 'Is 2 < 3 & 3 > 2?' }),
  sample: 0,
  chain: {
    segments: [
      { step: '2+3=6', index: 1, version: 0, isAnswer: false, label: 'wrong', explanation: 'It is <5>.' },
      { step: '2+3=5', index: 1, version: 1, isAnswer: false, label: 'correct', explanation: '' },
    ],
    rewrites,
    end: 'error-free',
  },
  actor: 'actor',
  critic: 'critic',
  talk: aGeneration('I think, <b>therefore</b>.'),
  grade: { outcome: 'correct', answer: '5', rule: 'number', tier: 'rules' },
});

const statistics = startTalkStatistics();
statistics.add(aRow('a', 0), null);
statistics.add(aRow('b', 1), null);
statistics.add(aRow('c', 4), 'budget');
statistics.add(aRow('d', 1), 'wrong');

const REPORT: SelfTalkReport = {
  run: 'talk',
  status: 'completed',
  startedAt: '2026-03-01T12:00:00.000Z',
  updatedAt: '2026-03-01T12:01:00.000Z',
  actor: 'models/actor',
  critic: 'models/critic',
  smoother: 'built-in templates',
  dataset: 'arithmetic',
  rounds: 4,
  warnings: ['a doubt'],
  statistics: statistics.summary(),
  training: { checkpoint: 'talk-12345678', uri: 'runs/x', sha256: 'f'.repeat(64), rows: 2, steps: 1, seconds: 3 },
  evaluation: { workflowId: 'talk/evaluate', headline: ['Right: 50 %.'], report: '../talk-evaluate/report.html' },
  stages: [{ stage: 'sample', generations: 4, seconds: 2, promptTokens: 40, completionTokens: 20, cost: null }],
  kept: [aRow('a', 0)],
  removed: [{ reason: 'budget', row: aRow('c', 4) }],
  artifacts: [{ name: 'self-talk', uri: 'runs/talk/self-talk.jsonl', sha256: 'a'.repeat(64), rows: 2, bytes: 10 }],
  provenance: { run: { seed: 1 } },
};

describe('the report of a selfTalk', () => {
  it('says what came out', () => {
    expect(headline(REPORT)).toEqual([
      '2 self-talks to train on, from 4 chains: 50.0\u00A0% (15.0\u00A0to\u00A085.0) became a text with the right answer.',
      '1 of them (50.0\u00A0%) find and repair at least one of their own mistakes.',
      'Trained on 2 rows: talk-12345678.',
      'Tested: Right: 50 %.',
    ]);
    expect(selfTalkTable(REPORT)).toBe(`| rewrites | chains | error-free | right | yield | kept |
| ---: | ---: | ---: | ---: | ---: | ---: |
| 0 | 1 | 1 | 1 | 100.0 % | 1 |
| 1 | 2 | 2 | 1 | 50.0 % | 1 |
| 4 | 1 | 1 | 0 | 0.0 % | 0 |
`);
  });

  it('shows chains, why some were removed, texts to read, and what was trained', () => {
    const page = renderSelfTalk(REPORT);
    for (const id of ['chains', 'removed', 'result', 'talks', 'compute', 'artifacts', 'provenance'])
      expect(page).toContain(`<section id="${id}"`);
    expect(page).toContain('still with a wrong step when it had been written again as often as it may be');
    expect(page).toContain('I think, &lt;b&gt;therefore&lt;/b&gt;.');
    expect(page).toContain('It is &lt;5&gt;.');
    expect(page).toContain('href="../talk-evaluate/report.html"');
    expect(page).not.toMatch(/undefined|NaN|\[object/);
    expect(renderSelfTalk(REPORT)).toBe(page);
  });

  it('of a run that came to nothing has a head', () => {
    const nothing = {
      ...REPORT,
      statistics: null,
      training: null,
      evaluation: null,
      kept: [],
      removed: [],
      stages: [],
    };
    expect(headline(nothing)).toEqual(['Ended before there was a chain.']);
    expect(renderSelfTalk(nothing)).not.toContain('id="chains"');
    expect(selfTalkTable(nothing).split('\n')).toHaveLength(3);
  });
});
