import { describe, expect, it } from 'vitest';
import type { IterationFile } from '../../src/activities/iteration-files.ts';
import { readJson } from '../../src/backends/storage/json.ts';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import { isIncorrect } from '../../src/method/gates.ts';
import type { Attempt } from '../../src/method/rows.ts';
import type { RemovedRow } from '../../src/method/select.ts';
import { critiqueRow, type TrainingRow } from '../../src/method/sft.ts';
import { Bench, eventually } from '../support/bench.ts';
import type { FakeOpenAi } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

/** Two iterations, the critic retrained from the actor's folder on one row of D_critique and what it learns. */
function retraining(fake: FakeOpenAi, data: string[]): SelfImproveInput {
  const input = bench.input(fake, { iterations: 2, pool: 60, tested: 20 });
  return { ...input, critic: { ...input.critic!, retrain: { base: bench.actorFolder, data } } };
}

const D_CRITIQUE: TrainingRow = { prompt: 'Is it right?', completion: 'It is.', questionId: 'x' };

async function dCritique(): Promise<string[]> {
  const key = 'runs/critiques/critic-sft.jsonl';
  await bench.workers.store.write(key, [`${JSON.stringify(D_CRITIQUE)}\n`]);
  return [key];
}

const iterationFile = <Name extends keyof IterationFile>(id: string, iteration: number, name: Name) =>
  readJson<IterationFile[Name]>(bench.workers.store, `runs/${id}/iteration-${iteration}/${name}.json`);

const models = (rows: Attempt[]) => [...new Set(rows.map(({ critique }) => critique!.model))];

describe('a critic that is retrained', () => {
  it('learns from what helped, judges the test set at once, and explores in the next iteration', async () => {
    const fake = await bench.fake();
    const handle = await bench.start('retrained', retraining(fake, await dCritique()));
    const result = await handle.result();
    await bench.record('retrained', handle);
    expect(result).toMatchObject({
      status: 'completed',
      critic: { uri: expect.stringContaining('iteration-2/critic') },
    });

    const refined = await bench.stage<Attempt>('retrained', 'iteration-1/refine');
    const helped = refined.filter((row) => isIncorrect(row) && row.refinement!.grade.outcome === 'correct');
    const learnt = await bench.rows<TrainingRow>('runs/retrained/iteration-1/critic-sft.jsonl');
    const byText = (rows: TrainingRow[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(helped.length).toBeGreaterThan(5);
    expect(byText(learnt)).toEqual(
      byText(
        helped.map(({ question, response, critique }) => critiqueRow('base', question, response.text, critique!.text)),
      ),
    );
    expect(result.datasets[0]!.critic).toBeNull();
    expect(result.datasets[1]!.critic).toMatchObject({
      uri: 'runs/retrained/iteration-1/critic-sft.jsonl',
      rows: learnt.length,
    });
    const { criticData } = (await iterationFile('retrained', 1, 'selection'))!;
    expect(criticData).toEqual({ rows: learnt.length, duplicates: 0, contradicting: 0 });

    const jobs = bench.workers.training.submitted.filter(({ output }) => output.includes('/critic-fine-tune'));
    expect(jobs.map(({ base, training }) => [base, training.epochs])).toEqual([1, 2].map(() => [bench.actorFolder, 5]));
    expect(await bench.rows('runs/retrained/iteration-1/critic-training.jsonl')).toEqual([D_CRITIQUE, ...learnt]);
    expect(await iterationFile('retrained', 1, 'critic-training')).toMatchObject({ rows: learnt.length + 1 });

    const critics = async (stage: string) => models(await bench.stage<Attempt>('retrained', stage));
    const trained = (iteration: number) =>
      expect.stringContaining(`iteration-${iteration}/critic-fine-tune/checkpoint`);
    expect(await critics('iteration-0/evaluate/critique')).toEqual(['critic']);
    expect(await critics('iteration-1/critique')).toEqual(['critic']);
    expect(await critics('iteration-1/evaluate/critique')).toEqual([trained(1)]);
    expect(await critics('iteration-2/critique')).toEqual([trained(1)]);
    expect(await critics('iteration-2/evaluate/critique')).toEqual([trained(2)]);
    expect(fake.repeated).toEqual([]);

    const report = await bench.reportText('retrained');
    for (const said of [
      'critic-fine-tune',
      'Rows retrained on',
      'runs/retrained/iteration-2/critic-fine-tune/checkpoint',
    ])
      expect(report).toContain(said);
  });

  it('has its diversity and what was left out beside it', async () => {
    const { counts, diversity, exploration } = (await iterationFile('retrained', 1, 'selection'))!;
    const removed = await bench.rows<RemovedRow>('runs/retrained/iteration-1/removed.jsonl');
    expect(removed).toHaveLength(counts.duplicates + counts.overCap + counts.shortcuts);
    expect(counts.shortcuts).toBeGreaterThan(0);
    const sampled = await bench.stage<Attempt>('retrained', 'iteration-1/sample');
    const solved = (rows: Attempt[], right: (row: Attempt) => boolean) =>
      new Set(rows.filter(right).map(({ question }) => question.id));
    const before = solved(sampled, ({ grade }) => grade.outcome === 'correct');
    const refined = await bench.stage<Attempt>('retrained', 'iteration-1/refine');
    const mended = solved(refined, ({ refinement }) => refinement!.grade.outcome === 'correct');
    const after = new Set([...before, ...mended]);
    expect(diversity).toMatchObject({
      questions: 60,
      solvedBefore: { successes: before.size, n: 60 },
      solvedAfter: { successes: after.size, n: 60 },
    });
    expect(after.size).toBeGreaterThan(before.size);
    expect(diversity!.byLevel.reduce((sum, { rows }) => sum + rows, 0)).toBe(counts.accepted);
    expect(diversity!.byLevel.reduce((sum, { questions }) => sum + questions, 0)).toBe(exploration!.questions);
    expect((await iterationFile('retrained', 0, 'selection'))!).toMatchObject({ diversity: null, criticData: null });
    expect(await bench.reportText('retrained')).toContain('Diversity and tail');
  });

  it('stopped in its training leaves the actor, and the same ID goes on', async () => {
    const fake = await bench.fake();
    const input = { ...retraining(fake, []), iterations: 1 };
    bench.workers.before = (activity, task) => {
      if (activity === 'submitFineTune' && (task as { output: string }).output.endsWith('critic-fine-tune'))
        bench.workers.training.held = true;
    };
    const handle = await bench.start('retrained-stop', input);
    await eventually('the critic\u2019s fine-tune', async () => bench.workers.training.held);
    await handle.signal('stop', { mode: 'now' });
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'stopped', critic: null });
    expect(result.checkpoint!.uri).toBe('runs/retrained-stop/iteration-1/fine-tune/checkpoint');

    bench.workers.before = () => {};
    bench.workers.training.held = false;
    const again = await (await bench.start('retrained-stop', input)).result();
    expect(again).toMatchObject({ status: 'completed', checkpoint: result.checkpoint });
    expect(again.critic!.uri).toBe('runs/retrained-stop/iteration-1/critic-fine-tune/checkpoint');
    expect(fake.repeated).toEqual([]);
  });

  it('refuses rows that are none', async () => {
    const fake = await bench.fake();
    const key = 'runs/critiques/bad.jsonl';
    await bench.workers.store.write(key, ['{"prompt":"x"}\n']);
    const error = await (await bench.start('retrained-bad', retraining(fake, [key]))).result().catch((error) => error);
    expect(error.cause.message).toMatch(/critique: .*bad\.jsonl, line 1: expected \{prompt, completion\}, got/);
  });
});
