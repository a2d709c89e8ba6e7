import { describe, expect, test } from 'vitest';
import { draw } from '../../../src/backends/datasets/draw.ts';
import type { Question } from '../../../src/method/rows.ts';

const ALL: Question[] = Array.from({ length: 2000 }, (_, i) => ({
  id: `row-${i}`,
  question: '',
  reference: '',
  answerFormat: 'plain',
}));

async function drawn(count?: number, seed?: number, from = ALL): Promise<string[]> {
  const ids: string[] = [];
  async function* read() {
    yield* from;
  }
  for await (const { id } of draw(read, count, seed)) ids.push(id);
  return ids;
}

const position = (id: string) => Number(id.slice(4));

describe('a sample', () => {
  test('without a seed is the first so many', async () => {
    expect(await drawn()).toHaveLength(2000);
    expect(await drawn(3)).toEqual(['row-0', 'row-1', 'row-2']);
    expect(await drawn(5000)).toHaveLength(2000);
  });

  test('with a seed is so many, each once, in the order of the file, always the same', async () => {
    const ids = await drawn(300, 1);
    expect(new Set(ids).size).toBe(300);
    expect(ids.map(position)).toEqual(ids.map(position).sort((a, b) => a - b));
    expect(await drawn(300, 1)).toEqual(ids);
    expect(await drawn(5000, 1)).toHaveLength(2000);
  });

  test('has the same questions whatever their order, and is part of a larger one', async () => {
    const ids = await drawn(300, 1);
    expect((await drawn(300, 1, ALL.toReversed())).toReversed()).toEqual(ids);
    expect(await drawn(301, 1)).toEqual(expect.arrayContaining(ids));
  });

  test('is random: every part of the file, and seeds that have no more in common than chance', async () => {
    const samples = await Promise.all(Array.from({ length: 200 }, (_, seed) => drawn(200, seed)));
    const hits = new Map<number, number>();
    for (const id of samples.flat()) hits.set(position(id), (hits.get(position(id)) ?? 0) + 1);
    // 40,000 draws over 2,000 questions: each is Binomial(200, 1/10), the sum of squares over its variance is chi-squared.
    const chi = ALL.reduce((sum, _, i) => sum + ((hits.get(i) ?? 0) - 20) ** 2 / 18, 0);
    expect(Math.abs(chi - 2000)).toBeLessThan(5 * Math.sqrt(2 * 2000));
    const common = samples.slice(1).map((ids, i) => ids.filter((id) => samples[i]!.includes(id)).length);
    const mean = common.reduce((a, b) => a + b) / common.length;
    expect(Math.abs(mean - 20)).toBeLessThan(2);
  });
});
