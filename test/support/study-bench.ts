import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { bundleWorkflows } from '../../scripts/bundle.mjs';
import { withFailures } from '../../src/activities/failures.ts';
import { type PrepareTask, prepareChild } from '../../src/activities/study/prepare-child.ts';
import { awaitResult, keepResult } from '../../src/activities/study/results.ts';
import type { ChildType } from '../../src/activities/study/steps.ts';
import { validateStudy } from '../../src/activities/validate-study.ts';
import type { StudyTask } from '../../src/activities/write-study.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import type { StudyInput } from '../../src/config/study.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import type { study } from '../../src/workflows/study.ts';
import type { StudyHandle } from './bench.ts';
import { emptyCheckpoint } from './run-input.ts';
import type { ChildTask } from './study-children.ts';
import { aStudy, type StudyShape } from './study-input.ts';
import { installLogger } from './workers.ts';

/** The real workflow and its activities, and children that do what a test says. */
export class StudyBench {
  client!: Client;
  store!: FolderStore;
  folder!: string;
  /** Children that were run, in order. */
  ran: ChildTask[] = [];
  reports: StudyTask[] = [];
  /** Comes before a child's result. */
  before: (task: ChildTask) => Promise<void> | void = () => {};
  readonly #handles: StudyHandle[] = [];
  #actorFolder!: string;

  static use(address: () => string): StudyBench {
    const bench = new StudyBench();
    const close: (() => Promise<unknown>)[] = [];
    beforeAll(async () => {
      installLogger();
      bench.folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
      bench.#actorFolder = await emptyCheckpoint(join(bench.folder, 'actor'));
      bench.store = new FolderStore(join(bench.folder, 'store'));
      bench.client = new Client({ connection: await Connection.connect({ address: address() }), identity: 'test' });
      const connection = await NativeConnection.connect({ address: address() });
      const code = await bundleWorkflows(join(import.meta.dirname, 'study-children.ts'));
      const options = { connection, namespace: 'default' };
      const workers = await Promise.all([
        Worker.create({ ...options, taskQueue: QUEUES.workflows, workflowBundle: { code } }),
        Worker.create({ ...options, taskQueue: QUEUES.cpu, activities: bench.#activities() }),
      ]);
      const done = Promise.all(workers.map((worker) => worker.run()));
      close.push(async () => {
        for (const worker of workers) worker.shutdown();
        await done;
        await connection.close();
        await bench.client.connection.close();
      });
    });
    afterEach(async () => {
      bench.before = () => {};
      bench.ran = [];
      bench.reports = [];
      for (const handle of bench.#handles.splice(0)) await handle.terminate().catch(() => {});
    });
    afterAll(async () => {
      for (const step of close) await step();
      await rm(bench.folder, { recursive: true, force: true });
    });
    return bench;
  }

  input(shape: Partial<StudyShape> = {}): StudyInput {
    return aStudy({ actorFolder: this.#actorFolder, url: 'http://127.0.0.1:1/v1', ...shape });
  }

  async start(workflowId: string, input: unknown): Promise<StudyHandle> {
    await this.client.workflow.start('study', { workflowId, taskQueue: QUEUES.workflows, args: [input] });
    const handle = this.client.workflow.getHandle<typeof study>(workflowId);
    this.#handles.push(handle);
    return handle;
  }

  /** Keeps the children of one kind waiting until they are let go. */
  hold(type: ChildType): { reached: Promise<ChildTask>; release: () => void } {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<ChildTask>((resolve) => {
      this.before = async (task) => {
        if (task.type !== type) return;
        resolve(task);
        await Promise.race([released, Context.current().cancelled]);
      };
    });
    return { reached, release };
  }

  #activities() {
    const deps = { store: this.store, hasSearchAttributes: async () => false };
    return {
      validateStudy: withFailures((input: unknown) => validateStudy(deps, input)),
      prepareChild: withFailures((task: PrepareTask) => prepareChild(deps, task)),
      keepResult: withFailures((kept: { workflowId: string; result: unknown }) => keepResult(deps, kept)),
      awaitResult: withFailures((awaited: { workflowId: string }) => awaitResult(deps, awaited)),
      runChild: async (task: ChildTask) => {
        this.ran.push(task);
        await this.before(task);
        return resultOf(task);
      },
      writeStudy: async (task: StudyTask) => {
        this.reports.push(task);
        return { path: 'report.html', table: '', headline: ['what was found'], findings: [] };
      },
    };
  }
}

/** Says where it left what it would have made; the content goes with the name. */
function resultOf({ type, workflowId }: ChildTask): object {
  const stored = (name: string) => ({ uri: `runs/${workflowId}/${name}`, sha256: `${workflowId}/${name}`, rows: 5 });
  const iteration = (name: string) => ({ iteration: 0, ...stored(name) });
  const said: Record<string, object> = {
    selfImprove: {
      iterations: [],
      checkpoint: stored('last'),
      checkpoints: [iteration('first')],
      datasets: [iteration('sft.jsonl')],
    },
    buildCritiques: {
      kept: 8,
      annotated: 10,
      datasets: { critic: stored('critic'), refine: stored('refine'), selfCorrection: stored('self') },
    },
    fineTune: { checkpoint: stored('checkpoint'), rows: 5, evaluation: null },
    selfTalk: { checkpoint: stored('checkpoint') },
    evaluate: { headline: [`measured by ${workflowId}`] },
  };
  return { run: workflowId, status: 'completed', warnings: [], ...said[type] };
}
