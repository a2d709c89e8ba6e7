import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { annotate } from '../../src/backends/datasets/arithmetic/index.ts';
import type { PathRow } from '../../src/method/critiques/choose-paths.ts';
import type { AnnotatedRow, CritiqueRow } from '../../src/method/critiques/dataset-row.ts';
import type { CritiqueStatistics } from '../../src/method/critiques/statistics.ts';
import { type Attempt, type RefinementTriple, rowKey } from '../../src/method/rows.ts';
import type { TrainingRow } from '../../src/method/sft.ts';
import type { BuildCritiquesResult } from '../../src/workflows/build-critiques.ts';
import type { BuildCritiquesProgress } from '../../src/workflows/contract.ts';
import { startWritableHub, TOKEN } from '../backends/datasets/writable-hub.ts';
import { Bench, type CritiquesHandle, eventually } from '../support/bench.ts';
import { aCritiquesRun, aModel, type CritiquesShape } from '../support/critiques-input.ts';
import { FakeOpenAi, type FakeOptions, type FakeRequest } from '../support/fake-openai.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

const engine = (options: Partial<FakeOptions> = {}) => bench.fake({ models: ['actor', 'teacher'], ...options });

const start = (id: string, fake: FakeOpenAi, shape: Partial<CritiquesShape> = {}): Promise<CritiquesHandle> =>
  bench.startCritiques(id, aCritiquesRun({ url: fake.url, ...shape }));

const file = (id: string, name: string) => readFile(bench.workers.store.path(`runs/${id}/${name}`), 'utf8');
const rowsOf = <Row>(id: string, name: string) => bench.rows<Row>(`runs/${id}/${name}`);
const statisticsOf = async (id: string) => JSON.parse(await file(id, 'statistics.json')) as CritiqueStatistics;
const asked = (fake: FakeOpenAi, kind: FakeRequest['kind']) =>
  fake.requests.filter((request) => request.kind === kind).length;

interface RemovedRow {
  stage: string;
  reason: string;
  row: { question: { id: string } };
}

const removedOf = async (id: string): Promise<RemovedRow[]> =>
  (
    await Promise.all(['paths', 'annotation', 'filter'].map((name) => rowsOf<RemovedRow>(id, `removed/${name}.jsonl`)))
  ).flat();

const countOf = (rows: readonly RemovedRow[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { stage, reason } of rows) counts[`${stage}/${reason}`] = (counts[`${stage}/${reason}`] ?? 0) + 1;
  return counts;
};

/** What a run left, whatever it was called. */
const numbers = ({ kept, annotated, removed, byStrategy, datasets }: BuildCritiquesResult) => ({
  kept,
  annotated,
  removed,
  byStrategy,
  rows: Object.values(datasets).map(({ rows, sha256 }) => [rows, sha256]),
});

/** Every number of the result, from the rows. */
async function expectConsistent(result: BuildCritiquesResult): Promise<void> {
  const { run: id } = result;
  const critiques = await bench.stage<AnnotatedRow>(id, 'critique');
  const kept = await rowsOf<CritiqueRow>(id, 'critiques.jsonl');
  const removed = await removedOf(id);
  expect(result.annotated).toBe(critiques.length);
  expect(result.kept).toBe(kept.length);
  expect(result.yield.value).toBe(kept.length / critiques.length);
  expect(countOf(removed)).toEqual(result.removed);
  const gone = removed.filter(({ stage }) => stage !== 'path').length;
  expect(kept.length + gone).toBe(critiques.length);
  expect(new Set(kept.map((row) => row.id)).size).toBe(kept.length);
  const paths = await bench.stage<PathRow>(id, 'paths');
  expect(new Set(paths.map(rowKey)).size).toBe(paths.length);
  const { total } = await statisticsOf(id);
  expect(total).toMatchObject({ kept: kept.length, annotated: critiques.length, chosen: paths.length });
  for (const { rows, uri } of Object.values(result.datasets)) expect(await bench.rows(uri)).toHaveLength(rows);
}

