import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { buildChains, type ChainTask } from '../../src/activities/build-chains.ts';
import { type ArtifactRef, readRows, writeRows } from '../../src/backends/storage/artifacts.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { formatCritique } from '../../src/method/critique.ts';
import type { Attempt } from '../../src/method/rows.ts';
import type { TalkRow } from '../../src/method/self-talk/verify.ts';
import { aGeneration, anAttempt } from '../support/attempts.ts';
import { temporaryFolder } from '../support/folder.ts';
import fc from '../support/properties.ts';

const QUIET = new DefaultLogger('ERROR', () => {});

/** A solution of two steps, of which the critic calls the second wrong or not. */
const judgedAs = (row: Attempt, wrong: boolean): Attempt => {
  const [first = '', second = ''] = row.response.text.split('\n');
  const critique = formatCritique(
    {
      steps: [
        { sentence: first, label: 'correct', explanation: '' },
        { sentence: second, label: wrong ? 'wrong' : 'correct', explanation: '' },
      ],
      verdict: wrong ? 'wrong' : 'correct',
      verdictExplanation: '',
    },
    'label-first',
  );
  return {
    ...row,
    critique: {
      ...aGeneration(critique),
      model: 'critic',
      verdict: wrong ? 'wrong' : 'correct',
      firstWrongStep: wrong ? 2 : null,
      index: 0,
    },
  };
};

/** What becomes of one solution: how often it is wrong, and whether the run ends before its last text or its last critique. */
interface Fate {
  wrong: number;
  lost: 'nothing' | 'critique' | 'rewrite';
}

const BUDGET = 3;
const textOf = (id: number, version: number) => `a${id}\nb${id} of version ${version}`;

/** Rows of every stage, as the stages would have written them, cut into shards of three. */
async function written(store: FolderStore, fates: Fate[]): Promise<ChainTask> {
  const stages = Array.from({ length: BUDGET + 1 }, () => ({ written: [] as Attempt[], judged: [] as Attempt[] }));
  for (const [id, { wrong, lost }] of fates.entries()) {
    const row = anAttempt({ id: `q${id}`, text: textOf(id, 0), outcome: 'wrong' });
    stages[0]!.written.push(row);
    let newest = row;
    for (let version = 0; version <= Math.min(wrong, BUDGET); version++) {
      const isLast = version === Math.min(wrong, BUDGET);
      if (isLast && lost === 'critique') break;
      const judged = judgedAs(newest, version < wrong);
      stages[version]!.judged.push(judged);
      if (isLast || (lost === 'rewrite' && version === Math.min(wrong, BUDGET) - 1)) break;
      const refinement = { ...aGeneration(textOf(id, version + 1)), grade: row.grade, index: 0 };
      stages[version + 1]!.written.push({ ...judged, refinement });
      newest = { ...row, response: refinement };
    }
  }
  const shards = async (name: string, rows: Attempt[]): Promise<ArtifactRef[]> => {
    const refs: ArtifactRef[] = [];
    for (let from = 0; from < rows.length; from += 3)
      refs.push(await writeRows(store, `${name}-${from}.jsonl`, rows.slice(from, from + 3)));
    return refs;
  };
  const versions = await Promise.all(
    stages.map(async ({ written, judged }, version) => ({
      written: await shards(`written-${version}`, written),
      judged: await shards(`judged-${version}`, judged),
    })),
  );
  return { run: 'run', budget: BUDGET, versions };
}

function expected({ wrong, lost }: Fate): { rewrites: number; end: string } {
  const most = Math.min(wrong, BUDGET);
  const rewrites = lost === 'rewrite' ? Math.max(0, most - 1) : most;
  if (lost === 'critique' || (lost === 'rewrite' && most > 0)) return { rewrites, end: 'stopped' };
  return { rewrites, end: wrong > BUDGET ? 'budget' : 'error-free' };
}

describe('chains are joined from the rows of all stages', () => {
  it('whatever became of each solution, in the order of the first', async () => {
    const fate = fc.record({
      wrong: fc.nat(BUDGET + 1),
      lost: fc.constantFrom<Fate['lost']>('nothing', 'nothing', 'critique', 'rewrite'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 20 }), async (fates) => {
        const store = new FolderStore(await temporaryFolder());
        const task = await written(store, fates);
        const environment = new MockActivityEnvironment({}, { logger: QUIET });
        const ref = (await environment.run(buildChains, { store }, task)) as ArtifactRef;
        const rows: TalkRow[] = [];
        for await (const row of readRows<TalkRow>(store, ref)) rows.push(row);
        expect(rows.map(({ question }) => question.id)).toEqual(fates.map((_, id) => `q${id}`));
        expect(rows.map(({ chain: { rewrites, end } }) => ({ rewrites, end }))).toEqual(fates.map(expected));
      }),
      { numRuns: 25 },
    );
  });
});
