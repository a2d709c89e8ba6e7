import { setCurrentDetails } from '@temporalio/workflow';
import type { ArtifactRef, ServedModel } from '../activities/index.ts';
import type { ShardResult, ShardTask, Tokens } from '../activities/shard.ts';
import type { OracleConfig } from '../config/oracle.ts';
import type { Gate } from '../method/gates.ts';
import { noneRight, oddWarnings } from '../method/warnings.ts';
import { generateCritiques, refineResponses, rewriteSteps, sampleResponses, smoothTalks } from './activities.ts';
import type { Budget } from './budget.ts';
import { tellParent } from './conductor.ts';
import type { StageReport } from './contract.ts';
import type { Control } from './control.ts';
import { cutShards, runShards, type StageResult, totals } from './shards.ts';
import { describeWarnings } from './warnings.ts';

/** Wall-clock seconds and tokens of one stage. */
export interface StageUse<Name extends string = string> {
  stage: Name;
  seconds: number;
  tokens: Tokens;
}

export interface StagesOptions {
  /** Folder of the run in the store. */
  run: string;
  /** Of these stages, in the run's: `iteration-1`, `samples`. The run's own unless it is said. */
  folder?: string;
  /** Who they belong to, in words for people: `iteration 1`. */
  label: string;
  seed: number;
  oracle: OracleConfig;
  /** Of each stage, at most. */
  shards?: number | undefined;
  /** What may be spent on models that have a price. */
  budget?: Budget;
  /** Who is told how far they are: the parent, unless it is said. */
  tell?: (report: StageReport) => void;
}

/** A report is an event in two histories: each stage begins with one, and then every third shard may, at this distance. */
const TELL_EVERY_MS = 10_000;

/** Stages of generation, each cut into shards, under the control of stop, pause and resume. */
export class Stages<Name extends string = string> {
  readonly used: StageUse<Name>[] = [];
  readonly #options: StagesOptions;
  readonly #control: Control;
  #toldAt = 0;

  constructor(options: StagesOptions, control: Control) {
    this.#options = options;
    this.#control = control;
  }

