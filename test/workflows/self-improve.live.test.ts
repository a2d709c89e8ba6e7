import { existsSync } from 'node:fs';
import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { Oracle } from '../../src/config/oracle.ts';
import { gradeResponse } from '../../src/method/answers/grade.ts';
import { isIncorrect } from '../../src/method/gates.ts';
import { type Attempt, rowKey } from '../../src/method/rows.ts';
import type { SftKind, SftRow } from '../../src/method/sft.ts';
import type { SelfImproveResult } from '../../src/workflows/self-improve.ts';
import { Bench, eventually, type RunHandle } from '../support/bench.ts';
import type { FakeRequest } from '../support/fake-openai.ts';
import type { RunShape } from '../support/run-input.ts';
import { temporalAddress } from '../support/temporal.ts';
import { logged } from '../support/workers.ts';

const bench = Bench.use(() => temporalAddress);

/** One whole run with an engine of its own. */
async function wholeRun(id: string, shape: Partial<RunShape> = {}) {
  const fake = await bench.fake();
  const handle = await bench.start(id, bench.input(fake, shape));
  const result = await handle.result();
  return { fake, handle, result };
}

const sft = async (result: SelfImproveResult, iteration: number) =>
  await bench.rows<SftRow>(result.datasets.find((it) => it.iteration === iteration)!.uri);

function kinds(rows: SftRow[]): Partial<Record<SftKind, number>> {
  const count: Partial<Record<SftKind, number>> = {};
  for (const { kind } of rows) count[kind] = (count[kind] ?? 0) + 1;
  return count;
}

const texts = (rows: SftRow[]) => rows.map(({ prompt, completion }) => JSON.stringify([prompt, completion]));

/** What the UI shows beside activities and children. */
async function summaries(handle: RunHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return events!.flatMap(({ userMetadata }) =>
    userMetadata?.summary ? [defaultPayloadConverter.fromPayload<string>(userMetadata.summary)] : [],
  );
}

/** An answer and nothing else. */
const isBare = (text: string) => /^The answer is \d+\.$/.test(text);

const exploring = ({ question }: FakeRequest) => question.id.startsWith('arithmetic-train');

