import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CritiquesManifest, StageShards } from '../activities/critique-files.ts';
import type { ArtifactRef, ServedModel } from '../activities/index.ts';
import type { LoadedQuestions } from '../activities/load-critique-questions.ts';
import type { PlannedFlaws } from '../activities/plan-flaws.ts';
import type { ValidatedRun } from '../activities/validate-input.ts';
import type { CritiqueDatasets, WrittenCritiques } from '../activities/write-critiques.ts';
import type { BuildCritiquesConfig, BuildCritiquesInput } from '../config/build-critiques.ts';
import { loadCritiqueQuestions, pushDataset, validateBuildCritiques, writeCritiques } from './activities.ts';
import { Budget, limitReached } from './budget.ts';
import { beginning, Conductor } from './conductor.ts';
import type { BuildCritiquesProgress } from './contract.ts';
import { CritiqueStages } from './critique-stages.ts';
import { describeReport } from './describe.ts';
import { reportFailure, rootFailure } from './failures.ts';
import { searchAttributes } from './search-attributes.ts';
import type { StageResult } from './shards.ts';
import { artifacts } from './stages.ts';
import { describeWarnings } from './warnings.ts';

export interface BuildCritiquesResult
  extends Pick<WrittenCritiques, 'kept' | 'annotated' | 'yield' | 'byStrategy' | 'removed' | 'headline' | 'table'> {
  run: string;
  status: 'completed' | 'stopped';
  reason?: string;
  datasets: Record<keyof CritiqueDatasets, Pick<ArtifactRef, 'uri' | 'rows' | 'sha256'>>;
  /** Where the dataset is on the hub; null where it was not pushed. */
  pushed: string | null;
  report: string;
  /** US dollars; null where nothing has a price. */
  cost: number | null;
  warnings: string[];
}

/** AutoMathCritique (method.md B): flawed paths, their critiques by a strong model, and what is left of them after a Monte-Carlo filter. */
export async function buildCritiques(input: BuildCritiquesInput): Promise<BuildCritiquesResult> {
  const run = new Building();
  try {
    await run.prepare(input);
    await run.build();
    return await run.finish();
  } catch (error) {
    await run.reportEnd(error);
    throw rootFailure(error);
  }
}

interface Prepared {
  run: ValidatedRun<BuildCritiquesConfig>;
  loaded: LoadedQuestions;
  startedAt: string;
  budget: Budget;
  stages: CritiqueStages;
}

/** What each stage left; null for those that were not reached. */
type Made = Record<'sampled' | 'written' | 'rg2' | 'rg3' | 'critiqued' | 'refined', StageResult | null>;

class Building {
  readonly #conductor = new Conductor({ stop: null, paused: false }, () => this.progress());
  readonly #made: Made = { sampled: null, written: null, rg2: null, rg3: null, critiqued: null, refined: null };
  #paths: ArtifactRef[] = [];
  #removedPaths: ArtifactRef | null = null;
  #state: Prepared | null = null;
  #reported = false;

  /** Validates before anything else, then brings the questions into the store. */
  async prepare(input: BuildCritiquesInput): Promise<void> {
    const startedAt = new Date().toISOString();
    const run = await validateBuildCritiques.executeWithOptions({ summary: 'validate the input' }, [input]);
    this.#conductor.warn(...run.warnings);
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes(run.labels));
    this.#conductor.tell(beginning('load'));
    const loaded = await loadCritiqueQuestions.executeWithOptions({ summary: 'load the questions' }, [
      { run: run.folder, config: run.config },
    ]);
    const budget = new Budget({ limit: run.config.costLimit ?? null, spent: 0 });
    const stages = new CritiqueStages(run, budget, this.#conductor);
    this.#state = { run, loaded, startedAt, budget, stages };
  }

