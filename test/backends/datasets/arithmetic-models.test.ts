import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { questions, refinements } from '../../../src/backends/datasets/arithmetic/index.ts';
import { base } from '../../../src/method/prompts/base.ts';

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../../models/${path}`, import.meta.url), 'utf8'));

/** Lengths in characters that the checkpoints' tokenizer has for whole phrases, longest first. */
const phrases = (read('actor/tokenizer.json').added_tokens as { content: string; special: boolean }[])
  .filter((token) => !token.special)
  .map((token) => token.content)
  .sort((a, b) => b.length - a.length);

/** The text without what is a single token. */
const rest = (text: string) => phrases.reduce((left, phrase) => left.replaceAll(phrase, '\u0000'), text);

it('the checkpoints have a token for each fixed part of the prompts as they are now: a changed word would cost them dear', () => {
  const [question] = [...questions({ seed: 1, split: 'test', count: 1 })];
  const [triple] = [...refinements({ seed: 1, split: 'train', count: 1 })];
  const { response, critique } = triple!;
  for (const prompt of [
    base.solve(question!),
    base.critique(question!, 'x'),
    base.refine(question!, response, critique),
  ]) {
    expect(rest(prompt as string)).not.toMatch(/Human|Assistant|please|critic|solution|Explanation|Correctness|Wrong/i);
  }
});

it('actor and critic read the same tokens', () => {
  expect(read('critic/tokenizer.json')).toEqual(read('actor/tokenizer.json'));
});