describe('a run with a critic', () => {
  it('accounts for every row from question to training text, and for every request', async () => {
    const { fake, handle, result } = await wholeRun('critic', {
      pool: 120,
      critiques: 2,
      refinementsPerCritique: 2,
      critic: { temperature: 0.5 },
    });
    await bench.record('critic', handle);
    expect(result).toMatchObject({ run: 'critic', status: 'completed', warnings: [] });
    expect(result.iterations.map(({ iteration }) => iteration)).toEqual([0, 1]);

    const sampled = await bench.stage<Attempt>('critic', 'iteration-1/sample');
    expect(sampled).toHaveLength(240);
    expect(new Set(sampled.map(rowKey)).size).toBe(240);
    for (const row of sampled) expect(row.grade).toEqual(gradeResponse(row.response, row.question));
    const incorrect = sampled.filter(isIncorrect);
    const critiqued = await bench.stage<Attempt>('critic', 'iteration-1/critique');
    expect(critiqued.map(rowKey).sort()).toEqual(
      incorrect.flatMap((row) => [0, 1].map((i) => `${rowKey(row)}/${i}`)).sort(),
    );
    const refined = await bench.stage<Attempt>('critic', 'iteration-1/refine');
    expect(refined.map(rowKey).sort()).toEqual(
      critiqued.flatMap((row) => [0, 1].map((i) => `${rowKey(row)}/${i}`)).sort(),
    );

    const rows = await sft(result, 1);
    const count = kinds(rows);
    expect(rows).toHaveLength(result.datasets[1]!.rows);
    expect(new Set(texts(rows)).size).toBe(rows.length);
    expect(count).toMatchObject({ reason: 20, refine: 10, correct: expect.any(Number), refined: expect.any(Number) });
    const right = new Set(
      sampled
        .filter((row) => row.grade.outcome === 'correct')
        .map(({ question, response }) => `${question.id} ${response.text}`),
    );
    const mended = new Set(
      refined
        .filter((row) => row.refinement!.grade.outcome === 'correct')
        .map(({ question, refinement }) => `${question.id} ${refinement!.text}`),
    );
    for (const { kind, questionId, completion } of rows) {
      if (kind === 'correct') expect(right).toContain(`${questionId} ${completion}`);
      if (kind === 'refined') expect(mended).toContain(`${questionId} ${completion}`);
    }

    const wrongTests = (await bench.stage<Attempt>('critic', 'iteration-1/evaluate/sample')).filter(isIncorrect).length;
    expect(result.iterations[1]!.accuracy).toMatchObject({ successes: 40 - wrongTests, n: 40 });
    expect(result.gain).toEqual(result.iterations[1]!.gain);
    expect(fake.repeated).toEqual([]);
    expect(fake.requests.filter(exploring)).toHaveLength(120 + incorrect.length + critiqued.length);
  });

  it('shows itself: report, table, summaries, children and search attributes', async () => {
    const handle = bench.client.workflow.getHandle('critic') as RunHandle;
    const result = await handle.result();
    expect(existsSync(result.report)).toBe(true);
    expect(await bench.reportText('critic')).toContain('critic');
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain((100 * result.iterations[1]!.accuracy.value!).toFixed(1));
    expect(currentDetails).toContain(result.report);

    expect(await summaries(handle)).toEqual(
      expect.arrayContaining(['validate the input', 'load the datasets', 'report after iteration 1', 'iteration 1']),
    );
    const child = bench.client.workflow.getHandle('critic/iteration-1') as unknown as RunHandle;
    expect(await summaries(child)).toEqual(
      expect.arrayContaining([
        'iteration 1, sample, shard 1 of 2',
        'iteration 1, critique, shard 2 of 2',
        'iteration 1, refine, shard 2 of 2',
        'iteration 1, select',
        'iteration 1, fine-tune',
        'iteration 1, evaluate/sample, shard 1 of 1',
        'iteration 1, evaluate, score',
      ]),
    );

    const model = bench.actorFolder;
    const query = `CritiqueLoopModel = '${model}' AND CritiqueLoopDataset = 'arithmetic' AND CritiqueLoopIteration = 1 AND CritiqueLoopAccuracy > 0`;
    const found = await eventually('a run in the list', async () => {
      const ids: string[] = [];
      for await (const { workflowId } of bench.client.workflow.list({ query })) ids.push(workflowId);
      return ids.includes('critic') && ids;
    });
    expect(found).toContain('critic');
    const children = await eventually('children in the list', async () => {
      const ids: string[] = [];
      for await (const { workflowId, type, status } of bench.client.workflow.list({
        query: `ParentWorkflowId = 'critic'`,
      }))
        ids.push(`${type} ${workflowId} ${status.name}`);
      return ids.length === 2 && ids;
    });
    expect(children.sort()).toEqual(['iterate critic/iteration-0 COMPLETED', 'iterate critic/iteration-1 COMPLETED']);
  });

  it('has no failed workflow task', async () => {
    for (const id of ['critic', 'critic/iteration-0', 'critic/iteration-1']) {
      const { events } = await bench.client.workflow.getHandle(id).fetchHistory();
      expect(events!.filter(({ workflowTaskFailedEventAttributes: failed }) => failed)).toEqual([]);
    }
    expect(logged.filter(({ level }) => level === 'ERROR')).toEqual([]);
  });
});

describe('a run without critic', () => {
  it('asks for responses only', async () => {
    const { fake, handle, result } = await wholeRun('vanilla', { critic: null });
    await bench.record('vanilla', handle);
    expect(result.status).toBe('completed');
    expect(result.iterations[1]).toMatchObject({ withCritic: null });
    expect(new Set(fake.requests.map(({ kind }) => kind))).toEqual(new Set(['solve']));
    expect(fake.requests).toHaveLength(60 + 2 * 40);
    expect(kinds(await sft(result, 1))).not.toHaveProperty('refined');
  });
});

