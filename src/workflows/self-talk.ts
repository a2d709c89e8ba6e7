import {
  allHandlersFinished,
  condition,
  setCurrentDetails,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ArtifactRef, CheckpointRef, ServedModel } from '../activities/index.ts';
import type { LoadedSelfTalk } from '../activities/load-self-talk.ts';
import type { SelfTalkManifest, WrittenTalks } from '../activities/self-talk-files.ts';
import type { ValidatedRun } from '../activities/validate-input.ts';
import type { SelfTalkConfig, SelfTalkInput } from '../config/self-talk.ts';
import type { TalkStatistics } from '../method/self-talk/statistics.ts';
import { buildChains, loadSelfTalk, validateSelfTalk, writeSelfTalk, writeTalks } from './activities.ts';
import { Budget, limitReached } from './budget.ts';
import { beginning, Conductor } from './conductor.ts';
import type { SelfTalkProgress } from './contract.ts';
import { describeReport } from './describe.ts';
import { type EvaluateResult, evaluate } from './evaluate.ts';
import { reportFailure, rootFailure } from './failures.ts';
import { type FineTuneResult, fineTune } from './fine-tune.ts';
import { searchAttributes } from './search-attributes.ts';
import type { StageResult } from './shards.ts';
import { artifacts, Stages } from './stages.ts';
import { describeWarnings } from './warnings.ts';

export interface SelfTalkResult {
  run: string;
  status: 'completed' | 'stopped';
  reason?: string;
  chains: number;
  kept: number;
  /** Chains that became a text with the right answer. */
  yield: TalkStatistics['yield'];
  byRewrites: TalkStatistics['byRewrites'];
  removed: TalkStatistics['removed'];
  /** null: stopped before any. `sft` is in the trainer's format. */
  datasets: { selfTalk: ArtifactRef; sft: ArtifactRef } | null;
  /** null where none was to be trained, or the run was stopped before. */
  checkpoint: CheckpointRef | null;
  evaluation: EvaluateResult | null;
  /** US dollars; null where nothing has a price. */
  cost: number | null;
  report: string;
  warnings: string[];
}

/** Step-level self-talk (method.md F): chains of steps and critiques, each made one text that one model learns to write by itself. */
export async function selfTalk(input: SelfTalkInput): Promise<SelfTalkResult> {
  const run = new SelfTalkRun(input);
  try {
    await run.prepare();
    await run.write();
    await run.verify();
    await run.train();
    await run.evaluate();
    return await run.finish();
  } catch (error) {
    await run.reportEnd(error);
    throw rootFailure(error);
  }
}

type SelfTalkStage = SelfTalkManifest['used'][number]['stage'];

interface Prepared {
  run: ValidatedRun<SelfTalkConfig>;
  loaded: LoadedSelfTalk;
  startedAt: string;
  stages: Stages<SelfTalkStage>;
  budget: Budget;
}

/** One version of every solution that has one. */
interface Version {
  written: StageResult;
  judged: StageResult | null;
}

class SelfTalkRun {
  readonly #input: SelfTalkInput;
  readonly #conductor: Conductor;
  readonly #versions: Version[] = [];
  /** Generations of each stage that asks a model. */
  readonly #rows: number[] = [];
  #state: Prepared | null = null;
  #chains: ArtifactRef | null = null;
  #verifying = false;
  #talks: WrittenTalks | null = null;
  #trained: FineTuneResult | null = null;
  #evaluation: EvaluateResult | null = null;

  constructor(input: SelfTalkInput) {
    this.#input = input;
    this.#conductor = new Conductor({ stop: null, paused: false }, () => this.progress());
  }

