import { getExternalWorkflowHandle, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { ArtifactRef, CheckpointRef, ServedModel } from '../activities/index.ts';
import type { Exploration, SelectedRows } from '../activities/select-training-rows.ts';
import type { ShardResult, ShardTask, Tokens } from '../activities/shard.ts';
import type { Gate } from '../method/gates.ts';
import {
  generateCritiques,
  refineResponses,
  sampleResponses,
  scoreEvaluation,
  selectTrainingRows,
  submitFineTune,
} from './activities.ts';
import { type StageReport, stageSignal } from './contract.ts';
import type { Control } from './control.ts';
import type { IterateInput, IterationResult } from './iterate.ts';
import { cutShards, runShards, type StageResult, totals } from './shards.ts';

/** Wall-clock seconds and tokens of one stage. */
export interface StageUse {
  stage: 'sample' | 'critique' | 'refine' | 'select' | 'fine-tune' | 'evaluate';
  seconds: number;
  tokens: Tokens;
}

/** A report is an event in two histories: each stage begins with one, and then every third shard may, at this distance. */
const TELL_EVERY_MS = 10_000;

/** The stages of one iteration, each under the control of stop, pause and resume. */
export class Iteration {
  readonly stages: StageUse[] = [];
  readonly #input: IterateInput;
  readonly #control: Control;
  readonly #folder: string;
  #toldAt = 0;

  constructor(input: IterateInput, control: Control) {
    this.#input = input;
    this.#control = control;
    this.#folder = `iteration-${input.iteration}`;
  }

  /** Samples from the pool and, with a critic, critiques and refines what the oracle calls wrong. Null: stopped before any row. */
  async explore(actor: CheckpointRef): Promise<Exploration | null> {
    const { config, datasets } = this.#input;
    const sampled = await this.#timed('sample', () =>
      this.#sample('sample', datasets.questions, actor, config.samples, config.actor.temperature),
    );
    if (!sampled || sampled.shards.length === 0) return null;
    const exploration: Exploration = { sampled: artifacts(sampled), critiqued: [], refined: [] };
    if (!config.critic) return exploration;
    const critiqued = await this.#timed('critique', () =>
      this.#critique('critique', sampled, 'oracle', config.critiques),
    );
    if (!critiqued) return exploration;
    exploration.critiqued = artifacts(critiqued);
    const refined = await this.#timed('refine', () =>
      this.#refine('refine', critiqued, actor, 'oracle', config.refinementsPerCritique, config.actor.temperature),
    );
    if (refined) exploration.refined = artifacts(refined);
    return exploration;
  }

  /** Also after a stop: what was explored so far becomes a usable dataset. */
  async select(exploration: Exploration | null): Promise<SelectedRows | null> {
    const { run, iteration, config, datasets, previous } = this.#input;
    const started = Date.now();
    const selected = await selectTrainingRows.executeWithOptions(this.#summary('select'), [
      { run, iteration, config, datasets, exploration, previous },
    ]);
    this.#use('select', started, { prompt: 0, completion: 0 });
    return selected;
  }

  async fineTune(selected: SelectedRows): Promise<CheckpointRef | null> {
    const { run, iteration, config } = this.#input;
    const started = Date.now();
    this.#tell({ stage: 'fine-tune', rows: { done: 0, total: selected.sft.rows } });
    const result = await this.#control.stage(() =>
      submitFineTune.executeWithOptions(this.#summary('fine-tune'), [
        {
          report: { run, iteration },
          output: `${run}/${this.#folder}/fine-tune`,
          name: `${run.replace(/^runs\//, '')}-${this.#folder}`,
          base: config.actor.base,
          data: selected.sft.uri,
          seed: config.seed,
          training: config.training,
        },
      ]),
    );
    if (result) this.#use('fine-tune', started, { prompt: 0, completion: 0 });
    return result?.checkpoint ?? null;
  }

  /** Greedy responses to the test set; with a critic also their critiques and gated refinements. */
  async evaluate(actor: CheckpointRef): Promise<Pick<IterationResult, 'evaluation' | 'evaluated' | 'attempts'> | null> {
    const { run, iteration, config, datasets, baseline } = this.#input;
    return await this.#timed('evaluate', async () => {
      const sampled = await this.#sample('evaluate/sample', datasets.test, actor, 1, 0);
      const withCritic = config.critic !== null && config.evaluation.withCritic;
      const { gate } = config.evaluation;
      const critiqued = withCritic ? await this.#critique('evaluate/critique', sampled, gate, 1) : null;
      const refined = critiqued ? await this.#refine('evaluate/refine', critiqued, actor, gate, 1, 0) : null;
      const evaluated = artifacts(sampled);
      const evaluation = await scoreEvaluation.executeWithOptions(this.#summary('evaluate, score'), [
        {
          run,
          iteration,
          sampled: evaluated,
          critiqued: critiqued && artifacts(critiqued),
          refined: refined && artifacts(refined),
          baseline,
        },
      ]);
      const stages = [sampled, critiqued, refined].filter((stage) => stage !== null);
      const { tokens } = totals(stages.flatMap(({ shards }) => shards));
      return { evaluation, evaluated, attempts: stages.flatMap(artifacts), tokens };
    });
  }

  async #sample(
    stage: string,
    questions: ArtifactRef,
    actor: CheckpointRef,
    samples: number,
    temperature: number,
  ): Promise<StageResult> {
    const tasks = cutShards(questions.rows).map((range, shard) => ({
      ...this.#task(stage, shard, this.#actor(actor)),
      ...range,
      questions,
      samples,
      temperature,
      oracle: this.#input.config.oracle,
    }));
    const total = questions.rows * samples;
    return await this.#run(stage, total, tasks, (task, summary) => sampleResponses.executeWithOptions(summary, [task]));
  }

  async #critique(stage: string, attempts: StageResult, gate: Gate, critiques: number): Promise<StageResult> {
    const critic: ServedModel = { config: this.#input.config.critic!, checkpoint: null };
    const tasks = artifacts(attempts).map((artifact, shard) => ({
      ...this.#task(stage, shard, critic),
      attempts: artifact,
      gate,
      critiques,
    }));
    const total = (gate === 'oracle' ? attempts.rows - attempts.correct : attempts.rows) * critiques;
    return await this.#run(stage, total, tasks, (task, summary) =>
      generateCritiques.executeWithOptions(summary, [task]),
    );
  }

  async #refine(
    stage: string,
    critiqued: StageResult,
    actor: CheckpointRef,
    gate: Gate,
    refinements: number,
    temperature: number,
  ): Promise<StageResult> {
    const tasks = artifacts(critiqued).map((artifact, shard) => ({
      ...this.#task(stage, shard, this.#actor(actor)),
      attempts: artifact,
      gate,
      refinements,
      temperature,
      oracle: this.#input.config.oracle,
    }));
    const total = critiqued.rows * refinements;
    return await this.#run(stage, total, tasks, (task, summary) => refineResponses.executeWithOptions(summary, [task]));
  }

  /** Runs the shards of a stage and tells how far it is. */
  async #run<Task>(
    stage: string,
    total: number,
    tasks: Task[],
    execute: (task: Task, options: { summary: string }) => Promise<ShardResult>,
  ): Promise<StageResult> {
    const started = Date.now();
    this.#tell({ stage, rows: { done: 0, total } });
    return await runShards(
      this.#control,
      tasks,
      (task, shard) => execute(task, this.#summary(`${stage}, shard ${shard + 1} of ${tasks.length}`)),
      (done) => {
        if (Date.now() - this.#toldAt < TELL_EVERY_MS || done.length % 3 !== 0) return;
        const { rows, tokens } = totals(done);
        const seconds = (Date.now() - started) / 1000;
        this.#tell({
          stage,
          rows: { done: rows, total },
          tokens,
          tokensPerSecond: seconds > 0 ? Math.round(tokens.completion / seconds) : null,
          etaSeconds: Math.round((seconds * (tasks.length - done.length)) / done.length),
        });
      },
    );
  }

  async #timed<T extends { tokens: Tokens }>(stage: StageUse['stage'], work: () => Promise<T>): Promise<T | null> {
    const started = Date.now();
    const result = await this.#control.stage(work);
    if (result) this.#use(stage, started, result.tokens);
    return result;
  }

  #use(stage: StageUse['stage'], started: number, tokens: Tokens): void {
    this.stages.push({ stage, seconds: (Date.now() - started) / 1000, tokens });
  }

  #task(stage: string, shard: number, model: ServedModel): ShardTask {
    const { run, config } = this.#input;
    return { run, stage: `${this.#folder}/${stage}`, shard, seed: config.seed, model };
  }

  #actor(checkpoint: CheckpointRef): ServedModel {
    return { config: this.#input.config.actor, checkpoint };
  }

  #summary(what: string): { summary: string } {
    return { summary: `iteration ${this.#input.iteration}, ${what}` };
  }

  #tell(
    report: Omit<StageReport, 'iteration' | 'tokens' | 'tokensPerSecond' | 'etaSeconds'> & Partial<StageReport>,
  ): void {
    const { parent } = workflowInfo();
    this.#toldAt = Date.now();
    const full: StageReport = {
      iteration: this.#input.iteration,
      tokens: { prompt: 0, completion: 0 },
      tokensPerSecond: null,
      etaSeconds: null,
      ...report,
    };
    setCurrentDetails(`Iteration ${full.iteration}, ${full.stage}: ${full.rows.done} of ${full.rows.total} rows`);
    if (parent)
      void getExternalWorkflowHandle(parent.workflowId)
        .signal(stageSignal, full)
        .catch(() => {});
  }
}

const artifacts = (stage: StageResult) => stage.shards.map(({ artifact }) => artifact);
