import { describe, expect, it } from 'vitest';
import { alignSteps } from '../../src/method/align-steps.ts';
import fc from '../support/properties.ts';

const align = (response: string, ...sentences: string[]) => {
  const { marked, astray } = alignSteps(
    response,
    sentences.map((sentence) => ({ sentence })),
  );
  return {
    marked: marked.map(({ text, step }) => [text, step?.sentence]),
    astray: astray.map(({ sentence }) => sentence),
  };
};

describe('alignSteps', () => {
  it('sees through calculator notes, white space and blank lines', () => {
    expect(align('A is 3 * 4 = <<3*4=12>>12.\n\n  So 12.', 'A is  3 * 4 = 12.', 'So 12.')).toEqual({
      marked: [
        ['A is 3 * 4 = <<3*4=12>>12.', 'A is  3 * 4 = 12.'],
        ['So 12.', 'So 12.'],
      ],
      astray: [],
    });
  });

  it('keeps lines that no step repeats, and steps that repeat no line', () => {
    expect(align('one\ntwo\nthree', 'two', 'four')).toEqual({
      marked: [
        ['one', undefined],
        ['two', 'two'],
        ['three', undefined],
      ],
      astray: ['four'],
    });
  });

  it('takes several lines for one step', () => {
    expect(align('We get\n\\[ x = 2 \\]\nso 2', 'We get \\[ x = 2 \\]', 'so 2').marked).toEqual([
      ['We get\n\\[ x = 2 \\]', 'We get \\[ x = 2 \\]'],
      ['so 2', 'so 2'],
    ]);
  });

  it('takes one sentence of a line, however the critic wrote its signs', () => {
    expect(align('Let n be even. $n = 2k$, so\n4 divides it.', 'Let n be even', 'n = 2k.').marked).toEqual([
      ['Let n be even.', 'Let n be even'],
      ['$n = 2k$,', 'n = 2k.'],
      ['so', undefined],
      ['4 divides it.', undefined],
    ]);
  });

  it('does not go back', () => {
    expect(align('one\ntwo', 'two', 'one')).toEqual({
      marked: [
        ['one', undefined],
        ['two', 'two'],
      ],
      astray: ['one'],
    });
  });

  it('lays the same sentence on its next occurrence, and a step without one on the next line', () => {
    expect(align('go\ngo\nstop', 'go', '', 'stop').marked).toEqual([
      ['go', 'go'],
      ['go', ''],
      ['stop', 'stop'],
    ]);
    expect(align('go', 'go', '')).toEqual({ marked: [['go', 'go']], astray: [''] });
  });

  it('loses no text and no step, whatever they are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '$', '.', ' ', '\n', '<<', '>>', '😀'), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 5 }), (response, sentences) => {
        const { marked, astray } = align(response, ...sentences);
        expect(
          marked
            .map(([piece]) => piece)
            .join('')
            .replace(/\s/g, ''),
        ).toBe(response.replace(/\s/g, ''));
        const placed = marked.flatMap(([, sentence]) => (sentence === undefined ? [] : [sentence]));
        expect([...placed, ...astray].sort()).toEqual([...sentences].sort());
      }),
    );
  });
});