describe('each switch reaches what it switches', () => {
  it('original and refine: D_reason and D_refine leave the later iterations, never iteration 0', async () => {
    const { result } = await wholeRun('switch-original', { data: { original: false, refine: false } });
    expect(kinds(await sft(result, 0))).toEqual({ reason: 20, refine: 10 });
    expect(Object.keys(kinds(await sft(result, 1))).sort()).toEqual(['correct', 'refined']);
  });

  it('previous: what iteration 1 found is trained on in iteration 2', async () => {
    const shape = { iterations: 2, critic: null, pool: 30 };
    const [without, with_] = await Promise.all([
      wholeRun('switch-no-previous', shape),
      wholeRun('switch-previous', { ...shape, data: { previous: true } }),
    ]);
    const found = texts((await sft(with_.result, 1)).filter(({ kind }) => kind === 'correct'));
    expect(found.length).toBeGreaterThan(5);
    expect(texts(await sft(with_.result, 2))).toEqual(expect.arrayContaining(found));
    expect(texts(await sft(without.result, 2))).not.toEqual(expect.arrayContaining(found));
  });

  it('every iteration is trained from the base, and explored by the actor of the one before', async () => {
    const handle = bench.client.workflow.getHandle('switch-previous') as RunHandle;
    const { checkpoint } = await handle.result();
    const jobs = bench.workers.training.submitted.filter(({ output }) => output.includes('/switch-previous/'));
    expect(jobs.map(({ base }) => base)).toEqual([0, 1, 2].map(() => bench.actorFolder));
    expect(checkpoint!.uri).toBe('runs/switch-previous/iteration-2/fine-tune/checkpoint');
    for (const iteration of [1, 2]) {
      const explorers = new Set(
        (await bench.stage<Attempt>('switch-previous', `iteration-${iteration}/sample`)).map(
          ({ response }) => response.model,
        ),
      );
      const evaluated = new Set(
        (await bench.stage<Attempt>('switch-previous', `iteration-${iteration}/evaluate/sample`)).map(
          ({ response }) => response.model,
        ),
      );
      expect([...explorers]).toEqual([expect.stringContaining(`/iteration-${iteration - 1}/fine-tune/checkpoint`)]);
      expect([...evaluated]).toEqual([expect.stringContaining(`/iteration-${iteration}/fine-tune/checkpoint`)]);
    }
  });

  it('selfImproveFeedback: each accepted refinement also with its critique', async () => {
    const { result } = await wholeRun('switch-feedback', { data: { selfImproveFeedback: true } });
    const { refined, feedback } = kinds(await sft(result, 1));
    expect(refined).toBeGreaterThan(5);
    expect(feedback).toBe(refined);
  });

  it('beta: no copy of D_refine, or two', async () => {
    const [none, two] = await Promise.all(
      [0, 2].map((beta) => wholeRun(`switch-beta-${beta}`, { data: { beta }, critic: null, pool: 20, tested: 5 })),
    );
    expect(kinds(await sft(none!.result, 1))).not.toHaveProperty('refine');
    expect(kinds(await sft(two!.result, 1))).toMatchObject({ refine: 20 });
  });

  it('keptPerCritique and refinementsPerCritique: how many refinements of one critique are kept', async () => {
    const shape = { refinementsPerCritique: 3, pool: 40, tested: 5 };
    const [one, three] = await Promise.all(
      [1, 3].map((keptPerCritique) => wholeRun(`switch-kept-${keptPerCritique}`, { ...shape, keptPerCritique })),
    );
    const incorrect = (await bench.stage<Attempt>('switch-kept-1', 'iteration-1/sample')).filter(isIncorrect).length;
    expect(await bench.stage('switch-kept-1', 'iteration-1/refine')).toHaveLength(3 * incorrect);
    const [kept, more] = await Promise.all(
      [one!, three!].map(async ({ result }) => kinds(await sft(result, 1)).refined!),
    );
    expect(kept).toBeLessThanOrEqual(incorrect);
    expect(more).toBeGreaterThan(kept!);
  });

  it('shortcutBarrier: it keeps answers without working out, unless the response had none either', async () => {
    const [on, off] = await Promise.all(
      [true, false].map((barrier) => wholeRun(`switch-barrier-${barrier}`, { shortcutBarrier: barrier, tested: 5 })),
    );
    const refined = await bench.stage<Attempt>('switch-barrier-true', 'iteration-1/refine');
    const stopped = refined.filter(({ response, refinement }) => isBare(refinement!.text) && /\d/.test(response.text));
    const bare = (rows: SftRow[]) =>
      rows
        .filter(({ kind, completion }) => kind === 'refined' && isBare(completion as string))
        .map(({ questionId }) => questionId);
    const worked = new Set(stopped.map(({ question }) => question.id));
    const through = new Set(
      refined.filter(({ response }) => !/\d/.test(response.text)).map(({ question }) => question.id),
    );
    expect(worked.size).toBeGreaterThan(0);
    expect(bare(await sft(off!.result, 1))).toEqual(expect.arrayContaining([...worked]));
    for (const id of bare(await sft(on!.result, 1))) expect(through).toContain(id);
  });

  it('samples, temperature and maxPerQuestion; evaluation is greedy', async () => {
    const { fake, result } = await wholeRun('switch-samples', {
      samples: 4,
      actor: { temperature: 1.3 },
      critic: null,
      data: { maxPerQuestion: 1 },
      pool: 30,
      tested: 10,
    });
    const [explored, evaluated] = [true, false].map((train) =>
      fake.requests.filter((request) => exploring(request) === train),
    );
    expect(new Set(explored!.map(({ n, temperature }) => `${n} at ${temperature}`))).toEqual(new Set(['4 at 1.3']));
    expect(new Set(evaluated!.map(({ n, temperature }) => `${n} at ${temperature}`))).toEqual(new Set(['1 at 0']));
    const found = (await sft(result, 1)).filter(({ kind }) => kind === 'correct').map(({ questionId }) => questionId);
    expect(found.length).toBeGreaterThan(10);
    expect(new Set(found).size).toBe(found.length);
  });

  it('promptFamily chat: messages are asked and trained on', async () => {
    const { fake, result } = await wholeRun('switch-chat', {
      actor: { promptFamily: 'chat' },
      critic: { promptFamily: 'chat' },
      pool: 20,
      tested: 10,
    });
    expect(fake.requests.every(({ chat }) => chat)).toBe(true);
    for (const { prompt, completion } of await sft(result, 1)) {
      expect((prompt as { role: string }[]).at(-1)!.role).toBe('user');
      expect(completion).toEqual([{ role: 'assistant', content: expect.any(String) }]);
    }
  });

  it('evaluation.gate and withCritic: which test responses are critiqued', async () => {
    const shape = { pool: 20, tested: 30, iterations: 0 };
    const runs = await Promise.all([
      wholeRun('switch-gate-always', { ...shape, evaluation: { gate: 'always' } }),
      wholeRun('switch-gate-oracle', { ...shape, evaluation: { gate: 'oracle' } }),
      wholeRun('switch-gate-none', { ...shape, evaluation: { withCritic: false } }),
    ]);
    const wrong = (await bench.stage<Attempt>('switch-gate-oracle', 'iteration-0/evaluate/sample')).filter(
      isIncorrect,
    ).length;
    const asked = runs.map(({ fake }) => fake.requests.filter(({ kind }) => kind === 'critique').length);
    expect(asked).toEqual([30, wrong, 0]);
    expect(runs.map(({ result }) => result.iterations[0]!.withCritic !== null)).toEqual([true, true, false]);
  });

  it('oracle: all that grade are told how', async () => {
    const told = new Map<string, unknown>();
    bench.workers.before = (activity, task) => {
      if (activity.endsWith('Responses')) told.set(activity, (task as { oracle: unknown }).oracle);
    };
    await wholeRun('switch-oracle', { pool: 20, tested: 5, oracle: { policies: { units: 'strict' } } });
    const oracle = Oracle.parse({ policies: { units: 'strict' } });
    expect(Object.fromEntries(told)).toEqual({ sampleResponses: oracle, refineResponses: oracle });
  });

  it('seed: another seed asks for other rows', async () => {
    const shape = { critic: null, pool: 20, tested: 5 };
    const [first, second] = await Promise.all(
      [1, 2].map((seed) => wholeRun(`switch-seed-${seed}`, { ...shape, seed })),
    );
    const keys = new Set(first!.fake.requests.map(({ key }) => key));
    expect(second!.fake.requests.some(({ key }) => keys.has(key))).toBe(false);
  });
});

