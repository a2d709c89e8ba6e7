import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import type { buildCritiques } from '../../src/workflows/build-critiques.ts';
import type { Progress } from '../../src/workflows/contract.ts';
import type { evaluate } from '../../src/workflows/evaluate.ts';
import type { fineTune } from '../../src/workflows/fine-tune.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import type { selfImprove } from '../../src/workflows/self-improve.ts';
import type { selfTalk } from '../../src/workflows/self-talk.ts';
import type { study } from '../../src/workflows/study.ts';
import { FakeOpenAi, type FakeOptions } from './fake-openai.ts';
import { saveHistories } from './histories.ts';
import { allQuestions, aRun, emptyCheckpoint, type RunShape } from './run-input.ts';
import { startTestWorkers, type TestWorkers, type TestWorkersOptions } from './workers.ts';

export type RunHandle = WorkflowHandle<typeof selfImprove>;
export type FineTuneHandle = WorkflowHandle<typeof fineTune>;
export type CritiquesHandle = WorkflowHandle<typeof buildCritiques>;
export type StudyHandle = WorkflowHandle<typeof study>;
export type EvaluationHandle = WorkflowHandle<typeof evaluate>;
export type SelfTalkHandle = WorkflowHandle<typeof selfTalk>;

/** Workers, a store and fake engines for the tests of one file, and what every such test does with them. */
export class Bench {
  client!: Client;
  workers!: TestWorkers;
  folder!: string;
  actorFolder!: string;
  readonly #fakes: FakeOpenAi[] = [];
  readonly #handles: Pick<WorkflowHandle, 'terminate'>[] = [];

  /** @param address asked when the file's tests begin @param options of its workers; their store is a folder by default */
  static use(
    address: () => string,
    options: Pick<TestWorkersOptions, 'roles' | 'maxCachedWorkflows'> & { store?: string } = {},
  ): Bench {
    const bench = new Bench();
    beforeAll(async () => {
      bench.folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
      bench.actorFolder = await emptyCheckpoint(join(bench.folder, 'actor'));
      bench.client = new Client({ connection: await Connection.connect({ address: address() }), identity: 'test' });
      const store = join(bench.folder, 'store');
      const cache = join(bench.folder, 'cache');
      bench.workers = await startTestWorkers({ address: address(), store, cache, ...options });
    });
    afterEach(async () => {
      bench.workers.before = () => {};
      bench.workers.training.held = false;
      for (const handle of bench.#handles.splice(0)) await handle.terminate().catch(() => {});
      for (const fake of bench.#fakes.splice(0)) await fake.close();
    });
    afterAll(async () => {
      await bench.workers.shutdown();
      await bench.client.connection.close();
      await rm(bench.folder, { recursive: true, force: true });
    });
    return bench;
  }

  /** An engine that is closed after the test. @param port one that another had */
  async fake(options: Partial<FakeOptions> = {}, port = 0): Promise<FakeOpenAi> {
    const all = { questions: allQuestions(), store: this.workers.store.root, ...options };
    const fake = await FakeOpenAi.start(all, port);
    this.#fakes.push(fake);
    return fake;
  }

  input(fake: FakeOpenAi, shape: Partial<RunShape> = {}): SelfImproveInput {
    return aRun({ actorFolder: this.actorFolder, url: fake.url, ...shape });
  }

  /** Starts a run; one that still runs after the test is terminated. */
  async start(workflowId: string, input: unknown): Promise<RunHandle> {
    return await this.#start<typeof selfImprove>('selfImprove', workflowId, input);
  }

  /** The same for `evaluate`. */
  async startEvaluation(workflowId: string, input: unknown): Promise<EvaluationHandle> {
    return await this.#start<typeof evaluate>('evaluate', workflowId, input);
  }

  /** The same for `fineTune`. */
  async startFineTune(workflowId: string, input: unknown): Promise<FineTuneHandle> {
    return await this.#start<typeof fineTune>('fineTune', workflowId, input);
  }

  /** The same for `selfTalk`. */
  async startSelfTalk(workflowId: string, input: unknown): Promise<SelfTalkHandle> {
    return await this.#start<typeof selfTalk>('selfTalk', workflowId, input);
  }

  /** The same for `buildCritiques`. */
  async startCritiques(workflowId: string, input: unknown): Promise<CritiquesHandle> {
    return await this.#start<typeof buildCritiques>('buildCritiques', workflowId, input);
  }

  /** The same for `study`. */
  async startStudy(workflowId: string, input: unknown): Promise<StudyHandle> {
    return await this.#start<typeof study>('study', workflowId, input);
  }

  async #start<W extends Workflow>(type: string, workflowId: string, input: unknown): Promise<WorkflowHandle<W>> {
    await this.client.workflow.start(type, { workflowId, taskQueue: QUEUES.workflows, args: [input] });
    return this.follow(this.client.workflow.getHandle<W>(workflowId));
  }

  follow<Handle extends Pick<WorkflowHandle, 'terminate'>>(handle: Handle): Handle {
    this.#handles.push(handle);
    return handle;
  }

  async progress(handle: RunHandle): Promise<Progress> {
    return await handle.query<Progress>('progress');
  }

  /** Rows of an artifact, or of several of the same folder by the end of their names. */
  async rows<Row>(uri: string): Promise<Row[]> {
    const text = await readFile(this.workers.store.path(uri), 'utf8');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
  }

  /** The finished rows of a stage, `iteration-1/sample` for instance, over all its shards; with `part`, the unfinished shards'. */
  async stage<Row>(runId: string, stage: string, part: 'whole' | 'part' = 'whole'): Promise<Row[]> {
    const folder = `runs/${runId}/${stage}`;
    const names = await readdir(this.workers.store.path(folder)).catch(() => []);
    const wanted = names.filter((name) => (part === 'part' ? /\.part\.jsonl$/ : /shard-\d+\.jsonl$/).test(name)).sort();
    // Of a shard that was cut short more than once, the newest.
    const newest = [...new Map(wanted.map((name) => [name.split('.')[0], name])).values()];
    return (await Promise.all(newest.map((name) => this.rows<Row>(`${folder}/${name}`)))).flat();
  }

  /** Keeps the run's histories for test/replay, when they are being recorded. */
  async record(name: string, handle: Pick<WorkflowHandle, 'workflowId'>): Promise<void> {
    await saveHistories(this.client, name, handle.workflowId);
  }

  async reportText(runId: string): Promise<string> {
    return await readFile(this.workers.store.path(`runs/${runId}/report.html`), 'utf8');
  }
}

/** SHA-256 of all rows of a run, whatever the run was called: equal for two runs that generated and selected the same. */
export async function fingerprint(storeRoot: string, runId: string): Promise<string> {
  const root = join(storeRoot, 'runs', runId);
  const files = (await readdir(root, { recursive: true }))
    .filter((name) => /(shard-\d+|sft)\.jsonl$/.test(name))
    .sort();
  const hash = createHash('sha256');
  for (const name of files) {
    const text = await readFile(join(root, name), 'utf8');
    hash.update(`${name}\n${text.replaceAll(/"model":"[^"]*"/g, '"model":""')}`);
  }
  return hash.digest('hex');
}

export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  ms = 15_000,
): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until) throw new Error(`${what} did not happen within ${ms / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