describe('critiques in the arithmetic world', () => {
  it('are annotated exactly, filtered by refinements, and written for every use', async () => {
    const fake = await engine();
    const handle = await start('exact', fake);
    const result = await handle.result();
    expect(result).toMatchObject({ run: 'exact', status: 'completed', warnings: [], pushed: null, cost: null });
    await expectConsistent(result);
    expect(fake.repeated).toEqual([]);
    expect(asked(fake, 'annotate') + asked(fake, 'mistake') + asked(fake, 'critique')).toBe(0);

    const kept = await rowsOf<CritiqueRow>('exact', 'critiques.jsonl');
    const strategies = new Set(kept.map(({ path }) => path.strategy));
    expect([...strategies].sort()).toEqual(['RG1', 'RG2', 'RG3', 'right']);
    const share = kept.filter(({ path }) => path.strategy === 'right').length / kept.length;
    expect(share).toBeLessThan(0.35);
    const refinements = await bench.stage<Attempt>('exact', 'refine');
    for (const row of kept) {
      const mine = refinements.filter((it) => rowKey({ ...it, refinement: undefined } as never) === row.id);
      const right = mine.filter(({ refinement }) => refinement!.grade.outcome === 'correct').length;
      expect([row.n_refine, row.n_correct, row.soft_score]).toEqual([mine.length, right, right / mine.length]);
      expect(right).toBeGreaterThanOrEqual(3);
      expect(row.critique).toBe(annotate(mine[0]!.question, row.response));
    }
    for (const { path, first_wrong_step: found } of kept)
      if (path.strategy === 'RG3') expect(found).toBe(path.errorStep);
    for (const { path, response } of kept) if (path.prefixSource) expect(response).not.toBe('');

    const critic = await rowsOf<TrainingRow>('exact', 'critic-sft.jsonl');
    expect(critic.map(({ completion }) => completion)).toEqual(kept.map(({ critique }) => critique));
    const triples = await rowsOf<RefinementTriple>('exact', 'refine.jsonl');
    expect(triples).toHaveLength(kept.filter(({ path }) => path.strategy !== 'right').length);
    expect(await rowsOf('exact', 'self-correction-sft.jsonl')).toHaveLength(kept.length + triples.length);
    for (const format of ['critiques', 'sharegpt', 'alpaca', 'messages'])
      expect(await rowsOf('exact', `export/${format}.jsonl`)).toHaveLength(kept.length);
    expect(await file('exact', 'export/README.md')).toContain('arxiv.org/abs/2411.16579');
    const page = await bench.reportText('exact');
    for (const text of ['From paths to critiques', 'What was removed', 'Soft labels', 'Rows to read'])
      expect(page).toContain(text);
    await bench.record('critiques', handle);
  });

  it('are the same whoever runs it when, and after a worker is asked for the same again', async () => {
    const fake = await engine();
    const first = await (await start('again', fake)).result();
    const requests = fake.requests.length;
    const second = await (await start('again', fake)).result();
    expect(fake.requests).toHaveLength(requests);
    expect(numbers(second)).toEqual(numbers(first));
  });

  it('feed the refinement data of a selfImprove', async () => {
    const fake = await engine({ models: ['actor', 'teacher', 'critic'] });
    const path = 'runs/exact/refine.jsonl';
    const refine = { source: 'triples', path } as const;
    const handle = await bench.start('with-triples', bench.input(fake, { iterations: 0, refine }));
    await handle.result();
    const rows = await bench.rows('runs/with-triples/datasets/refine.jsonl');
    expect(rows).toEqual(await bench.rows(path));
  });
});

describe('a dataset that is to be pushed', () => {
  it('is brought to the hub, and its token is in no history and no file', async () => {
    const hub = await startWritableHub();
    vi.stubEnv('HF_ENDPOINT', hub.url);
    vi.stubEnv('CRITIQUES_TEST_TOKEN', TOKEN);
    onTestFinished(() => void vi.unstubAllEnvs());
    const fake = await engine();
    const push = { name: 'my-org/critiques', tokenEnv: 'CRITIQUES_TEST_TOKEN' };
    const handle = await start('pushed', fake, { asked: 20, push });
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'completed', pushed: `${hub.url}/datasets/my-org/critiques` });
    const commit = hub.asked.find(({ path }) => path.includes('/commit/main'))!.body.toString();
    for (const name of ['README.md', 'alpaca.jsonl', 'critiques.jsonl', 'messages.jsonl', 'sharegpt.jsonl'])
      expect(commit).toContain(name);
    const history = JSON.stringify(await handle.fetchHistory());
    const payloads = [...history.matchAll(/"data":"([^"]*)"/g)].map(([, data]) =>
      Buffer.from(data!, 'base64').toString(),
    );
    expect(payloads.join()).toContain('CRITIQUES_TEST_TOKEN');
    for (const text of [history, ...payloads, await bench.reportText('pushed'), await file('pushed', 'run.json')])
      expect(text).not.toContain(TOKEN);
  });
});

