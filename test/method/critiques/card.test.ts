import { describe, expect, it } from 'vitest';
import { type Card, datasetCard } from '../../../src/method/critiques/card.ts';
import { filterOf } from '../../../src/method/critiques/filter.ts';
import { startStatistics } from '../../../src/method/critiques/statistics.ts';
import { anAnnotation, aPath, refinements } from './rows.ts';

const statistics = startStatistics({ refinements: 2 });
for (const [id, kept] of [
  ['a', true],
  ['b', false],
] as const) {
  const path = aPath('RG1', { id, level: 3 });
  const row = anAnnotation(path, 'W', 'wrong');
  statistics.path(path, null);
  statistics.annotation(row);
  statistics.filtered(row, filterOf({ k: 1 })(refinements(row, kept ? ['correct', 'wrong'] : ['wrong', 'wrong'])));
}

const card: Card = {
  name: 'Critiques: a "run"',
  questions: 'GSM8K, train',
  actor: 'an-actor',
  annotator: 'an-annotator',
  mistakeWriter: null,
  filter: { refinements: 2, keep: 1, temperature: 0.7 },
  seed: 7,
  sources: [{ name: 'GSM8K', licence: 'MIT' }],
  files: [
    { config: 'messages', path: 'messages.jsonl' },
    { config: 'alpaca', path: 'alpaca.jsonl' },
  ],
  statistics: statistics.summary(),
};

describe('datasetCard', () => {
  it('begins with metadata that the hub reads', () => {
    const [, yaml] = datasetCard(card).split('---\n');
    expect(yaml).toBe(
      [
        'pretty_name: "Critiques: a \\"run\\""',
        'language:',
        '- en',
        'license: other',
        'task_categories:',
        '- text-generation',
        'tags:',
        '- math',
        '- critique',
        'size_categories:',
        '- n<1K',
        'configs:',
        '- config_name: "messages"',
        '  data_files: "messages.jsonl"',
        '  default: true',
        '- config_name: "alpaca"',
        '  data_files: "alpaca.jsonl"',
        '',
      ].join('\n'),
    );
  });

  it('says what it is, how it was made, what was removed and who may use it', () => {
    const text = datasetCard(card);
    expect(text).toContain('# Critiques: a "run"\n\nCritiques of worked solutions, step by step');
    expect(text).toContain('- RG1: an-actor solved questions from scratch');
    expect(text).not.toContain('- RG3');
    expect(text).toContain('at least 1 of 2 refinements with it (an-actor, temperature 0.7) had the right answer.');
    expect(text).toContain('\n| 3 | RG1 | 2 | 2 | 2 | 2 | 2 | 1 | 50.0 % (9.5 to 90.5) | 0.25 |\n');
    expect(text).toContain('\n| all | all | 2 | 2 | 2 | 2 | 2 | 1 | 50.0 % (9.5 to 90.5) | 0.25 |\n');
    expect(text).toContain('| stage | reason | rows |\n| --- | --- | ---: |\n| filter | below-k | 1 |\n');
    expect(text).toContain('\n- GSM8K: MIT\n');
  });

  it('says that nothing was filtered, and shows nothing removed', () => {
    const text = datasetCard({ ...card, filter: null, statistics: startStatistics({ refinements: 0 }).summary() });
    expect(text).toContain('Critiques were not filtered');
    expect(text).not.toContain('## Removed');
    expect(text).toContain('| all | all | 0 | 0 | 0 | 0 | 0 | 0 | – | – |');
  });

  it('names its size as the hub does', () => {
    const sizeOf = (kept: number) => {
      const total = { ...card.statistics.total, kept };
      return datasetCard({ ...card, statistics: { ...card.statistics, total } }).match(/size_categories:\n- (.*)/)![1];
    };
    expect([999, 1000, 76_321, 1e6].map(sizeOf)).toEqual(['n<1K', '1K<n<10K', '10K<n<100K', '1M<n<10M']);
  });
});
