import { expect, it } from 'vitest';
import { Grouped } from '../../src/activities/grouped.ts';

async function* rows(...keys: string[]) {
  for (const [i, key] of keys.entries()) yield { key, i };
}

const grouped = (...keys: string[]) => new Grouped(rows(...keys), ({ key }) => key);
const places = async (of: Grouped<{ key: string; i: number }>, key: string) => (await of.take(key)).map(({ i }) => i);

it('gives the rows of each key, in the order of the rows', async () => {
  const of = grouped('a', 'a', 'b', 'c', 'c');
  expect(await places(of, 'a')).toEqual([0, 1]);
  expect(await places(of, 'b')).toEqual([2]);
  expect(await places(of, 'c')).toEqual([3, 4]);
  expect(await places(of, 'd')).toEqual([]);
});

it('finds what stands elsewhere, each once', async () => {
  const of = grouped('b', 'a', 'a', 'c');
  expect(await places(of, 'a')).toEqual([1, 2]);
  expect(await places(of, 'missing')).toEqual([]);
  expect(await places(of, 'c')).toEqual([3]);
  expect(await places(of, 'b')).toEqual([0]);
  expect(await places(of, 'b')).toEqual([]);
});