  /** Validates before anything else, then brings the questions into the store. */
  async prepare(): Promise<void> {
    const startedAt = new Date().toISOString();
    const run = await validateSelfTalk.executeWithOptions({ summary: 'validate the input' }, [this.#input]);
    this.#conductor.warn(...run.warnings);
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes(run.labels));
    this.#conductor.tell(beginning('load'));
    const { folder, config } = run;
    const loaded = await loadSelfTalk.executeWithOptions({ summary: 'load the questions' }, [{ run: folder, config }]);
    const { seed, oracle, shards, costLimit } = config;
    const budget = new Budget({ limit: costLimit ?? null, spent: 0 });
    const tell = this.#conductor.tell.bind(this.#conductor);
    const stages = new Stages<SelfTalkStage>(
      { run: folder, folder: 'chains', label: 'self-talk', seed, oracle, shards, budget, tell },
      this.#conductor.control,
    );
    this.#state = { run, loaded, startedAt, stages, budget };
  }

  /** Solutions, judged and written again from their first wrong step until the critic finds none, or often enough. */
  async write(): Promise<void> {
    const { run, loaded, stages } = this.#prepared;
    const { actor, critic, samples, rounds } = run.config;
    const { temperature } = actor;
    const writer: ServedModel = { config: actor, checkpoint: null };
    const judge: ServedModel = { config: critic, checkpoint: null };
    const judgeAll = (stage: string, attempts: StageResult, next: boolean) =>
      this.#draw(stage, () => stages.critique(stage, judge, { attempts, gates: ['always'], critiques: 1, next }));

    const drafts = await this.#draw('sample', () =>
      stages.sample('sample', writer, { questions: loaded.questions, samples, temperature }),
    );
    if (!drafts) return;
    let newest: Version = { written: drafts, judged: null };
    this.#versions.push(newest);
    newest.judged = await judgeAll('critique', drafts, false);
    for (let round = 1; round <= rounds && newest.judged; round++) {
      const critiqued: StageResult = newest.judged;
      const written = await this.#draw(`round-${round}/rewrite`, () =>
        stages.rewrite(`round-${round}/rewrite`, writer, { critiqued, temperature }),
      );
      if (!written || written.rows === 0) return;
      newest = { written, judged: null };
      this.#versions.push(newest);
      newest.judged = await judgeAll(`round-${round}/critique`, written, true);
    }
  }

  /** Joins chains, makes one text of each, and keeps those that the oracle confirms: also of a run that was stopped, what it has. */
  async verify(): Promise<void> {
    if (this.#versions.length === 0) return;
    const { run, stages, budget } = this.#prepared;
    const { folder, config } = run;
    this.#conductor.tell(beginning('chains'));
    const versions = this.#versions.map(({ written, judged }) => ({
      written: artifacts(written),
      judged: judged ? artifacts(judged) : [],
    }));
    const chains = await buildChains.executeWithOptions({ summary: 'join the chains' }, [
      { run: folder, budget: config.rounds, versions },
    ]);
    this.#chains = chains;
    const { smoother } = config;
    const smoothed =
      smoother.source === 'model'
        ? await this.#draw('smooth', () =>
            stages.smooth(
              'smooth',
              { config: smoother, checkpoint: null },
              { chains, patienceMinutes: smoother.patienceMinutes },
            ),
          )
        : null;
    this.#conductor.tell(beginning('verify'));
    this.#verifying = true;
    this.#talks = await writeTalks.executeWithOptions({ summary: 'verify the self-talks' }, [
      {
        run: folder,
        config,
        chains,
        smoothed: smoother.source === 'model' ? (smoothed ? artifacts(smoothed) : []) : null,
        stopped: this.#conductor.control.stop !== null || budget.exhausted,
      },
    ]);
  }

  async train(): Promise<void> {
    const { training, seed } = this.#prepared.run.config;
    if (!training || !this.#talks || !this.#goesOn) return;
    const { base, data, ...rest } = training;
    this.#conductor.tell(beginning('fine-tune'));
    this.#trained = await this.#conductor.runWhole('fine-tune', () =>
      startChild(fineTune, {
        workflowId: `${workflowInfo().workflowId}/fine-tune`,
        args: [{ seed, base, data: [this.#talks!.sft.uri, ...data], training: rest }],
        staticSummary: `fine-tune ${base}`,
      }),
    );
  }

  /** The trained model alone, asked as it was trained. */
  async evaluate(): Promise<void> {
    const { run } = this.#prepared;
    const { evaluation, actor, seed } = run.config;
    const checkpoint = this.#trained?.checkpoint;
    if (!evaluation || !checkpoint || !this.#goesOn) return;
    const { questions, samples, maxTokens } = evaluation;
    const { price: _, ...asked } = actor;
    this.#conductor.tell(beginning('evaluate'));
    this.#evaluation = await this.#conductor.runWhole('evaluate', () =>
      startChild(evaluate, {
        workflowId: `${workflowInfo().workflowId}/evaluate`,
        args: [
          {
            seed,
            actor: { ...asked, model: checkpoint.uri, style: 'self-talk', maxTokens },
            critic: null,
            questions,
            samples,
            oracle: run.config.oracle,
            shards: run.config.shards,
          },
        ],
        staticSummary: `evaluate ${checkpoint.name}`,
      }),
    );
  }

  async finish(): Promise<SelfTalkResult> {
    const { loaded, budget } = this.#prepared;
    const reason = this.#conductor.control.stop?.reason ?? limitReached(budget);
    const whole = this.#goesOn && this.#evaluation?.status !== 'stopped';
    const status = whole ? 'completed' : 'stopped';
    const report = await this.#report(status, whole ? undefined : reason);
    this.#conductor.finished = true;
    await condition(allHandlersFinished);
    const { statistics, kept, sft } = this.#talks ?? { statistics: null, kept: null, sft: null };
    return {
      run: workflowInfo().workflowId,
      status,
      ...(!whole && reason && { reason }),
      chains: statistics?.chains ?? 0,
      kept: statistics?.kept ?? 0,
      yield: statistics?.yield ?? { successes: 0, n: 0, value: null, low: 0, high: 1 },
      byRewrites: statistics?.byRewrites ?? [],
      removed: statistics?.removed ?? [],
      datasets: kept && sft && { selfTalk: kept, sft },
      checkpoint: this.#trained?.checkpoint ?? null,
      evaluation: this.#evaluation,
      cost: this.#priced ? budget.spent : null,
      report: report.path,
      warnings: [...this.#conductor.warnings, ...loaded.warnings],
    };
  }

  /** A run that fails or is cancelled leaves a report of what it did, unless it did nothing. */
  async reportEnd(error: unknown): Promise<void> {
    if (!this.#state || this.#versions.length === 0) return;
    await reportFailure(error, (status, reason) => this.#report(status, reason));
  }

  async #report(status: SelfTalkManifest['status'], reason: string | undefined) {
    const { run, loaded, startedAt, stages } = this.#prepared;
    const trained = this.#trained;
    const evaluation = this.#evaluation;
    this.#conductor.tell(beginning('report'));
    const report = await writeSelfTalk.executeWithOptions({ summary: 'report' }, [
      {
        workflowId: workflowInfo().workflowId,
        run: run.folder,
        config: run.config,
        status,
        ...(reason !== undefined && { reason }),
        startedAt,
        updatedAt: new Date().toISOString(),
        loaded,
        used: stages.used.map((use, i) => ({ ...use, rows: this.#rows[i] ?? 0 })),
        artifacts: this.#chains ? [{ name: 'chains', ref: this.#chains }] : [],
        verified: this.#verifying,
        training: trained?.checkpoint
          ? { checkpoint: trained.checkpoint, rows: trained.rows, steps: trained.steps, seconds: trained.seconds }
          : null,
        evaluation: evaluation && {
          workflowId: evaluation.run,
          headline: evaluation.headline,
          report: evaluation.report,
        },
        warnings: this.#conductor.warnings,
      },
    ]);
    setCurrentDetails(describeReport(report, report.headline) + describeWarnings(this.#conductor.warnings));
    return report;
  }

  /** A stage that asks a model; null where the run ended before it had anything. */
  async #draw(stage: string, work: () => Promise<StageResult>): Promise<StageResult | null> {
    const { stages, budget } = this.#prepared;
    if (budget.exhausted) return null;
    const result = await stages.timed(stage, work);
    if (!result) return null;
    this.#rows.push(result.rows);
    this.#conductor.stage = beginning(stage);
    return result;
  }

  progress(): SelfTalkProgress {
    const state = this.#state;
    const used = state?.stages.used ?? [];
    const sum = (of: 'prompt' | 'completion') => used.reduce((total, { tokens }) => total + tokens[of], 0);
    const limit = state?.run.config.costLimit ?? null;
    return {
      ...this.#conductor.progress({
        prepared: state !== null,
        tokens: { prompt: sum('prompt'), completion: sum('completion') },
        warnings: state?.loaded.warnings ?? [],
      }),
      round: Math.max(0, this.#versions.length - 1),
      rounds: state?.run.config.rounds ?? 0,
      kept: this.#talks?.statistics.kept ?? null,
      cost: state && this.#priced ? { spent: state.budget.spent, limit } : null,
    };
  }

  get #goesOn(): boolean {
    return this.#conductor.control.stop === null && !this.#prepared.budget.exhausted;
  }

  get #priced(): boolean {
    const config = this.#state?.run.config;
    return config !== undefined && [config.actor, config.critic, config.smoother].some((model) => 'price' in model);
  }

  get #prepared(): Prepared {
    if (!this.#state) throw new Error('prepare() comes first');
    return this.#state;
  }
}