/** What a bad annotator writes, by the number of the request. */
const FAULTS: Record<string, (exact: string) => string> = {
  'off-format': () => 'The solution seems to be mostly fine, I would say.',
  refused: () => "I'm sorry, but I can't help with that.",
  leak: (exact) => exact.replace('Explanation: ', 'Explanation: According to the reference solution this is checked. '),
};

describe('a model that annotates', () => {
  it('may write off the format, refuse and leak: each row is put aside with the right reason', async () => {
    const wrote = new Map<string, string>();
    const fake = await engine({
      annotation: ({ key }, exact) => {
        const bad = [...Object.keys(FAULTS), null, null, null, null, null, null, null];
        const fault = bad[Number.parseInt(key.slice(0, key.indexOf('/')), 10) % bad.length];
        if (!fault) return null;
        wrote.set(key, fault);
        return FAULTS[fault]!(exact);
      },
    });
    const rg3 = { perQuestion: 1, tries: 2, writer: aModel(fake.url), mistakes: [{ name: 'calculation' }] };
    const handle = await start('model', fake, { annotator: aModel(fake.url), flaws: { rg3 } });
    const result = await handle.result();
    expect(result.status).toBe('completed');
    await expectConsistent(result);
    expect(asked(fake, 'mistake')).toBe(60);
    expect(asked(fake, 'annotate')).toBe(result.annotated);
    const faults = [...wrote.values()];
    for (const reason of Object.keys(FAULTS)) {
      const expected = faults.filter((fault) => fault === reason).length;
      expect(expected).toBeGreaterThan(3);
      expect(result.removed[`annotation/${reason}`]).toBe(expected);
    }
    const told = fake.requests.filter(({ kind }) => kind === 'annotate').map(({ prompt }) => prompt);
    expect(told.some((prompt) => prompt.includes('The kind of mistake made there'))).toBe(true);
    expect(told.every((prompt) => prompt.includes('The right solution, for you only'))).toBe(true);
    const page = await bench.reportText('model');
    expect(page).toContain('speaks of the reference');
    await bench.record('critiques-model', handle);
  });

  it('that writes no mistake leaves the other paths, and is told', async () => {
    const fake = await engine({ mistake: () => 'I cannot do that.' });
    const rg3 = { writer: aModel(fake.url) };
    const result = await (await start('no-mistakes', fake, { flaws: { rg3 } })).result();
    expect(result.removed['path/no-mistake']).toBe(60);
    expect(result.byStrategy.map(({ strategy }) => strategy)).not.toContain('RG3');
    await expectConsistent(result);
  });

  it('that is down is waited for, and then the run goes on without: to no critique at all, it fails', async () => {
    const fake = await engine();
    const gone = await FakeOpenAi.start({ questions: [] });
    const annotator = aModel(gone.url, { patienceMinutes: 0.05 });
    await gone.close();
    const handle = await start('down', fake, { annotator, minYield: 0 });
    const failure = await handle.result().catch((error) => error.cause);
    expect(failure).toMatchObject({ type: 'YieldTooLow' });
    const removed = await rowsOf<RemovedRow>('down', 'removed/annotation.jsonl');
    expect(removed.length).toBeGreaterThan(50);
    expect(new Set(removed.map(({ reason }) => reason))).toEqual(new Set(['unavailable']));
    expect(failure.message).toContain(`${removed.length} unavailable`);
  });

  it('with too low a yield fails the run, which says how much and why and keeps every row', async () => {
    const fake = await engine({ annotation: ({ seed }) => (seed % 10 < 9 ? 'Looks good to me.' : null) });
    const handle = await start('too-low', fake, { annotator: aModel(fake.url) });
    const failure = await handle.result().catch((error) => error.cause);
    expect(failure).toMatchObject({ type: 'YieldTooLow' });
    expect(failure.message).toMatch(/kept \d+ of \d+ critiques, fewer than minYield \(0\.2\).*\d+ off-format/);
    expect(failure.message).toContain('runs/too-low/removed');
    const off = (await rowsOf<RemovedRow>('too-low', 'removed/annotation.jsonl')).filter(
      ({ reason }) => reason === 'off-format',
    );
    expect(failure.message).toContain(`${off.length} off-format`);
    expect(await bench.reportText('too-low')).toContain('status failed');
    await bench.record('critiques-too-low', handle);
    // The threshold is no part of the rows.
    const requests = fake.requests.length;
    const result = await (await start('too-low', fake, { annotator: aModel(fake.url), minYield: 0 })).result();
    expect(result.status).toBe('completed');
    expect(fake.requests).toHaveLength(requests);
  });

  it('is paid for up to the limit', async () => {
    const fake = await engine();
    const price = { prompt: 100, completion: 100 };
    const annotator = aModel(fake.url, { price, maxTokens: 400 });
    const result = await (await start('limited', fake, { annotator, costLimit: 2 })).result();
    expect(result.status).toBe('stopped');
    expect(result.reason).toContain('the cost limit of $2');
    expect(result.cost).toBeGreaterThan(1);
    expect(result.cost).toBeLessThanOrEqual(2);
    const more = await (await start('limited', fake, { annotator, costLimit: 1000 })).result();
    expect(more.status).toBe('completed');
    expect(fake.repeated).toEqual([]);
    await expectConsistent(more);
  });
});