  async sample(
    stage: string,
    actor: ServedModel,
    what: { questions: ArtifactRef; samples: number; temperature: number },
  ): Promise<StageResult> {
    const tasks = cutShards(what.questions.rows, this.#options.shards).map((range, shard) => ({
      ...this.task(stage, shard, actor),
      ...range,
      ...what,
      oracle: this.#options.oracle,
    }));
    return await this.#answers(stage, what.questions.rows * what.samples, tasks, (task, summary) =>
      sampleResponses.executeWithOptions(summary, [task]),
    );
  }

  /**
   * @param what.next judges the refinements of the attempts: the next round of a chain
   * @param share of the attempts that this is about, for progress
   */
  async critique(
    stage: string,
    critic: ServedModel,
    what: { attempts: StageResult; gates: Gate[]; critiques: number; samples?: number; next?: boolean },
    share = 1,
  ): Promise<StageResult> {
    const { attempts, ...task } = what;
    const tasks = this.#tasksOn(attempts, stage, critic, task);
    const onlyWrong = what.gates.every((gate) => gate === 'oracle');
    const rows = onlyWrong ? attempts.rows - attempts.correct : attempts.rows;
    const total = Math.round(rows * share) * what.critiques;
    return await this.run(stage, total, tasks, (task, summary) =>
      generateCritiques.executeWithOptions(summary, [task]),
    );
  }

  async refine(
    stage: string,
    actor: ServedModel,
    what: { critiqued: StageResult; gates: Gate[]; refinements: number; temperature: number; samples?: number },
    share = 1,
  ): Promise<StageResult> {
    const { critiqued, ...task } = what;
    const tasks = this.#tasksOn(critiqued, stage, actor, { ...task, oracle: this.#options.oracle });
    return await this.#answers(stage, Math.round(critiqued.rows * share) * what.refinements, tasks, (task, summary) =>
      refineResponses.executeWithOptions(summary, [task]),
    );
  }

  /** Flawed solutions again from their first wrong step. */
  async rewrite(
    stage: string,
    actor: ServedModel,
    what: { critiqued: StageResult; temperature: number },
  ): Promise<StageResult> {
    const { critiqued, ...task } = what;
    const tasks = this.#tasksOn(critiqued, stage, actor, { ...task, oracle: this.#options.oracle });
    return await this.#answers(stage, critiqued.rows, tasks, (task, summary) =>
      rewriteSteps.executeWithOptions(summary, [task]),
    );
  }

  /** One text of each chain. */
  async smooth(
    stage: string,
    smoother: ServedModel,
    what: { chains: ArtifactRef; patienceMinutes: number },
  ): Promise<StageResult> {
    const tasks = cutShards(what.chains.rows, this.#options.shards).map((range, shard) => ({
      ...this.task(stage, shard, smoother),
      ...range,
      ...what,
      oracle: this.#options.oracle,
    }));
    return await this.run(stage, what.chains.rows, tasks, (task, summary) =>
      smoothTalks.executeWithOptions(summary, [task]),
    );
  }

  /** Runs something as one stage of the run; null where it was stopped before it had anything. Pauses are not counted. */
  async timed<T extends { tokens: Tokens }>(stage: Name, work: () => Promise<T>): Promise<T | null> {
    let milliseconds = 0;
    const result = await this.#control.stage(async () => {
      const started = Date.now();
      return await work().finally(() => {
        milliseconds += Date.now() - started;
      });
    });
    if (result) this.used.push({ stage, seconds: milliseconds / 1000, tokens: result.tokens });
    return result;
  }

  /** Notes a stage that generates nothing and began at `started`, in milliseconds since the epoch. */
  use(stage: Name, started: number): void {
    const seconds = (Date.now() - started) / 1000;
    this.used.push({ stage, seconds, tokens: { prompt: 0, completion: 0 } });
  }

  summary(what: string): { summary: string } {
    return { summary: this.#named(what) };
  }

  tell(report: Pick<StageReport, 'stage' | 'rows'> & Partial<StageReport>): void {
    this.#toldAt = Date.now();
    const warnings = this.#control.warnings.texts;
    const full = { tokens: { prompt: 0, completion: 0 }, tokensPerSecond: null, etaSeconds: null, warnings, ...report };
    const { label, tell = tellParent } = this.#options;
    const title = `${label[0]!.toUpperCase()}${label.slice(1)}`;
    setCurrentDetails(
      `${title}, ${full.stage}: ${full.rows.done} of ${full.rows.total} rows${describeWarnings(warnings)}`,
    );
    tell(full);
  }

  /** Runs the shards of a stage and tells how far it is. */
  async run<Task extends ShardTask>(
    stage: string,
    total: number,
    tasks: Task[],
    execute: (task: Task, options: { summary: string }) => Promise<ShardResult>,
  ): Promise<StageResult> {
    const started = Date.now();
    this.tell({ stage, rows: { done: 0, total } });
    const result = await runShards(
      this.#control,
      tasks,
      (task, shard) => execute(task, this.summary(`${stage}, shard ${shard + 1} of ${tasks.length}`)),
      (done) => {
        if (Date.now() - this.#toldAt < TELL_EVERY_MS || done.length % 3 !== 0) return;
        const { rows, tokens } = totals(done);
        const seconds = (Date.now() - started) / 1000;
        this.tell({
          stage,
          rows: { done: rows, total },
          tokens,
          tokensPerSecond: seconds > 0 ? Math.round(tokens.completion / seconds) : null,
          etaSeconds: Math.round((seconds * (tasks.length - done.length)) / done.length),
        });
      },
      this.#options.budget,
    );
    const asked = tasks[0]?.model.config;
    if (asked && !this.#control.interrupted)
      this.#control.warnings.add(...oddWarnings(this.#named(stage), result, asked));
    return result;
  }

  /** A stage whose texts answer questions. */
  async #answers<Task extends ShardTask>(...what: Parameters<typeof this.run<Task>>): Promise<StageResult> {
    const result = await this.run(...what);
    if (!this.#control.interrupted) this.#control.warnings.add(...noneRight(this.#named(what[0]), result));
    return result;
  }

  #named(stage: string): string {
    return `${this.#options.label}, ${stage}`;
  }

  /** One for each shard that another stage made. */
  #tasksOn<Rest>(made: StageResult, stage: string, model: ServedModel, rest: Rest) {
    return artifacts(made).map((attempts, shard) => ({ ...this.task(stage, shard, model), ...rest, attempts }));
  }

  /** What every shard is told. */
  task(stage: string, shard: number, model: ServedModel): ShardTask {
    const { run, folder, seed } = this.#options;
    return { run, stage: folder === undefined ? stage : `${folder}/${stage}`, shard, seed, model };
  }
}

export const artifacts = (stage: StageResult): ArtifactRef[] => stage.shards.map(({ artifact }) => artifact);
