import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { StudyData } from '../../src/report/study/data.ts';
import type { StudyProgress } from '../../src/workflows/contract.ts';
import type { StudyResult } from '../../src/workflows/study.ts';
import { Bench, eventually } from '../support/bench.ts';
import type { FakeOpenAi } from '../support/fake-openai.ts';
import { allQuestions } from '../support/run-input.ts';
import { aStudy, type StudyShape } from '../support/study-input.ts';
import { temporalAddress } from '../support/temporal.ts';

/** Studies with all that they consist of; only the models and the trainer are none. */
const bench = Bench.use(() => temporalAddress);

const engine = () => bench.fake({ questions: allQuestions(), models: [bench.actorFolder] });

const input = (fake: FakeOpenAi, shape: Partial<StudyShape> = {}) =>
  aStudy({ actorFolder: bench.actorFolder, url: fake.url, ...shape });

async function reportOf({ run }: StudyResult): Promise<StudyData> {
  return JSON.parse(await readFile(bench.workers.store.path(`runs/${run}/report.json`), 'utf8'));
}

const REFINEMENTS = 4;

const statusOf = ({ steps }: StudyResult, step: string) => steps.find((taken) => taken.step === step)?.status;

describe('a whole study', () => {
  it('ends in a report of every finding, and is not asked anything again', { timeout: 900_000 }, async () => {
    const fake = await engine();
    const whole = input(fake, { iterations: 2, evaluation: { samples: 6 } });
    const result = await (await bench.startStudy('whole-study', whole)).result();
    expect(result).toMatchObject({ status: 'completed', warnings: [] });
    expect(new Set(result.steps.map(({ status }) => status))).toEqual(new Set(['done']));
    const report = await reportOf(result);
    expect(report.steps.map(({ step }) => step)).toEqual(result.steps.map(({ step }) => step));
    expect(Object.keys(report.evidence.evaluations).sort()).toEqual(
      ['loop', 'self-correction', 'self-talk', 'sft', 'sft-base-critic', 'vanilla'].sort(),
    );
    expect(report.findings.filter(({ holds }) => holds === 'not measured').map(({ id }) => id)).toEqual([]);
    const page = await bench.reportText('whole-study');
    for (const { workflowId } of result.steps) expect(page).toContain(workflowId);
    for (const { report: link } of report.steps) if (link) expect(page).toContain(link);

    const asked = fake.requests.length;
    const again = await (await bench.startStudy('same-study', whole)).result();
    expect(new Set(again.steps.map(({ status }) => status))).toEqual(new Set(['reused']));
    expect((await reportOf(again)).findings).toEqual(report.findings);
    expect(fake.requests).toHaveLength(asked);

    const more = { ...whole, evaluation: { ...whole.evaluation, samples: 3 } };
    const third = await (await bench.startStudy('larger-study', more)).result();
    expect(statusOf(third, 'loop')).toBe('reused');
    expect(statusOf(third, 'evaluate-sft-base-critic')).toBe('reused');
    expect(statusOf(third, 'evaluate-loop')).toBe('done');
  });

  it('goes on from the rows of the child in which it was stopped', async () => {
    const fake = await engine();
    const shape = { seed: 8, pool: 30, selfTalk: null, selfCorrection: false };
    const hold = fake.hold(({ kind, question }) => kind === 'refine' && question.id.endsWith('-29'));
    const handle = await bench.startStudy('stopped-study', input(fake, shape));
    await hold.reached();
    const { child } = await handle.query<StudyProgress>('progress');
    const segments = bench.workers.store.path(`runs/${child}/refine/shard-000.segments`);
    await eventually('rows that are kept', async () => existsSync(segments));
    await handle.signal('stop', { mode: 'now', reason: 'enough' });
    const stopped = await handle.result();
    const kept = await bench.stage(child, 'refine', 'part');
    expect(kept.length).toBeGreaterThan(0);
    hold.release();
    expect(stopped).toMatchObject({ status: 'stopped', reason: 'enough' });
    expect((await reportOf(stopped)).status).toBe('stopped');

    const asked = fake.requests.length;
    const result = await (await bench.startStudy('stopped-study', input(fake, shape))).result();
    expect(result.status).toBe('completed');
    expect(statusOf(result, 'reason')).toBe('reused');
    const since = fake.requests.slice(asked);
    const rest = since.slice(
      0,
      since.findIndex(({ question }) => question.id.startsWith('arithmetic-test')),
    );
    const whole = await bench.stage(child, 'refine');
    expect(REFINEMENTS * rest.length).toBe(whole.length - kept.length);
  });
});