  /** Each stage goes on from whole ones: a run that is stopped ends with what it has, and one that is started again goes on from there. */
  async build(): Promise<void> {
    const { run, loaded, stages } = this.#prepared;
    const { config } = run;
    const made = this.#made;
    const actor: ServedModel = { config: config.actor, checkpoint: null };
    made.sampled = await stages.sample(actor, loaded.questions);
    if (!made.sampled || !this.#goesOn) return;

    const plans = await stages.plan(artifacts(made.sampled));
    if (!this.#goesOn || !(await this.#continuePaths(actor, plans))) return;
    const chosen = await stages.choose({
      sampled: artifacts(made.sampled),
      rg2: made.rg2 ? artifacts(made.rg2) : [],
      rg3: made.rg3 ? artifacts(made.rg3) : [],
      written: made.written ? artifacts(made.written) : plans.rg3,
    });
    this.#paths = chosen.paths;
    this.#removedPaths = chosen.removed;
    if (!this.#goesOn) return;

    made.critiqued = await stages.annotate(chosen.paths);
    if (!made.critiqued || !config.filter || !this.#goesOn) return;
    made.refined = await stages.refine(actor, made.critiqued);
  }

  /** Whether the run goes on after it. */
  async #continuePaths(actor: ServedModel, plans: PlannedFlaws): Promise<boolean> {
    const { run, stages } = this.#prepared;
    const { rg2, rg3 } = run.config.flaws;
    const made = this.#made;
    if (rg3?.writer.source === 'model') {
      made.written = await stages.writeMistakes(rg3.writer, plans.rg3);
      if (!made.written || !this.#goesOn) return false;
    }
    if (rg2) {
      made.rg2 = await stages.continue('rg2', actor, plans.rg2, rg2);
      if (!made.rg2 || !this.#goesOn) return false;
    }
    if (rg3) {
      made.rg3 = await stages.continue('rg3', actor, made.written ? artifacts(made.written) : plans.rg3, rg3);
      if (!made.rg3 || !this.#goesOn) return false;
    }
    return true;
  }

  async finish(): Promise<BuildCritiquesResult> {
    const { run, loaded, budget } = this.#prepared;
    const whole = this.#made.critiqued !== null && (!run.config.filter || this.#made.refined !== null);
    const status = whole && this.#goesOn ? 'completed' : 'stopped';
    const reason = this.#conductor.control.stop?.reason ?? limitReached(budget);
    const written = await this.#report(status, status === 'stopped' ? reason : undefined);
    if (written.tooFew !== null) throw ApplicationFailure.nonRetryable(written.tooFew, 'YieldTooLow');
    const pushed = status === 'completed' ? await this.#push() : null;
    this.#conductor.finished = true;
    await condition(allHandlersFinished);
    const { kept, annotated, yield: share, byStrategy, removed, headline, table, datasets } = written;
    return {
      run: workflowInfo().workflowId,
      status,
      ...(status === 'stopped' && reason && { reason }),
      kept,
      annotated,
      yield: share,
      byStrategy,
      removed,
      headline,
      table,
      datasets: {
        critiques: withoutBytes(datasets.critiques),
        critic: withoutBytes(datasets.critic),
        refine: withoutBytes(datasets.refine),
        selfCorrection: withoutBytes(datasets.selfCorrection),
      },
      pushed,
      report: written.path,
      cost: this.#priced ? budget.spent : null,
      warnings: [...this.#conductor.warnings, ...loaded.warnings],
    };
  }

  async #push(): Promise<string | null> {
    const { run } = this.#prepared;
    const { push } = run.config;
    if (!push) return null;
    this.#conductor.tell(beginning('push'));
    const { url } = await pushDataset.executeWithOptions({ summary: `push to ${push.name}` }, [
      { run: run.folder, push },
    ]);
    return url;
  }

  /** A run that fails or is cancelled leaves a report of what it did, unless it did nothing. */
  async reportEnd(error: unknown): Promise<void> {
    if (!this.#state || this.#reported || !this.#made.sampled) return;
    await reportFailure(error, (status, reason) => this.#report(status, reason));
  }

  async #report(status: CritiquesManifest['status'], reason: string | undefined): Promise<WrittenCritiques> {
    this.#reported = true;
    const { run, loaded, startedAt, stages } = this.#prepared;
    const { sampled, written, rg2, rg3, critiqued, refined } = this.#made;
    this.#conductor.tell(beginning('report'));
    const report = await writeCritiques.executeWithOptions({ summary: 'filter, datasets and report' }, [
      {
        workflowId: workflowInfo().workflowId,
        run: run.folder,
        config: run.config,
        status,
        ...(reason !== undefined && { reason }),
        startedAt,
        updatedAt: new Date().toISOString(),
        loaded,
        sampled: shardsOf(sampled),
        written: shardsOf(written),
        rg2: shardsOf(rg2),
        rg3: shardsOf(rg3),
        paths: this.#paths,
        removedPaths: this.#removedPaths,
        critiqued: shardsOf(critiqued),
        refined: shardsOf(refined),
        used: stages.used,
        warnings: this.#conductor.warnings,
      },
    ]);
    setCurrentDetails(describeReport(report, report.headline) + describeWarnings(this.#conductor.warnings));
    return report;
  }

  progress(): BuildCritiquesProgress {
    const state = this.#state;
    const tokens = { prompt: 0, completion: 0 };
    for (const { tokens: used } of state?.stages.used ?? []) {
      tokens.prompt += used.prompt;
      tokens.completion += used.completion;
    }
    return {
      ...this.#conductor.progress({
        prepared: state !== null,
        tokens,
        warnings: state?.loaded.warnings ?? [],
      }),
      cost: this.#priced ? { spent: state!.budget.spent, limit: state!.budget.limit } : null,
    };
  }

  get #goesOn(): boolean {
    return this.#conductor.control.stop === null && !this.#prepared.budget.exhausted;
  }

  get #priced(): boolean {
    const config = this.#state?.run.config;
    const models = config ? [config.actor, config.annotator, config.flaws.rg3?.writer] : [];
    return models.some((model) => model !== undefined && 'price' in model && model.price !== undefined);
  }

  get #prepared(): Prepared {
    if (!this.#state) throw new Error('prepare() comes first');
    return this.#state;
  }
}

const shardsOf = (stage: StageResult | null): StageShards =>
  stage?.shards.map(({ artifact, partial }) => ({ artifact, partial })) ?? null;

const withoutBytes = ({ uri, rows, sha256 }: ArtifactRef) => ({ uri, rows, sha256 });
