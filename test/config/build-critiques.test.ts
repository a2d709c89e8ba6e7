import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BuildCritiques } from '../../src/config/build-critiques.ts';
import { formatIssues, parseInput } from '../../src/config/parse.ts';

const INPUT = {
  actor: { model: 'models/actor' },
  questions: { source: 'arithmetic', split: 'train', count: 10 },
  annotator: { source: 'exact' },
};

const issuesOf = (change: object) => {
  const { issues } = parseInput(BuildCritiques, { ...INPUT, ...change });
  return issues ? formatIssues(issues) : null;
};

describe('an input of buildCritiques', () => {
  it('has a default for everything but actor, questions and annotator', () => {
    const { value } = parseInput(BuildCritiques, INPUT);
    expect(value).toMatchObject({
      samples: 4,
      temperature: 1,
      flaws: {
        rg1: { perQuestion: 2 },
        rg2: { perQuestion: 1, temperature: 1, tries: 4 },
        rg3: { perQuestion: 1, temperature: 0.7, tries: 4, writer: { source: 'exact' } },
        prefixSource: 'either',
      },
      rightShare: 0.2,
      critiques: 1,
      checks: { leak: true, verdict: true, location: true },
      filter: { refinements: 10, keep: 3, temperature: 0.7 },
      minYield: 0.2,
      critic: { promptFamily: 'base' },
      push: null,
    });
  });

  it('asks a model by chat, tells it all there is and waits for an hour', () => {
    const annotator = { source: 'model', model: 'gpt-4o' };
    const { value } = parseInput(BuildCritiques, { ...INPUT, annotator });
    expect(value?.annotator).toMatchObject({
      promptFamily: 'chat',
      temperature: 0,
      information: 'mistake',
      patienceMinutes: 60,
    });
  });

  it('may name mistakes of its own where a model writes them', () => {
    const writer = { source: 'model', model: 'gpt-4o' };
    const own = { name: 'off-by-one', description: 'a count is off by one' };
    expect(issuesOf({ flaws: { rg3: { writer, mistakes: [own, { name: 'unit', weight: 2 }] } } })).toBeNull();
    expect(issuesOf({ flaws: { rg3: { writer, mistakes: [{ name: 'off-by-one' }] } } })).toContain(
      'flaws.rg3.mistakes.0.name: got "off-by-one", expected one of calculation, misreading',
    );
    expect(issuesOf({ flaws: { rg3: { mistakes: [own] } } })).toContain('expected one of calculation, operation');
  });

  it.each([
    [{ samples: 2, temperature: 0 }, 'samples: got 2, expected 1 at temperature 0'],
    [{ filter: { temperature: 0 } }, 'filter.refinements: got 10, expected 1 at its temperature 0'],
    [
      { annotator: { source: 'model', model: 'gpt-4o' }, critiques: 3 },
      'critiques: got 3, expected 1 at annotator.temperature 0',
    ],
    [{ mix: { RG1: 0, RG2: 0, RG3: 0 } }, 'expected a share above 0'],
    [{ minYield: 1.5 }, 'minYield: got 1.5, expected at most 1'],
  ])('is refused where it makes no sense: %j', (change, message) => {
    expect(issuesOf(change)).toContain(message);
  });

  it.each(readdirSync('runs').filter((name) => name.startsWith('critiques-')))('is in runs/%s', (name) => {
    expect(parseInput(BuildCritiques, JSON.parse(readFileSync(`runs/${name}`, 'utf8'))).issues).toBeUndefined();
  });
});
