import type { ChooseTask, ChosenPaths } from '../activities/choose-paths.ts';
import type { CritiqueStage } from '../activities/critique-files.ts';
import type { ArtifactRef, ServedModel } from '../activities/index.ts';
import type { PlannedFlaws } from '../activities/plan-flaws.ts';
import type { ValidatedRun } from '../activities/validate-input.ts';
import type { BuildCritiquesConfig, WriterConfig } from '../config/build-critiques.ts';
import { annotateExactly, annotatePaths, choosePaths, continuePaths, planFlaws, writeMistakes } from './activities.ts';
import type { Budget } from './budget.ts';
import { beginning, type Conductor } from './conductor.ts';
import { type StageResult, totals } from './shards.ts';
import { Stages, type StageUse } from './stages.ts';

/** The stages of a `buildCritiques`; those that generate give null where they were stopped before their first row. */
export class CritiqueStages {
  readonly #run: ValidatedRun<BuildCritiquesConfig>;
  readonly #conductor: Conductor;
  readonly #stages: Stages<CritiqueStage>;
  #descriptions: PlannedFlaws['descriptions'] = {};

  constructor(run: ValidatedRun<BuildCritiquesConfig>, budget: Budget, conductor: Conductor) {
    const { seed, oracle, shards } = run.config;
    this.#run = run;
    this.#conductor = conductor;
    this.#stages = new Stages(
      { run: run.folder, label: 'critiques', seed, oracle, shards, budget, tell: (report) => conductor.tell(report) },
      conductor.control,
    );
  }

  get used(): StageUse<CritiqueStage>[] {
    return this.#stages.used;
  }

  async sample(actor: ServedModel, questions: ArtifactRef): Promise<StageResult | null> {
    const { samples, temperature } = this.#run.config;
    return await this.#stages.timed('sample', () =>
      this.#stages.sample('sample', actor, { questions, samples, temperature }),
    );
  }

  async plan(sampled: ArtifactRef[]): Promise<PlannedFlaws> {
    this.#conductor.tell(beginning('plan'));
    const plans = await planFlaws.executeWithOptions(this.#stages.summary('plan flaws'), [
      { run: this.#run.folder, config: this.#run.config, sampled },
    ]);
    this.#descriptions = plans.descriptions;
    return plans;
  }

  async writeMistakes(writer: WriterConfig, plans: ArtifactRef[]): Promise<StageResult | null> {
    const model: ServedModel = { config: writer, checkpoint: null };
    const { patienceMinutes } = writer;
    const tasks = plans.map((plans, shard) => ({
      ...this.#stages.task('mistakes', shard, model),
      plans,
      descriptions: this.#descriptions,
      patienceMinutes,
    }));
    return await this.#stages.timed('mistakes', () =>
      this.#stages.run('mistakes', rowsOf(plans), tasks, (task, summary) =>
        writeMistakes.executeWithOptions(summary, [task]),
      ),
    );
  }

  async continue(
    stage: 'rg2' | 'rg3',
    actor: ServedModel,
    plans: ArtifactRef[],
    { tries, temperature }: { tries: number; temperature: number },
  ): Promise<StageResult | null> {
    const { oracle } = this.#run.config;
    const tasks = plans.map((plans, shard) => ({
      ...this.#stages.task(stage, shard, actor),
      plans,
      tries,
      temperature,
      oracle,
    }));
    return await this.#stages.timed(stage, () =>
      this.#stages.run(`${stage}, continue`, rowsOf(plans) * tries, tasks, (task, summary) =>
        continuePaths.executeWithOptions(summary, [task]),
      ),
    );
  }

  async choose(made: Pick<ChooseTask, 'sampled' | 'rg2' | 'rg3' | 'written'>): Promise<ChosenPaths> {
    this.#conductor.tell(beginning('choose'));
    return await choosePaths.executeWithOptions(this.#stages.summary('choose paths'), [
      { run: this.#run.folder, config: this.#run.config, ...made },
    ]);
  }

  async annotate(paths: ArtifactRef[]): Promise<StageResult | null> {
    const { annotator, critiques, checks } = this.#run.config;
    const total = rowsOf(paths) * critiques;
    return await this.#stages.timed('annotate', () => {
      if (annotator.source === 'exact') return this.#annotateExactly(paths, total);
      const { information, patienceMinutes } = annotator;
      const tasks = paths.map((paths, shard) => ({
        ...this.#stages.task('critique', shard, { config: annotator, checkpoint: null }),
        paths,
        critiques,
        information,
        descriptions: this.#descriptions,
        checks,
        patienceMinutes,
      }));
      return this.#stages.run('annotate', total, tasks, (task, summary) =>
        annotatePaths.executeWithOptions(summary, [task]),
      );
    });
  }

  async #annotateExactly(paths: ArtifactRef[], total: number): Promise<StageResult> {
    this.#stages.tell({ stage: 'label', rows: { done: 0, total } });
    const { folder: run, config } = this.#run;
    const shards = await Promise.all(
      paths.map((paths, shard) =>
        annotateExactly.executeWithOptions(this.#stages.summary(`label, shard ${shard + 1}`), [
          { run, stage: 'critique', shard, paths, checks: config.checks },
        ]),
      ),
    );
    return { shards, ...totals(shards) };
  }

  async refine(actor: ServedModel, critiqued: StageResult): Promise<StageResult | null> {
    const { refinements, temperature } = this.#run.config.filter!;
    return await this.#stages.timed('refine', () =>
      this.#stages.refine('refine', actor, { critiqued, gates: ['always'], refinements, temperature }),
    );
  }
}

const rowsOf = (refs: ArtifactRef[]): number => refs.reduce((sum, { rows }) => sum + rows, 0);
