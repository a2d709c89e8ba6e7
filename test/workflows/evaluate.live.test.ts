import { readdir, readFile } from 'node:fs/promises';
import type { WorkflowFailedError } from '@temporalio/client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compare } from '../../src/cli/compare.ts';
import { report } from '../../src/cli/report.ts';
import { dollarsOf } from '../../src/method/price.ts';
import type { Attempt, Outcome } from '../../src/method/rows.ts';
import type { SupervisionReport } from '../../src/report/supervision/data.ts';
import type { EvaluateProgress } from '../../src/workflows/contract.ts';
import type { EvaluateResult } from '../../src/workflows/evaluate.ts';
import { Bench, type EvaluationHandle, eventually, fingerprint } from '../support/bench.ts';
import { anEvaluation, type EvaluationShape, questionsOf } from '../support/evaluate-input.ts';
import type { FakeOpenAi, FakeRequest } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

const SECRET = 'sk-do-not-tell-anybody';
process.env.EVALUATION_TEST_KEY = SECRET;

const TESTED = 100;
const WHOLE = {
  tested: TESTED,
  gates: ['always', 'verdict', 'oracle'],
  selfCorrection: {},
  sequential: { rounds: 3 },
  critic: { price: { prompt: 1, completion: 2 } },
} satisfies Partial<EvaluationShape>;

const engine = () => bench.fake({ questions: questionsOf(TESTED), models: ['actor', 'critic'] });

async function started(
  id: string,
  fake: FakeOpenAi,
  shape: Partial<EvaluationShape> = WHOLE,
): Promise<EvaluationHandle> {
  return await bench.startEvaluation(id, anEvaluation({ url: fake.url, ...shape }));
}

const file = (id: string, name: string) => readFile(bench.workers.store.path(`runs/${id}/${name}`), 'utf8');
const reportOf = async (id: string) => JSON.parse(await file(id, 'report.json')) as SupervisionReport;
const asked = (fake: FakeOpenAi, kind: FakeRequest['kind'], model: string) =>
  fake.requests.filter((request) => request.kind === kind && request.model === model).length;

/** The numbers of a run, whatever it was called and however long it took. */
function numbers({ summary, outcomes }: SupervisionReport) {
  const measures = summary.measures.map(({ use: { seconds: _, ...use }, ...rest }) => ({ ...rest, use }));
  return { ...summary, measures, outcomes };
}

const isRight = (outcome: Outcome) => outcome === 'correct';
const value = ({ strategies }: EvaluateResult, name: string) => strategies.find((it) => it.name === name)?.value;

/** Of the whole run, which others are compared with. */
let cost: number | null;

