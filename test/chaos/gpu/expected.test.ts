import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Attempt } from '../../../src/method/rows.ts';
import { anAttempt, aQuestion } from '../../support/attempts.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { compare, readTraces } from '../../support/traces.ts';
import { expectedKeys } from './expected.ts';

const CONFIG = {
  ...{ iterations: 1, samples: 2, critiques: 1, refinementsPerCritique: 2 },
  evaluation: { withCritic: true, gate: 'verdict' as const },
};

/** The least that a run of one iteration leaves. */
async function aRunFolder() {
  const folder = await temporaryFolder();
  const write = async (name: string, rows: object[]) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  };
  const wrong = { id: 'a', sample: 1, outcome: 'wrong' } as const;
  const tested = [
    anAttempt({ id: 't', outcome: 'correct', verdict: 'wrong' }),
    anAttempt({ id: 'u', outcome: 'wrong', verdict: 'correct' }),
  ];
  const samples = [anAttempt({ id: 'a', outcome: 'correct' }), anAttempt(wrong)];
  await write('datasets/questions.jsonl', [aQuestion('a')]);
  await write('datasets/test.jsonl', [aQuestion('t'), aQuestion('u')]);
  await write('iteration-1/sample/shard-000.jsonl', samples);
  await write('iteration-1/critique/shard-000.jsonl', [anAttempt({ ...wrong, verdict: 'wrong' })]);
  await write(
    'iteration-1/refine/shard-000.jsonl',
    [0, 1].map((refinement) => anAttempt({ ...wrong, verdict: 'wrong', refined: 'correct', refinement })),
  );
  for (const iteration of [0, 1]) {
    const stage = (name: string, rows: Attempt[]) =>
      write(`iteration-${iteration}/evaluate/${name}/shard-000.jsonl`, rows);
    await stage(
      'sample',
      tested.map(({ critique: _, ...row }) => row),
    );
    await stage('critique', tested);
    await stage('refine', [anAttempt({ id: 't', outcome: 'correct', verdict: 'wrong', refined: 'correct' })]);
  }
  return { folder, write, samples };
}

async function judged(folder: string) {
  const expected = [...expectedKeys(folder, CONFIG)];
  const { rows, duplicated } = await readTraces(folder);
  const { lost, added } = compare(new Map(expected.map((key) => [key, ''])), rows);
  return { total: rows.size, lost, added, duplicated };
}

test('a whole run has the rows that its questions, its oracle and its gate ask for', async () => {
  const { folder } = await aRunFolder();
  expect(await judged(folder)).toEqual({ total: 15, lost: 0, added: 0, duplicated: 0 });
});

test('what is missing, twice, or more than was asked for is found', async () => {
  const { folder, write, samples } = await aRunFolder();
  const [right, wrong] = samples as [Attempt, Attempt];
  await write('iteration-1/sample/shard-000.jsonl', [right, wrong, wrong]);
  await write('iteration-1/critique/shard-000.jsonl', [anAttempt({ id: 'a', outcome: 'correct', verdict: 'correct' })]);
  // The critique of the wrong one is lost, that of the right one nobody asked for; what was critiqued decides what is refined.
  expect(await judged(folder)).toEqual({ total: 15, lost: 1, added: 3, duplicated: 1 });
});