describe('what a running run says', () => {
  it('progress, in every field', async () => {
    const fake = await bench.fake();
    const handle = await bench.start('progress', bench.input(fake, { pool: 120 }));
    const hold = fake.hold((request) => exploring(request) && request.kind === 'critique');
    await hold.reached();
    const during = await bench.progress(handle);
    const sampled = await bench.stage<Attempt>('progress', 'iteration-1/sample');
    const generated = [...sampled, ...(await bench.stage<Attempt>('progress', 'iteration-0/evaluate/sample'))];
    expect(during).toEqual({
      state: 'running',
      iteration: 1,
      iterations: 1,
      stage: 'critique',
      rows: { done: 0, total: sampled.filter(isIncorrect).length },
      tokens: { prompt: expect.any(Number), completion: expect.any(Number) },
      tokensPerSecond: null,
      accepted: 0,
      etaSeconds: null,
      waitingFor: 'the engine (queue critique-loop-inference)',
      warnings: [],
      accuracy: [
        expect.stringMatching(/^iteration 0: \d+\.\d % \(\d+\.\d to \d+\.\d, n = 40\); with critic \d+\.\d %$/),
      ],
    });
    expect(during.tokens.completion).toBeGreaterThan(generated.length);
    hold.release();
    const result = await handle.result();
    const { correct = 0, refined = 0 } = kinds(await sft(result, 1));
    expect(await bench.progress(handle)).toMatchObject({
      state: 'finished',
      stage: 'done',
      iteration: 1,
      accepted: correct + refined,
      waitingFor: 'nothing',
      accuracy: [expect.stringContaining('iteration 0: '), expect.stringContaining('iteration 1: ')],
    });
  });
});