describe('an evaluation', () => {
  it('measures what its rows say, and draws nothing twice', async () => {
    const fake = await engine();
    const handle = await started('whole', fake);
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'completed', questions: TESTED, warnings: [] });
    expect(fake.repeated).toEqual([]);
    // One request for the greedy response and one for all six samples.
    expect(asked(fake, 'solve', 'actor')).toBe(2 * TESTED);
    const blank = (await bench.stage<Attempt>('whole', 'samples/sample')).filter(
      ({ sample, response }) => sample < 3 && response.text.trim() === '',
    ).length;
    const rounds = await Promise.all([2, 3].map((round) => bench.stage('whole', `round-${round}/critique`)));
    expect(asked(fake, 'critique', 'critic')).toBe(4 * TESTED - blank + rounds.flat().length);
    expect(asked(fake, 'critique', 'actor')).toBe(4 * TESTED - blank);

    const responses = await bench.stage<Attempt>('whole', 'greedy/sample');
    const critiques = await bench.stage<Attempt>('whole', 'greedy/critique');
    const refinements = await bench.stage<Attempt>('whole', 'greedy/refine');
    const byId = (rows: Attempt[]) => new Map(rows.map((row) => [row.question.id, row]));
    const [critiqued, refined] = [byId(critiques), byId(refinements)];
    const share = (holds: (row: Attempt) => boolean) => responses.filter(holds).length / TESTED;
    const refinedRight = ({ question }: Attempt) => isRight(refined.get(question.id)!.refinement!.grade.outcome);
    const right = ({ grade }: Attempt) => isRight(grade.outcome);
    const says = ({ question }: Attempt) => critiqued.get(question.id)!.critique!.verdict;
    expect(value(result, 'response only, greedy')).toBe(share(right));
    expect(value(result, 'with critic (always), greedy')).toBe(share(refinedRight));
    expect(value(result, 'with critic (verdict), greedy')).toBe(
      share((row) => (says(row) === 'wrong' ? refinedRight(row) : right(row))),
    );
    expect(value(result, 'with critic (oracle), greedy')).toBe(share((row) => right(row) || refinedRight(row)));
    expect(result.cost).toBeGreaterThan(0);
    cost = result.cost;
    await bench.record('evaluation', handle);
  });

  it('says what it cost, and never says the key', async () => {
    const fake = await engine();
    const endpoint = { baseUrl: fake.url, apiKeyEnv: 'EVALUATION_TEST_KEY' };
    const critic = { endpoint, price: { prompt: 1, completion: 2 } };
    const handle = await started('keyed', fake, { tested: 20, critic });
    const result = await handle.result();
    const { stages } = await reportOf('keyed');
    const paid = stages.filter(({ stage }) => stage.endsWith('critique'));
    const sum = paid.reduce(
      (sum, { promptTokens: prompt, completionTokens: completion }) =>
        sum + dollarsOf({ prompt, completion }, critic.price),
      0,
    );
    expect(sum).toBeGreaterThan(0);
    expect(result.cost).toBeCloseTo(sum, 10);
    for (const id of ['keyed', 'keyed/greedy', 'keyed/samples']) {
      const history = JSON.stringify(await bench.client.workflow.getHandle(id).fetchHistory());
      const payloads = [...history.matchAll(/"data":"([^"]*)"/g)].map(([, data]) =>
        Buffer.from(data!, 'base64').toString(),
      );
      expect(payloads.join()).toContain('EVALUATION_TEST_KEY');
      expect(history + payloads.join()).not.toContain(SECRET);
    }
    for (const name of ['report.html', 'report.json', 'report.csv', 'run.json', 'evaluation.json'])
      expect(await file('keyed', name)).not.toContain(SECRET);
  });

  it('with one gate gives what that gate gives among others', async () => {
    const fake = await engine();
    await (await started('verdict-only', fake, { ...WHOLE, gates: ['verdict'] })).result();
    const [alone, among] = [await reportOf('verdict-only'), await reportOf('whole')];
    const under = ({ summary }: SupervisionReport) =>
      summary.measures
        .filter(({ gate }) => gate === 'verdict')
        .map(({ use: { seconds: _, ...use }, ...measure }) => ({ ...measure, use }));
    expect(under(alone).length).toBeGreaterThan(10);
    expect(under(alone)).toEqual(under(among));
  });

  it('has the same rows from replicas of which one is killed, in other shards, and no activity is tried again', async () => {
    const fakes = await Promise.all([engine(), engine(), engine()]);
    const [killed, ...others] = fakes;
    killed!.fault = () => (killed!.requests.length > 20 ? { hang: true } : null);
    const handle = await started('replicas', killed!, { ...WHOLE, url: fakes.map(({ url }) => url), shards: 1 });
    await vi.waitFor(() => expect(killed!.inFlight).toBeGreaterThan(0), 30_000);
    await killed!.close();
    expect(await handle.result()).toMatchObject({ status: 'completed', warnings: [] });
    expect(numbers(await reportOf('replicas'))).toEqual(numbers(await reportOf('whole')));
    expect(await readdir(bench.workers.store.path('runs/replicas/greedy/sample'))).toEqual(['shard-000.jsonl']);
    expect(await readdir(bench.workers.store.path('runs/whole/greedy/sample'))).toHaveLength(2);
    const answered = fakes.flatMap(({ requests }) => requests.filter(({ state }) => state === 'answered'));
    expect(new Set(answered.map(({ key, model }) => `${model}/${key}`)).size).toBe(answered.length);
    for (const { requests } of others) expect(requests.length).toBeGreaterThan(TESTED);
    for (const id of ['replicas', 'replicas/greedy', 'replicas/samples', 'replicas/round-3']) {
      const { events } = await bench.client.workflow.getHandle(id).fetchHistory();
      const attempts = events!.flatMap(({ activityTaskStartedEventAttributes: begun }) => begun?.attempt ?? []);
      expect(new Set(attempts)).toEqual(new Set([1]));
    }
  });

  it('needs no critic', async () => {
    const fake = await engine();
    const result = await (await started('alone', fake, { tested: 20, critic: null, ks: [1, 3] })).result();
    expect(result.strategies.every(({ reviewer }) => reviewer === null)).toBe(true);
    expect(fake.requests.every(({ kind }) => kind === 'solve')).toBe(true);
    expect((await reportOf('alone')).summary.measures.map(({ method, k }) => `${method}@${k}`)).toEqual(
      expect.arrayContaining(['greedy@1', 'maj@1', 'maj@3', 'pass@3']),
    );
  });

  it('that is wrong names every mistake before anything is asked', async () => {
    const fake = await engine();
    const handle = await started('wrong', fake, { samplesWithCritic: 9, costLimit: 1 });
    const error = await handle.result().catch((error: WorkflowFailedError) => error);
    expect((error as WorkflowFailedError).cause?.message).toBe(
      'invalid input: samplesWithCritic: got 9, expected at most samples (6); costLimit: got 1, expected a "price" of the actor or of the critic with it',
    );
    expect(fake.requests).toEqual([]);
  });
});