/** A stage's requests. */
const STAGES: Record<string, (request: FakeRequest) => boolean> = {
  sample: ({ kind, n }) => kind === 'solve' && n === 4,
  annotate: ({ kind }) => kind === 'annotate',
  refine: ({ kind }) => kind === 'refine',
};

const TRIES = 3;
const withModel = (url: string): Partial<CritiquesShape> => ({
  annotator: aModel(url),
  flaws: { rg2: { tries: TRIES }, rg3: { tries: TRIES } },
});

const numberOf = ({ question }: FakeRequest) => Number(question.id.split('-').at(-1));

describe('a run that is stopped', () => {
  it.each(Object.keys(STAGES))(
    'now, in %s, keeps its rows, and goes on with the same ID without asking again',
    async (stage) => {
      const id = `stopped-${stage}`;
      const fake = await engine();
      const hold = fake.hold((request) => STAGES[stage]!(request) && numberOf(request) >= 25);
      const handle = await start(id, fake, withModel(fake.url));
      await hold.reached(5);
      await handle.signal('stop', { mode: 'now', reason: `enough of ${stage}` });
      const result = await handle.result();
      hold.release();
      expect(result).toMatchObject({ status: 'stopped', reason: `enough of ${stage}` });
      expect(await bench.reportText(id)).toContain(`enough of ${stage}`);
      if (stage === 'refine') expect(result.kept).toBeGreaterThan(0);
      await bench.record(`critiques-stopped-${stage}`, handle);

      const whole = await (await start(id, fake, withModel(fake.url))).result();
      expect(whole.status).toBe('completed');
      expect(fake.repeated.filter(({ state }) => state === 'answered')).toEqual([]);
      await expectConsistent(whole);
      const straight = await (await start(`straight-${stage}`, await engine(), withModel(fake.url))).result();
      expect(numbers(whole)).toEqual(numbers(straight));
    },
  );

  it('by draining, ends after the stage that runs; an update is answered', async () => {
    const fake = await engine();
    const hold = fake.hold(({ kind }) => kind === 'annotate');
    const handle = await start('drained', fake, withModel(fake.url));
    await hold.reached(5);
    const progress = await handle.query<BuildCritiquesProgress>('progress');
    expect(progress).toMatchObject({ state: 'running', stage: 'annotate', cost: null });
    expect(await handle.executeUpdate('stop', { args: [{ mode: 'drain' }] })).toContain('finished first');
    hold.release();
    const result = await handle.result();
    expect(result).toMatchObject({ status: 'stopped', kept: 0 });
    expect(result.annotated).toBe((await bench.stage('drained', 'paths')).length);
    expect(asked(fake, 'refine')).toBe(0);
  });

  it('or paused goes on from its rows', async () => {
    const fake = await engine();
    const hold = fake.hold(({ kind }) => kind === 'refine');
    const handle = await start('paused', fake);
    await hold.reached(5);
    await handle.signal('pause');
    await eventually('an idle engine', async () => fake.inFlight === 0);
    expect(await handle.query<BuildCritiquesProgress>('progress')).toMatchObject({ state: 'paused' });
    hold.release();
    await handle.signal('resume');
    const result = await handle.result();
    expect(result.status).toBe('completed');
    await expectConsistent(result);
    await bench.record('critiques-paused', handle);
  });
});

