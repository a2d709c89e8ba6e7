import {
  allHandlersFinished,
  ContinueAsNew,
  condition,
  setCurrentDetails,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { EvaluationManifest } from '../activities/evaluation-files.ts';
import type { LoadedEvaluation } from '../activities/load-evaluation.ts';
import type { ValidatedRun } from '../activities/validate-input.ts';
import type { WrittenEvaluation } from '../activities/write-evaluation.ts';
import type { EvaluateConfig, EvaluateInput } from '../config/evaluate.ts';
import { oneSided } from '../method/warnings.ts';
import { loadEvaluation, scoreVotes, validateEvaluate, writeEvaluation } from './activities.ts';
import { limitReached } from './budget.ts';
import { beginning, Conductor, type ControlState } from './conductor.ts';
import type { EvaluateProgress } from './contract.ts';
import { describeReport } from './describe.ts';
import { reportFailure, rootFailure } from './failures.ts';
import { type PlannedPass, passesOf } from './passes.ts';
import { renew } from './renew.ts';
import { searchAttributes } from './search-attributes.ts';
import { type PassResult, supervise } from './supervise.ts';
import { describeWarnings } from './warnings.ts';

export interface EvaluateResult extends Pick<WrittenEvaluation, 'headline' | 'strategies' | 'table' | 'critic'> {
  run: string;
  status: 'completed' | 'stopped';
  reason?: string;
  questions: number;
  tokens: EvaluateProgress['tokens'];
  /** US dollars; null where nothing has a price. */
  cost: number | null;
  report: string;
  warnings: string[];
}

interface Prepared {
  run: ValidatedRun<EvaluateConfig>;
  loaded: LoadedEvaluation;
  startedAt: string;
}

/** What a run carries over when it continues as new. */
export interface EvaluateState extends ControlState, Prepared {
  results: PassResult[];
  /** Passes that are over. */
  over: number;
  tokens: EvaluateProgress['tokens'];
  /** All so far; absent in older histories. */
  warnings?: string[];
}

/** A pass is about 20 events, and a chain may have 256 of them. */
const MOST_EVENTS = 400;

/** Test-time supervision of one checkpoint (method.md D): every strategy from the same samples, with intervals, cost and report. */
export async function evaluate(input: EvaluateInput, carried?: EvaluateState): Promise<EvaluateResult> {
  const run = new Evaluation(carried);
  try {
    await run.prepare(input);
    while (run.goesOn() && run.next) {
      await run.draw(run.next);
      if (run.goesOn() && run.next) await renew<typeof evaluate>(() => [input, run.carry()], MOST_EVENTS);
    }
    return await run.finish();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    await run.reportEnd(error);
    throw rootFailure(error);
  }
}

class Evaluation {
  readonly #conductor: Conductor;
  readonly #results: PassResult[];
  #state: Prepared | null;
  #passes: PlannedPass[] = [];
  #over: number;
  #pass = '';
  #tokens: EvaluateProgress['tokens'];

  constructor(carried?: EvaluateState) {
    this.#state = carried ?? null;
    this.#results = carried?.results ?? [];
    this.#over = carried?.over ?? 0;
    this.#tokens = carried?.tokens ?? { prompt: 0, completion: 0 };
    if (carried) this.#passes = passesOf(carried.run.config);
    const { stop = null, paused = false, warnings = carried?.run.warnings ?? [] } = carried ?? {};
    this.#conductor = new Conductor({ stop, paused, warnings }, () => this.progress());
  }

  /** Validates before anything else, then brings the questions into the store. */
  async prepare(input: EvaluateInput): Promise<void> {
    if (this.#state) return;
    const startedAt = new Date().toISOString();
    const run = await validateEvaluate.executeWithOptions({ summary: 'validate the input' }, [input]);
    this.#conductor.warn(...run.warnings);
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes(run.labels));
    this.#conductor.stage = beginning('load');
    const loaded = await loadEvaluation.executeWithOptions({ summary: 'load the questions' }, [
      { run: run.folder, config: run.config },
    ]);
    this.#state = { run, loaded, startedAt };
    this.#passes = passesOf(run.config);
  }

  goesOn(): boolean {
    return this.#conductor.control.stop === null && !this.#exhausted;
  }

  get next(): PlannedPass | undefined {
    return this.#passes[this.#over];
  }

  carry(): EvaluateState {
    const { stop, paused } = this.#conductor.control;
    return {
      ...this.#prepared,
      results: this.#results,
      over: this.#over,
      tokens: this.#tokens,
      warnings: this.#conductor.warnings,
      stop,
      paused,
    };
  }

  async draw({ source, ...pass }: PlannedPass): Promise<void> {
    const { run, loaded } = this.#prepared;
    this.#over++;
    const drawn = source(loaded.questions, this.#results);
    // What it would go on from was never drawn.
    if (!drawn) return;
    this.#pass = pass.pass;
    this.#conductor.stage = beginning('questions' in drawn ? 'sample' : 'critique');
    const result = await this.#conductor.runChild((control) =>
      startChild(supervise, {
        workflowId: `${workflowInfo().workflowId}/${pass.pass}`,
        args: [
          {
            run: run.folder,
            ...pass,
            config: run.config,
            source: drawn,
            budget: { limit: run.config.costLimit ?? null, spent: this.#spent },
            control,
          },
        ],
        staticSummary: pass.pass,
        ...(run.searchAttributes && { typedSearchAttributes: searchAttributes(run.labels) }),
      }),
    );
    this.#results.push(result);
    for (const { tokens } of result.used) {
      this.#tokens.prompt += tokens.prompt;
      this.#tokens.completion += tokens.completion;
    }
  }

  async finish(): Promise<EvaluateResult> {
    const { run, loaded } = this.#prepared;
    const limit = run.config.costLimit ?? null;
    const reason =
      this.#conductor.control.stop?.reason ?? limitReached({ limit, spent: this.#spent, exhausted: this.#exhausted });
    const status = this.goesOn() ? 'completed' : 'stopped';
    const { report, questions } = await this.#report(status, status === 'stopped' ? reason : undefined);
    this.#conductor.finished = true;
    await condition(allHandlersFinished);
    return {
      run: workflowInfo().workflowId,
      status,
      ...(status === 'stopped' && reason && { reason }),
      questions,
      tokens: this.#tokens,
      cost: this.#priced ? this.#spent : null,
      headline: report.headline,
      table: report.table,
      strategies: report.strategies,
      critic: report.critic,
      report: report.path,
      warnings: [...this.#conductor.warnings, ...loaded.warnings],
    };
  }

  /** A run that fails or is cancelled leaves a report of what it did, unless it did nothing. */
  async reportEnd(error: unknown): Promise<void> {
    if (!this.#state || this.#results.length === 0) return;
    await reportFailure(error, (status, reason) => this.#report(status, reason));
  }

  async #report(status: EvaluationManifest['status'], reason: string | undefined) {
    const { run, loaded, startedAt } = this.#prepared;
    const manifest: EvaluationManifest = {
      workflowId: workflowInfo().workflowId,
      run: run.folder,
      config: run.config,
      status,
      ...(reason !== undefined && { reason }),
      startedAt,
      updatedAt: new Date().toISOString(),
      loaded,
      passes: this.#results,
      warnings: this.#conductor.warnings,
    };
    this.#conductor.stage = beginning('score');
    const { questions } = await scoreVotes.executeWithOptions({ summary: 'score and vote' }, [manifest]);
    this.#conductor.stage = beginning('report');
    const report = await writeEvaluation.executeWithOptions({ summary: 'report' }, [manifest]);
    if (report.critic) {
      const { discriminabilityOnRight, discriminabilityOnWrong } = report.critic;
      this.#conductor.warn(...oneSided('the critic', discriminabilityOnRight, discriminabilityOnWrong));
    }
    setCurrentDetails(describeReport(report, report.headline) + describeWarnings(this.#conductor.warnings));
    if (report.accuracy !== null && run.searchAttributes)
      upsertSearchAttributes(searchAttributes({ accuracy: report.accuracy }));
    return { report, questions };
  }

  progress(): EvaluateProgress {
    const state = this.#state;
    return {
      ...this.#conductor.progress({
        prepared: state !== null,
        tokens: this.#tokens,
        warnings: state?.loaded.warnings ?? [],
      }),
      pass: this.#pass,
      passes: this.#passes.map(({ pass }) => pass),
      cost: this.#priced ? { spent: this.#spent, limit: state?.run.config.costLimit ?? null } : null,
    };
  }

  get #spent(): number {
    return this.#results.at(-1)?.spent ?? 0;
  }

  get #exhausted(): boolean {
    return this.#results.some(({ exhausted }) => exhausted);
  }

  get #priced(): boolean {
    const config = this.#state?.run.config;
    return config !== undefined && [config.actor, config.critic].some((model) => model?.price !== undefined);
  }

  get #prepared(): Prepared {
    if (!this.#state) throw new Error('prepare() comes first');
    return this.#state;
  }
}