describe('what an evaluation leaves', () => {
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  afterEach(() => out.mockClear());
  const printed = () => out.mock.calls.map(([text]) => String(text)).join('');

  it('makes the same report again from its rows alone', async () => {
    process.env.CRITIQUE_LOOP_STORE = bench.workers.store.root;
    const names = ['report.html', 'report.csv', 'report.json'];
    const before = await Promise.all(names.map((name) => file('whole', name)));
    for (const name of [...names, 'summary.json', 'scores.jsonl'])
      await bench.workers.store.remove(`runs/whole/${name}`);
    await report('whole');
    expect(await Promise.all(names.map((name) => file('whole', name)))).toEqual(before);
    expect(printed()).toContain('| with critic (verdict), greedy |');
  });

  it('is gone on from when it is started again: nothing is generated, the numbers are the same', async () => {
    const before = numbers(await reportOf('whole'));
    const fake = await engine();
    // The same input names the same engine.
    const input = JSON.parse(await file('whole', 'run.json')).config;
    const old = input.actor.endpoint.baseUrl;
    expect(old).not.toBe(fake.url);
    const again = await started('whole', fake);
    await expect(again.result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining('holds the results of another input') },
    });
    expect(fake.requests).toEqual([]);
    expect(numbers(await reportOf('whole'))).toEqual(before);
  });

  it('can be compared with another', async () => {
    process.env.CRITIQUE_LOOP_STORE = bench.workers.store.root;
    const fake = await bench.fake({ questions: questionsOf(TESTED), models: ['actor', 'critic'], skill: () => 0.9 });
    await (await started('better', fake, { tested: 60 })).result();
    await compare('whole', 'better', { json: true });
    const compared = JSON.parse(printed());
    expect(compared).toMatchObject({ both: 60, onlyBefore: 40, onlyAfter: 0 });
    const [first, second] = await Promise.all(
      ['whole', 'better'].map((id) => bench.stage<Attempt>(id, 'greedy/sample')),
    );
    const right = (rows: Attempt[]) =>
      rows.filter(
        ({ question, grade }) => isRight(grade.outcome) && second!.some((it) => it.question.id === question.id),
      ).length;
    const greedy = compared.strategies.find(({ key }: { key: string }) => key === 'greedy');
    expect(greedy.difference.difference).toBeCloseTo((right(second!) - right(first!)) / 60, 12);
    expect(greedy.difference.n).toBe(60);
    out.mockClear();
    await compare('whole', 'better', {});
    expect(printed()).toContain('| response only, greedy | ');
    expect(printed()).toContain(
      'Paired on 60 questions that both have. 40 questions only in whole and 0 only in better are left out.',
    );
    await expect(compare('whole', 'nobody', {})).rejects.toThrow('no evaluation "nobody"');
  });
});

