import { expect, it } from 'vitest';
import { ShuffledRows } from '../../src/activities/shuffled-rows.ts';
import { readRows } from '../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { startSelection } from '../../src/method/select.ts';
import type { SftRow } from '../../src/method/sft.ts';
import { aQuestion, ONLY_EXPLORED } from '../support/attempts.ts';
import { temporaryFolder } from '../support/folder.ts';

const OPTIONS = { ...ONLY_EXPLORED, original: true };

const QUESTIONS = Array.from({ length: 300 }, (_, i) => aQuestion(`q${i}`, { solution: `${i}\n#### ${i}` }));

/** The ids of a selection's rows, written in so many parts. */
async function written(questions: typeof QUESTIONS, parts: number): Promise<string[]> {
  const store = new FolderStore(await temporaryFolder());
  const selection = startSelection(OPTIONS);
  const rows = await ShuffledRows.open(store, 'run/sft.jsonl', selection, parts * 16_384);
  for (const row of questions.flatMap((question) => selection.reason(question).taken)) await rows.add(row);
  const ref = await rows.write();
  await rows.close();
  expect(await store.list('run/sft.parts')).toEqual([]);
  const ids: string[] = [];
  for await (const { questionId } of readRows<SftRow>(store, ref)) ids.push(questionId);
  return ids;
}

it('rows are shuffled in as many parts as memory asks for, each row once, whatever their order was', async () => {
  const one = await written(QUESTIONS, 1);
  const five = await written(QUESTIONS, 5);
  expect(await written([...QUESTIONS].reverse(), 5)).toEqual(five);
  const ids = QUESTIONS.map(({ id }) => id);
  for (const rows of [one, five]) {
    expect(rows).not.toEqual(ids);
    expect([...rows].sort()).toEqual([...ids].sort());
  }
  expect(five).not.toEqual(one);
});

it('an attempt that lives on takes nothing away from its successor', async () => {
  const store = new FolderStore(await temporaryFolder());
  const open = () => ShuffledRows.open(store, 'run/sft.jsonl', startSelection(OPTIONS), QUESTIONS.length);
  const fill = async (rows: ShuffledRows) => {
    const selection = startSelection(OPTIONS);
    for (const row of QUESTIONS.flatMap((question) => selection.reason(question).taken)) await rows.add(row);
  };
  const first = await open();
  await fill(first);
  const second = await open();
  await fill(second);
  await first.write().catch(() => {});
  await first.close();
  expect((await second.write()).rows).toBe(QUESTIONS.length);
  await second.close();
});