describe('an activity that is tried again', () => {
  it('leaves no row twice', async () => {
    const fake = await engine();
    const failed = new Set<string>();
    fake.fault = ({ kind, key }) => {
      if (failed.has(kind) || numberOf({ question: { id: key } } as never) < 0) return null;
      failed.add(kind);
      return { reset: true };
    };
    let crashes = 0;
    bench.workers.before = (activity) => {
      if (!['planFlaws', 'choosePaths', 'writeCritiques', 'continuePaths'].includes(activity)) return;
      if (bench.workers.started.filter((name) => name === activity).length % 2 === 1 && crashes++ < 8)
        throw new Error('the worker fell over');
    };
    const result = await (await start('retried', fake)).result();
    expect(crashes).toBeGreaterThan(2);
    await expectConsistent(result);
    bench.workers.before = () => {};
    const straight = await (await start('not-retried', await engine())).result();
    expect(numbers(result)).toEqual(numbers(straight));
  });
});

/** [what is wrong, how, every text that the message has to have] */
const BAD: readonly (readonly [string, object, string])[] = [
  ['no actor', { actor: undefined }, 'actor: is missing'],
  ['no annotator', { annotator: undefined }, 'annotator: is missing'],
  [
    'an unknown annotator',
    { annotator: { source: 'oracle' } },
    'annotator.source: got "oracle", expected "source" to be "exact" or "model"',
  ],
  [
    'more to keep than there are',
    { filter: { refinements: 3, keep: 4 } },
    'filter.keep: got 4, expected at most refinements (3)',
  ],
  ['no flaws', { flaws: { rg1: null, rg2: null, rg3: null } }, 'flaws: '],
  [
    'a mistake that nobody knows',
    { flaws: { rg3: { mistakes: [{ name: 'typo' }] } } },
    'flaws.rg3.mistakes.0.name: got "typo", expected one of calculation, operation, number, skipped',
  ],
  ['a share of everything', { rightShare: 1 }, 'rightShare: got 1, expected at most 0.9'],
  [
    'a mix of what is not made',
    { flaws: { rg2: null }, mix: { RG1: 0.5, RG2: 0.5, RG3: 0 } },
    'mix.RG2: got 0.5, expected 0 without flaws.rg2',
  ],
  [
    'tries that would all be the same',
    { flaws: { rg2: { temperature: 0 } } },
    'flaws.rg2.tries: got 4, expected 1 at its temperature 0',
  ],
  ['two exact critiques', { critiques: 2 }, 'critiques: got 2, expected 1 of an exact annotator'],
  [
    'a key in the place of its name',
    { push: { name: 'me/critiques', tokenEnv: 'hf_secret123' } },
    'push.tokenEnv: expected the NAME of an environment variable',
  ],
  [
    'a token that is not there',
    { push: { name: 'me/critiques', tokenEnv: 'NO_SUCH_TOKEN' } },
    'push.tokenEnv: expected the name of a variable that is set',
  ],
  ['a name that is none of the hub', { push: { name: 'critiques' } }, 'push.name: got "critiques"'],
  [
    'the test split',
    { questions: { source: 'arithmetic', split: 'test', count: 5 } },
    'questions.split: got "test", expected "train"',
  ],
  [
    'exactly what nobody can compute',
    { questions: { source: 'gsm8k', split: 'train' } },
    'annotator.source: got "exact", expected "model"',
  ],
  ['a limit without prices', { costLimit: 3 }, 'costLimit: got 3, expected a "price"'],
  ['a misspelt field', { filters: null }, 'filters: is not a known field'],
];

describe('a wrong input', () => {
  it.each(BAD)('%s, is told at once', async (_, change, message) => {
    const input = { ...aCritiquesRun({ url: 'http://127.0.0.1:9/v1' }), ...change };
    const handle = await bench.startCritiques(`bad-${BAD.findIndex((bad) => bad[2] === message)}`, input);
    const failure = await handle.result().catch((error) => error.cause);
    expect(failure).toMatchObject({ type: 'InvalidInput' });
    expect(failure.message).toContain(message);
    expect(failure.message).not.toContain('hf_secret123');
  });

  it('questions that are none of the arithmetic world are told when they are read', async () => {
    const path = bench.workers.store.path('questions.jsonl');
    await bench.workers.store.write('questions.jsonl', ['{"question":"Why?","answer":"Because.\\n#### 42"}\n']);
    const handle = await bench.startCritiques('not-arithmetic', {
      ...aCritiquesRun({ url: 'http://127.0.0.1:9/v1' }),
      questions: { source: 'file', path },
    });
    const failure = await handle.result().catch((error) => error.cause);
    expect(failure.message).toContain('has no solution with an equation a line');
    expect(existsSync(bench.workers.store.path('runs/not-arithmetic/sample'))).toBe(false);
  });
});