describe('stop, pause and resume', () => {
  /** Half of a kind's requests in one pass are answered, the others wait. */
  async function halfWay(id: string, kind: FakeRequest['kind'], model: string) {
    const fake = await engine();
    const late = ({ question }: FakeRequest) => Number(question.id.split('-').at(-1)) % 50 >= 25;
    const match = (request: FakeRequest) =>
      request.kind === kind && request.model === model && request.temperature === 0;
    const hold = fake.hold((request) => match(request) && late(request));
    const handle = await started(id, fake);
    await hold.reached(5);
    await eventually('the others', async () =>
      fake.requests.every((request) => request.state !== 'pending' || (match(request) && late(request))),
    );
    return { fake, handle, letGo: () => hold.release() };
  }

  it('a pause in the middle of critiques changes nothing but the time', async () => {
    const { fake, handle, letGo } = await halfWay('paused-evaluation', 'critique', 'critic');
    await handle.signal('pause');
    await eventually('an idle engine', async () => fake.inFlight === 0, 5_000);
    const progress = await handle.query<EvaluateProgress>('progress');
    expect(progress).toMatchObject({ state: 'paused', pass: 'greedy', waitingFor: 'the signal "resume"' });
    expect(progress.passes).toEqual([
      'greedy',
      'samples',
      'self-greedy',
      'self-samples',
      'round-1',
      'round-2',
      'round-3',
    ]);
    letGo();
    await handle.signal('resume');
    expect(await handle.result()).toMatchObject({ status: 'completed', cost });
    expect(fake.repeated).toEqual([]);
    const { root } = bench.workers.store;
    expect(await fingerprint(root, 'paused-evaluation')).toBe(await fingerprint(root, 'whole'));
    expect(numbers(await reportOf('paused-evaluation'))).toEqual(numbers(await reportOf('whole')));
    await bench.record('evaluation-paused', handle);
  });

  it('a stop now keeps what there is and measures it; the same start later makes it whole', async () => {
    const { fake, handle, letGo } = await halfWay('stopped-evaluation', 'critique', 'critic');
    await handle.signal('stop', { mode: 'now', reason: 'seen enough' });
    await eventually('an idle engine', async () => fake.inFlight === 0, 5_000);
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'stopped', reason: 'seen enough', questions: TESTED });
    // Nothing is said of a critic whose work was cut short.
    expect(result.strategies.map(({ name }) => name)).toEqual(['response only, greedy']);
    expect(await file('stopped-evaluation', 'report.html')).toContain('seen enough');
    expect(await bench.stage('stopped-evaluation', 'greedy/critique', 'part')).toHaveLength(TESTED / 2);
    await bench.record('evaluation-stopped', handle);
    letGo();
    const again = await started('stopped-evaluation', fake);
    expect(await again.result()).toMatchObject({ status: 'completed' });
    expect(fake.repeated).toEqual([]);
    expect(numbers(await reportOf('stopped-evaluation'))).toEqual(numbers(await reportOf('whole')));
  });

  it('a drain finishes the running stage', async () => {
    const { handle, letGo } = await halfWay('drained-evaluation', 'solve', 'actor');
    const update = handle.executeUpdate<string, [unknown]>('stop', { args: [{ mode: 'drain', reason: 'enough' }] });
    expect(await update).toBe('stopping: the running stage is finished first');
    letGo();
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'stopped', reason: 'enough', questions: TESTED });
    expect(await bench.stage('drained-evaluation', 'greedy/sample')).toHaveLength(TESTED);
    expect(await bench.stage('drained-evaluation', 'greedy/critique')).toEqual([]);
  });

  it('a stop before anything was drawn says so', async () => {
    const fake = await engine();
    const hold = fake.hold(() => true);
    const handle = await started('stopped-first', fake);
    await hold.reached();
    await handle.signal('stop', { mode: 'now' });
    const result = await handle.result();
    expect(result).toMatchObject({
      status: 'stopped',
      questions: 0,
      strategies: [],
      headline: ['Nothing was measured.'],
    });
  });
});