describe('extend', () => {
  it('adds iterations while the run goes, refuses nonsense with words, and ends with the run', async () => {
    const fake = await bench.fake();
    const hold = fake.hold(exploring);
    const handle = await bench.start('extended', bench.input(fake, { critic: null, pool: 20, tested: 10 }));
    await hold.reached();
    const extend = (iterations: unknown) => handle.executeUpdate('extend', { args: [{ iterations }] });
    const why = async (update: Promise<unknown>) =>
      await update.then(
        () => 'accepted',
        (error: Error) => (error.cause as Error).message,
      );
    for (const [iterations, got] of [
      [0, '0'],
      [-1, '-1'],
      [1.5, '1.5'],
      ['two', '"two"'],
    ])
      expect(await why(extend(iterations))).toBe(`iterations: got ${got}, expected a whole number of at least 1`);
    expect(await why(handle.executeUpdate('extend', { args: [] }))).toBe('is missing, expected {"iterations":n}');
    expect(await why(extend(undefined))).toBe('iterations: is missing, expected a whole number of at least 1');
    expect(await why(extend(100))).toBe('iterations: they would be 101 in all, expected at most 100');
    expect(await extend(1)).toBe('2 iterations');
    hold.release();
    const result = await handle.result();
    await bench.record('extended', handle);
    expect(result).toMatchObject({ status: 'completed' });
    expect(result.iterations).toHaveLength(3);
    expect(await bench.progress(handle)).toMatchObject({ iterations: 2 });
  });

  it('is refused while the run ends', async () => {
    const fake = await bench.fake();
    const hold = fake.hold(exploring);
    const handle = await bench.start('extend-late', bench.input(fake, { critic: null, pool: 20, tested: 10 }));
    await hold.reached();
    await handle.signal('stop', { mode: 'drain' });
    const refused = handle.executeUpdate('extend', { args: [{ iterations: 1 }] });
    await expect(refused).rejects.toMatchObject({ cause: { message: 'the run is ending: start a new one' } });
    hold.release();
    expect((await handle.result()).status).toBe('stopped');
  });
});
