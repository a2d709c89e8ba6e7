import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, it } from 'vitest';
import { type EvaluationManifest, evaluationKeys, planOf } from '../../src/activities/evaluation-files.ts';
import { writeIterationFile } from '../../src/activities/iteration-files.ts';
import type { ScoredRows } from '../../src/activities/score-rows.ts';
import { keepScores } from '../../src/activities/score-votes.ts';
import type { WrittenTalks } from '../../src/activities/self-talk-files.ts';
import {
  renderStudyReport,
  type StudiedStep,
  type StudyManifest,
  type StudyTask,
  studyKeys,
  type WrittenStudy,
  writeStudy,
} from '../../src/activities/write-study.ts';
import { readJson, writeJson } from '../../src/backends/storage/json.ts';
import { runFolder } from '../../src/backends/storage/runs.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { Evaluate, type EvaluateInput } from '../../src/config/evaluate.ts';
import { Study } from '../../src/config/study.ts';
import { pairedDifference, proportion } from '../../src/method/estimate.ts';
import type { EvaluationSummary, QuestionResult } from '../../src/method/evaluation.ts';
import type { SelectionCounts } from '../../src/method/select.ts';
import type { Finding } from '../../src/method/study/finding.ts';
import type { Scored } from '../../src/method/supervision/scored.ts';
import { summarise } from '../../src/method/supervision/summarise.ts';
import type { StudyData } from '../../src/report/study/data.ts';
import { diversity } from '../method/study/evidence.ts';
import { aDraw, aScored, finish } from '../method/supervision/scored.ts';
import { sampleStudy } from '../report/study/sample.ts';
import { temporaryFolder } from '../support/folder.ts';

const TRAINING = { source: 'arithmetic', split: 'train', count: 60 } as const;
const QUESTIONS = { source: 'arithmetic', split: 'test', count: 40 } as const;

let store: FolderStore;
beforeEach(async () => {
  store = new FolderStore(await temporaryFolder());
});

const step = (name: string, type: string): StudiedStep => ({
  step: name,
  type,
  workflowId: `${name}-0a1b2c3d4e5f`,
  run: runFolder(`${name}-0a1b2c3d4e5f`),
  status: 'done',
  seconds: 10,
  headline: '',
});

const aTask = (steps: StudiedStep[], rest: Partial<StudyTask> = {}): StudyTask => ({
  run: 'runs/my-study',
  workflowId: 'my-study',
  config: Study.parse({
    seed: 3,
    actor: { base: 'models/actor' },
    critic: { base: 'models/critic' },
    questions: TRAINING,
    reason: TRAINING,
    test: QUESTIONS,
    iterations: 1,
    critiques: { annotator: { source: 'exact' } },
  }),
  status: 'completed',
  startedAt: '2026-03-05T07:00:00.000Z',
  steps,
  warnings: [],
  ...rest,
});

async function write(task: StudyTask) {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  const written = (await environment.run(writeStudy, { store }, task)) as WrittenStudy;
  const study = (await readJson<StudyData>(store, studyKeys(task.run).json))!;
  const finding = (id: string): Finding => study.findings.find((it) => it.id === id)!;
  return { written, study, finding };
}

/** As `evaluate` leaves it. */
async function evaluated(run: string, letters: readonly string[], input: Partial<EvaluateInput> = {}): Promise<void> {
  const config = Evaluate.parse({ actor: { model: 'a' }, critic: { model: 'c' }, questions: QUESTIONS, ...input });
  const scores: Scored[] = letters.map((each, i) => aScored(`q${i}`, { greedy: aDraw(each), level: i % 2 ? 5 : 1 }));
  const scored: ScoredRows = {
    scores,
    summary: finish(summarise(scores, planOf(config), {})),
    outcomes: [],
    warnings: [],
  };
  await keepScores(store, run, scored);
  await writeJson(store, evaluationKeys(run).manifest, { config } as EvaluationManifest);
}

/** So many of each response with its review. */
const many = (counts: Record<string, number>) =>
  Object.entries(counts).flatMap(([letters, n]) => Array<string>(n).fill(letters));

/** As `selfImprove` leaves it: the answers to the test questions by iteration, and the accepted rows by level. */
async function improved(run: string, answers: string[], rows: number[]): Promise<void> {
  for (const [iteration, letters] of answers.entries()) {
    const right = [...letters].map((letter) => letter === 'R');
    const results: QuestionResult[] = right.map((it, i) => ({
      id: `q${i}`,
      level: null,
      right: it,
      rightWithCritic: null,
    }));
    const summary = { accuracy: proportion(right.filter(Boolean).length, right.length), critic: null };
    await writeIterationFile(store, run, iteration, 'evaluation', {
      summary: summary as EvaluationSummary,
      gain: null,
    });
    await writeIterationFile(store, run, iteration, 'results', results);
    await writeIterationFile(store, run, iteration, 'selection', {
      counts: { accepted: 9, duplicates: 2, overCap: 1, shortcuts: 0 } as SelectionCounts,
      exploration: null,
      diversity: iteration === 0 ? null : diversity(rows),
      criticData: null,
    });
  }
}

