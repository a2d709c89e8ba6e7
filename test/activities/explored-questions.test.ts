import { expect, it } from 'vitest';
import { exploredQuestions } from '../../src/activities/explored-questions.ts';
import { writeRows } from '../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import type { Attempt } from '../../src/method/rows.ts';
import { anAttempt } from '../support/attempts.ts';
import { temporaryFolder } from '../support/folder.ts';

const wrong = (id: string, sample: number) => anAttempt({ id, sample, outcome: 'wrong', verdict: 'wrong' });

/** The number of rows of each question, by stage. */
async function joined(stages: { sampled: Attempt[][]; critiqued: Attempt[][]; refined: Attempt[][] }) {
  const store = new FolderStore(await temporaryFolder());
  const shards = (name: string, rows: Attempt[][]) =>
    Promise.all(rows.map((shard, i) => writeRows(store, `${name}-${i}.jsonl`, shard)));
  const exploration = {
    sampled: await shards('sample', stages.sampled),
    critiqued: await shards('critique', stages.critiqued),
    refined: await shards('refine', stages.refined),
  };
  const found: [string, number, number, number][] = [];
  for await (const { responses, critiques, refinements } of exploredQuestions(store, exploration))
    found.push([responses[0]!.question.id, responses.length, critiques.length, refinements.length]);
  return found;
}

it('each question comes with its rows of every stage, also where a later stage lacks a shard or was cut short', async () => {
  const sampled = [['a', 'b'], ['c', 'd'], ['e']].map((ids) => ids.flatMap((id) => [wrong(id, 0), wrong(id, 1)]));
  const critiqued = [[wrong('b', 0), wrong('b', 1)], [wrong('d', 1)], [wrong('e', 0)]];
  const refined = [[wrong('b', 1)], [wrong('e', 0), wrong('e', 0)]];
  expect(await joined({ sampled, critiqued, refined })).toEqual([
    ['a', 2, 0, 0],
    ['b', 2, 2, 1],
    ['c', 2, 0, 0],
    ['d', 2, 1, 0],
    ['e', 2, 1, 2],
  ]);
  expect(await joined({ sampled: [[wrong('a', 0)]], critiqued: [], refined: [] })).toEqual([['a', 1, 0, 0]]);
});

it('no row of a stage in another order is passed over', async () => {
  const sampled = [[wrong('a', 0), wrong('b', 0)]];
  await expect(joined({ sampled, critiqued: [[wrong('b', 0), wrong('a', 0)]], refined: [] })).rejects.toThrow(
    'the row a follows none',
  );
});