describe('a cost limit', () => {
  const price = { prompt: 1000, completion: 1000 };

  it('ends the run before it is passed, with what there is measured', async () => {
    const fake = await engine();
    const calm = await started('unlimited', fake, { ...WHOLE, critic: { price, maxTokens: 200 } });
    const whole = (await calm.result()).cost!;
    const limit = whole / 2;
    const handle = await started('limited', fake, { ...WHOLE, critic: { price, maxTokens: 200 }, costLimit: limit });
    const result = await handle.result();
    expect(result.status).toBe('stopped');
    expect(result.reason).toMatch(/^the cost limit of \$.* leaves no room for another request: \$.* spent$/);
    expect(result.cost).toBeLessThanOrEqual(limit);
    // What is left could not have paid one more request at its longest: a dollar buys 1,000 tokens, and no prompt here has 1,300 bytes.
    expect(result.cost).toBeGreaterThan(limit - 1.7);
    expect(fake.repeated.length).toBeGreaterThan(0);
    const greedy = (await reportOf('limited')).summary.measures.filter(({ method }) => method === 'greedy');
    expect(greedy.map(({ reviewer, score }) => [reviewer, score.n])).toContainEqual(['critic', TESTED]);

    const before = fake.requests.length;
    const raised = await started('limited', fake, {
      ...WHOLE,
      critic: { price, maxTokens: 200 },
      costLimit: 2 * whole,
    });
    expect(await raised.result()).toMatchObject({ status: 'completed', cost: expect.closeTo(whole, 6) });
    expect(fake.requests.length - before).toBeLessThan(before / 2);
    expect(numbers(await reportOf('limited'))).toEqual(numbers(await reportOf('unlimited')));
  });

  it('is not kept with an engine that does not count: that ends the run', async () => {
    const fake = await engine();
    fake.counts = false;
    const handle = await started('uncounted', fake, { tested: 10, critic: { price }, costLimit: 100 });
    const error = await handle.result().catch((error: WorkflowFailedError) => error);
    expect((error as WorkflowFailedError).cause?.message).toContain('does not say how many tokens it used');
  });
});

it('the histories of a large evaluation are short', async () => {
  const fake = await bench.fake({ questions: questionsOf(400), models: ['actor', 'critic'] });
  await (
    await started('large-evaluation', fake, {
      ...WHOLE,
      tested: 400,
      samples: 2,
      samplesWithCritic: 1,
      sequential: { rounds: 8 },
    })
  ).result();
  const events: Record<string, number> = {};
  for (const id of ['', '/greedy', '/samples', '/self-greedy', '/self-samples', '/round-1', '/round-8']) {
    const description = await bench.client.workflow.getHandle(`large-evaluation${id}`).describe();
    events[id] = description.historyLength;
  }
  expect(Math.max(...Object.values(events)), JSON.stringify(events)).toBeLessThan(600);
});