describe('a study whose children left everything', () => {
  const before = '1'.repeat(30) + 'R'.repeat(10);
  const after = '1'.repeat(10) + 'R'.repeat(30);
  const steps = [
    step('loop', 'selfImprove'),
    step('vanilla', 'selfImprove'),
    step('critiques', 'buildCritiques'),
    step('critic', 'fineTune'),
    step('self-talk', 'selfTalk'),
    step('evaluate-sft', 'evaluate'),
    step('evaluate-sft-base-critic', 'evaluate'),
  ];
  const CANDIDATE = runFolder('critic-0a1b2c3d4e5f/candidate');
  const folder = (name: string) => steps.find((it) => it.step === name)!.run;

  beforeEach(async () => {
    await improved(folder('loop'), [before, after], [10, 10, 10, 30, 40]);
    await improved(folder('vanilla'), [before, before], [40, 40, 10, 5, 5]);
    await evaluated(folder('evaluate-sft'), many({ '1wR': 20, Rc: 20 }));
    await evaluated(folder('evaluate-sft-base-critic'), many({ '1c': 20, Rc: 20 }));
    await evaluated(runFolder('self-talk-0a1b2c3d4e5f/evaluate'), many({ 1: 30, R: 10 }), { critic: null });
    const { critiques, selfTalk, evidence } = sampleStudy();
    await writeJson(store, `${folder('critiques')}/statistics.json`, critiques);
    await writeJson(store, `${folder('self-talk')}/statistics.json`, { statistics: selfTalk } as WrittenTalks);
    await writeJson(store, `${folder('critic')}/comparison.json`, evidence.criticTraining);
    await writeJson(store, `${folder('evaluate-sft')}/report.json`, {
      stages: [
        { promptTokens: 5, completionTokens: 7 },
        { promptTokens: 50, completionTokens: 70 },
      ],
    });
    await writeJson(store, `${folder('loop')}/report.json`, {
      iterations: [
        { stages: [{ promptTokens: 1, completionTokens: 2 }] },
        { stages: [{ promptTokens: 3, completionTokens: 4 }] },
      ],
    });
    await store.write(`${folder('loop')}/report.html`, ['<!doctype html>']);
    await store.write(`${CANDIDATE}/report.html`, ['<!doctype html>']);
  });

  it('has the findings that these tell', async () => {
    const { study, finding, written } = await write(aTask(steps));
    expect(finding('critic-helps')).toMatchObject({ holds: 'yes' });
    expect(finding('critic-helps').measure[0]).toMatchObject({ value: 0.5, n: 40 });
    expect(finding('trained-critic-discriminates').measure[0]).toMatchObject({ value: 0.5, n: 40 });
    expect(finding('trained-critic-helps').measure[0]).toMatchObject({ value: 1, n: 20 });
    expect(finding('loop-beats-vanilla').measure[0]).toMatchObject({ value: 0.5, n: 40 });
    expect(finding('loop-keeps-rising').holds).toBe('yes');
    expect(finding('tail-widens').measure[0]!.value).toBeCloseTo(0.7 - 0.1, 12);
    expect(finding('two-players-beat-one')).toMatchObject({ holds: 'unclear' });
    expect(finding('gain-shrinks').holds).toBe('not measured');
    const counted = study.findings.map(({ id, claim, holds, why }) => ({ id, claim, holds, why }));
    expect(written.findings).toEqual(counted);
    expect(study.critiques?.total.kept).toBe(402);
    expect(study.selfTalk?.chains).toBe(400);
    const loop = study.evidence.iterations.loop[1]!;
    expect(loop.explored?.removed).toEqual({ duplicates: 2, overCap: 1, shortcuts: 0 });
    expect(loop.overPrevious).toEqual(
      pairedDifference(
        [...before].map((letter) => letter === 'R'),
        [...after].map((letter) => letter === 'R'),
      ),
    );
  });

  it('says what each child took, and links its page', async () => {
    const { study } = await write(aTask(steps));
    const of = (name: string) => study.steps.find((it) => it.step === name);
    expect(of('evaluate-sft')).toMatchObject({ tokens: { prompt: 55, completion: 77 }, report: null });
    expect(of('loop')).toMatchObject({
      tokens: { prompt: 4, completion: 6 },
      report: '../loop-0a1b2c3d4e5f/report.html',
    });
    expect(of('critic')).toMatchObject({ tokens: null, report: `${CANDIDATE.replace('runs', '..')}/report.html` });
  });

  it('can be written again to the last digit', async () => {
    await write(aTask(steps));
    const keys = studyKeys('runs/my-study');
    const read = async () => [await readJson(store, keys.json), await text(keys.html), await text(keys.csv)];
    const first = await read();
    const manifest = (await readJson<StudyManifest>(store, keys.manifest))!;
    const again = await renderStudyReport(store, manifest);
    expect(await read()).toEqual(first);
    expect(again.table).toContain('| Critique-in-the-loop self-improvement beats vanilla');
  });

  it('says what was not measured where steps are missing', async () => {
    const stopped = aTask(steps.slice(0, 1), { status: 'stopped', reason: 'enough' });
    const { study, finding } = await write(stopped);
    expect(study).toMatchObject({ status: 'stopped', reason: 'enough' });
    expect(finding('loop-keeps-rising').holds).toBe('yes');
    expect(study.findings.filter(({ holds }) => holds !== 'not measured').map(({ id }) => id)).toEqual([
      'loop-keeps-rising',
      'coverage-rises',
    ]);
    const { written } = await write(aTask([]));
    expect(written.headline).toEqual(['Nothing was measured.']);
  });

  it('leaves out a child that ended before it left anything', async () => {
    const { study } = await write(aTask([step('evaluate-loop', 'evaluate'), step('critic-lost', 'fineTune')]));
    expect(study.evidence.evaluations).toEqual({});
    expect(study.steps).toHaveLength(2);
  });
});

async function text(key: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(key)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
