import type { Exploration } from '../activities/explored-questions.ts';
import type { ArtifactRef, CheckpointRef, ServedModel } from '../activities/index.ts';
import type { SelectedRows } from '../activities/select-training-rows.ts';
import type { FineTuneTask } from '../activities/submit-fine-tune.ts';
import type { Gate } from '../method/gates.ts';
import { leftOut } from '../method/warnings.ts';
import { scoreEvaluation, selectTrainingRows, submitFineTune } from './activities.ts';
import type { Control } from './control.ts';
import type { IterateInput, IterationResult } from './iterate.ts';
import { refusal } from './requests.ts';
import { totals } from './shards.ts';
import { artifacts, Stages, type StageUse } from './stages.ts';

export type IterationStage =
  | 'sample'
  | 'critique'
  | 'refine'
  | 'select'
  | 'fine-tune'
  | 'critic-fine-tune'
  | 'evaluate';

/** The stages of one iteration, each under the control of stop, pause and resume. */
export class Iteration {
  readonly #input: IterateInput;
  readonly #control: Control;
  readonly #folder: string;
  readonly #stages: Stages<IterationStage>;

  constructor(input: IterateInput, control: Control) {
    this.#input = input;
    this.#control = control;
    this.#folder = `iteration-${input.iteration}`;
    const { run, iteration, config } = input;
    const { seed, oracle, shards } = config;
    const label = `iteration ${iteration}`;
    this.#stages = new Stages({ run, folder: this.#folder, label, seed, oracle, shards }, control);
  }

  get stages(): StageUse<IterationStage>[] {
    return this.#stages.used;
  }

  /** Samples from the pool and, with a critic, critiques and refines what the oracle calls wrong. Null: stopped before any row. */
  async explore(actor: CheckpointRef): Promise<Exploration | null> {
    const { config, datasets } = this.#input;
    const { samples, critiques, refinementsPerCritique: refinements } = config;
    const { temperature } = config.actor;
    const sampled = await this.#stages.timed('sample', () =>
      this.#stages.sample('sample', this.#actor(actor), { questions: datasets.questions, samples, temperature }),
    );
    if (!sampled || sampled.shards.length === 0) return null;
    const exploration: Exploration = { sampled: artifacts(sampled), critiqued: [], refined: [] };
    if (!config.critic) return exploration;
    const gates: Gate[] = ['oracle'];
    const critiqued = await this.#stages.timed('critique', () =>
      this.#stages.critique('critique', this.#critic(this.#input.critic), { attempts: sampled, gates, critiques }),
    );
    if (!critiqued) return exploration;
    exploration.critiqued = artifacts(critiqued);
    const refined = await this.#stages.timed('refine', () =>
      this.#stages.refine('refine', this.#actor(actor), { critiqued, gates, refinements, temperature }),
    );
    if (refined) exploration.refined = artifacts(refined);
    return exploration;
  }

  /** Also after a stop: what was explored so far becomes a usable dataset. */
  async select(exploration: Exploration | null): Promise<SelectedRows | null> {
    const { run, iteration, config, datasets, previous } = this.#input;
    const started = Date.now();
    const selected = await selectTrainingRows.executeWithOptions(this.#stages.summary('select'), [
      { run, iteration, config, datasets, exploration, previous },
    ]);
    this.#stages.use('select', started);
    if (exploration && selected.accepted === 0 && !this.#control.stop)
      this.#control.warnings.add(
        `iteration ${iteration}: nothing that was explored is accepted, so it trains on what there was before`,
      );
    return selected;
  }

  async fineTune({ sft }: SelectedRows): Promise<CheckpointRef | null> {
    const { actor, training } = this.#input.config;
    return await this.#train('fine-tune', { base: actor.base, data: sft, training, file: 'training', suffix: '' });
  }

  /** From its base, as the actor is from its own. */
  async retrainCritic(data: ArtifactRef): Promise<CheckpointRef | null> {
    const { model, retrain } = this.#input.config.critic!;
    const { base = model, training } = retrain!;
    return await this.#train('critic-fine-tune', { base, data, training, file: 'critic-training', suffix: '-critic' });
  }

  async #train(
    stage: 'fine-tune' | 'critic-fine-tune',
    what: Pick<FineTuneTask, 'base' | 'training'> & {
      data: ArtifactRef;
      file: NonNullable<FineTuneTask['report']>['file'];
      suffix: string;
    },
  ): Promise<CheckpointRef | null> {
    const { run, iteration, config } = this.#input;
    const { base, training, data, file, suffix } = what;
    if (data.rows === 0 && !this.#control.stop)
      throw refusal('NoRows', `iteration ${iteration}, ${stage}: there are no rows to train on`);
    const started = Date.now();
    this.#stages.tell({ stage, rows: { done: 0, total: data.rows } });
    const result = await this.#control.stage(() =>
      submitFineTune.executeWithOptions(this.#stages.summary(stage), [
        {
          report: { run, iteration, file },
          output: `${run}/${this.#folder}/${stage}`,
          name: `${run.replace(/^runs\//, '')}-${this.#folder}${suffix}`,
          base,
          data: data.uri,
          seed: config.seed,
          training,
        },
      ]),
    );
    if (result) {
      this.#stages.use(stage, started);
      this.#control.warnings.add(...leftOut(`iteration ${iteration}, ${stage}`, result));
    }
    return result?.checkpoint ?? null;
  }

  /** Greedy responses to the test set; with a critic also their critiques and gated refinements. */
  async evaluate(
    actor: CheckpointRef,
    critic: CheckpointRef | null,
  ): Promise<Pick<IterationResult, 'evaluation' | 'evaluated' | 'attempts'> | null> {
    const { run, iteration, config, datasets, baseline } = this.#input;
    const stages = this.#stages;
    return await stages.timed('evaluate', async () => {
      const served = this.#actor(actor);
      const greedy = { samples: 1, temperature: 0 };
      const sampled = await stages.sample('evaluate/sample', served, { questions: datasets.test, ...greedy });
      const withCritic = config.critic !== null && config.evaluation.withCritic;
      const gates = [config.evaluation.gate];
      const critiqued = withCritic
        ? await stages.critique('evaluate/critique', this.#critic(critic), { attempts: sampled, gates, critiques: 1 })
        : null;
      const refined = critiqued
        ? await stages.refine('evaluate/refine', served, { critiqued, gates, refinements: 1, temperature: 0 })
        : null;
      const evaluated = artifacts(sampled);
      const { warnings = [], ...evaluation } = await scoreEvaluation.executeWithOptions(
        this.#stages.summary('evaluate, score'),
        [
          {
            run,
            iteration,
            sampled: evaluated,
            critiqued: critiqued && artifacts(critiqued),
            refined: refined && artifacts(refined),
            baseline,
          },
        ],
      );
      this.#control.warnings.add(...warnings.map((text) => `iteration ${iteration}: ${text}`));
      const done = [sampled, critiqued, refined].filter((stage) => stage !== null);
      const { tokens } = totals(done.flatMap(({ shards }) => shards));
      return { evaluation, evaluated, attempts: done.flatMap(artifacts), tokens };
    });
  }

  #critic(checkpoint: CheckpointRef | null): ServedModel {
    const { retrain: _, ...config } = this.#input.config.critic!;
    return { config, checkpoint };
  }

  #actor(checkpoint: CheckpointRef): ServedModel {
    return { config: this.#input.config.actor, checkpoint };
  }
}
