import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  type ChildWorkflowHandle,
  ContinueAsNew,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CheckpointRef } from '../activities/index.ts';
import type { Datasets } from '../activities/load-datasets.ts';
import type { EvaluationSummary } from '../activities/score-evaluation.ts';
import type { ValidatedRun } from '../activities/validate-input.ts';
import type { ReportTask, WrittenReport } from '../activities/write-report.ts';
import type { SelfImproveInput } from '../config/self-improve.ts';
import { loadDatasets, validateInput, writeReport } from './activities.ts';
import {
  extendUpdate,
  type Progress,
  pauseSignal,
  progressQuery,
  resumeSignal,
  type StageReport,
  type StopRequest,
  stageSignal,
  stopSignal,
  stopUpdate,
} from './contract.ts';
import { Control, type Message } from './control.ts';
import { describeAccuracy } from './describe.ts';
import { rootFailure } from './failures.ts';
import { type IterationResult, iterate } from './iterate.ts';
import { searchAttributes } from './search-attributes.ts';

/** What a run carries over when it continues as new. */
export interface SelfImproveState {
  run: ValidatedRun;
  datasets: Datasets;
  startedAt: string;
  /** As extended. */
  iterations: number;
  results: IterationResult[];
  /** What the UI shows of the run so far. */
  details: string;
  stop: StopRequest | null;
  paused: boolean;
  tokens: Progress['tokens'];
}

export interface SelfImproveResult {
  run: string;
  status: 'completed' | 'stopped';
  reason?: string;
  iterations: ({ iteration: number } & EvaluationSummary)[];
  /** Last evaluated iteration over iteration 0, paired. */
  gain: EvaluationSummary['gain'];
  /** The last trained checkpoint; null where the run was stopped before its first. */
  checkpoint: CheckpointRef | null;
  /** The SFT rows of every iteration that selected some. */
  datasets: { iteration: number; uri: string; rows: number; sha256: string }[];
  report: string;
  warnings: string[];
}

const MOST_ITERATIONS = 100;

/** Critique-in-the-loop self-improvement (Algorithm 1 of arXiv 2411.16579); without a critic, vanilla self-improvement. */
export async function selfImprove(input: SelfImproveInput, carried?: SelfImproveState): Promise<SelfImproveResult> {
  const run = new Run(carried);
  try {
    await run.prepare(input);
    while (run.goesOn()) {
      await run.iterate();
      if (!run.goesOn()) break;
      await run.report('running');
      if (workflowInfo().continueAsNewSuggested) {
        await condition(allHandlersFinished);
        await continueAsNew<typeof selfImprove>(input, run.carry());
      }
    }
    return await run.finish();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    await run.reportEnd(error);
    throw rootFailure(error);
  }
}

class Run {
  readonly #control: Control;
  #state: Omit<SelfImproveState, 'stop' | 'paused'> | null;
  #child: ChildWorkflowHandle<typeof iterate> | null = null;
  #forwarded: Promise<void> = Promise.resolve();
  #stage: StageReport = beginning(0, 'validate');
  /** Nothing more will be iterated. */
  #ending = false;
  #finished = false;

  constructor(carried?: SelfImproveState) {
    this.#state = carried ?? null;
    if (carried) setCurrentDetails(carried.details);
    this.#control = new Control({ stop: carried?.stop ?? null, paused: carried?.paused ?? false }, (message) =>
      this.#forward(message),
    );
    setHandler(stopUpdate, (request) => this.#control.requestStop(request), {
      description: 'As the signal "stop", but checked and answered',
      validator: validateStop,
    });
    setHandler(extendUpdate, ({ iterations }) => this.#extend(iterations), {
      description: 'Adds iterations: {"iterations":n}',
      validator: validateExtend,
    });
    setHandler(progressQuery, () => this.progress(), { description: 'Where the run is and what it waits for' });
    setHandler(
      stageSignal,
      (report) => {
        this.#stage = report;
      },
      { description: 'From the iterations of this run: how far a stage is' },
    );
  }

  /** Validates before anything else, then brings the datasets into the store. */
  async prepare(input: SelfImproveInput): Promise<void> {
    if (this.#state) return;
    const startedAt = new Date().toISOString();
    const run = await validateInput.executeWithOptions({ summary: 'validate the input' }, [input]);
    const { model, dataset } = run.labels;
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes({ model, dataset }));
    this.#stage = { ...this.#stage, stage: 'load' };
    const datasets = await loadDatasets.executeWithOptions({ summary: 'load the datasets' }, [
      { run: run.folder, config: run.config },
    ]);
    this.#state = {
      run,
      datasets,
      startedAt,
      iterations: run.config.iterations,
      results: [],
      details: '',
      tokens: { prompt: 0, completion: 0 },
    };
  }

  goesOn(): boolean {
    return this.#control.stop === null && this.#prepared.results.length <= this.#prepared.iterations;
  }

  async iterate(): Promise<void> {
    const { run, datasets, results } = this.#prepared;
    const iteration = results.length;
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes({ iteration }));
    this.#stage = beginning(iteration, iteration === 0 ? 'select' : 'sample');
    const { stop, paused } = this.#control;
    this.#child = await startChild(iterate, {
      workflowId: `${workflowInfo().workflowId}/iteration-${iteration}`,
      args: [
        {
          run: run.folder,
          iteration,
          config: run.config,
          datasets,
          actor: results.at(-1)?.checkpoint ?? null,
          previous: run.config.data.previous ? results.flatMap(({ selected }) => selected?.sft ?? []) : [],
          baseline: results[0]?.evaluated ?? null,
          control: { stop, paused },
        },
      ],
      staticSummary: `iteration ${iteration}`,
      ...(run.searchAttributes && { typedSearchAttributes: searchAttributes({ ...run.labels, iteration }) }),
    });
    // What arrived while the child was being started has not reached it.
    if (this.#control.stop && this.#control.stop !== stop) this.#forward({ name: 'stop', request: this.#control.stop });
    if (this.#control.paused !== paused) this.#forward({ name: paused ? 'resume' : 'pause' });
    const result = await this.#child.result();
    this.#child = null;
    this.#keep(result);
  }

  #keep(result: IterationResult): void {
    const state = this.#prepared;
    // Later iterations are compared with iteration 0's responses, and the report shows the last one's attempts.
    for (const earlier of state.results) earlier.attempts = [];
    state.results.push({ ...result, evaluated: result.iteration === 0 ? result.evaluated : null });
    for (const { tokens } of result.stages) {
      state.tokens.prompt += tokens.prompt;
      state.tokens.completion += tokens.completion;
    }
    const accuracy = result.evaluation?.accuracy.value;
    if (typeof accuracy === 'number' && state.run.searchAttributes)
      upsertSearchAttributes(searchAttributes({ accuracy }));
  }

  /** A run that fails or is cancelled leaves a report of what it did, unless it did nothing. */
  async reportEnd(error: unknown): Promise<void> {
    if (!this.#state) return;
    const cancelled = isCancellation(error);
    await CancellationScope.nonCancellable(() =>
      this.report(
        cancelled ? 'cancelled' : 'failed',
        cancelled ? undefined : String((rootFailure(error) as Error).message),
      ),
    );
  }

  async report(status: ReportTask['status'], reason = this.#control.stop?.reason): Promise<WrittenReport> {
    const { run, startedAt, results, datasets } = this.#prepared;
    this.#stage = { ...this.#stage, stage: 'report', rows: { done: 0, total: 0 }, etaSeconds: null };
    const report = await writeReport.executeWithOptions({ summary: `report after iteration ${results.length - 1}` }, [
      {
        run: run.folder,
        workflowId: workflowInfo().workflowId,
        config: run.config,
        status,
        reason,
        startedAt,
        datasets,
        iterations: results.map(({ iteration, stages, checkpoint, selected, attempts }) => ({
          iteration,
          stages,
          checkpoint,
          sft: selected?.sft ?? null,
          evaluated: attempts,
        })),
        warnings: run.warnings,
      },
    ]);
    // The UI draws tables without space between columns.
    const table = report.table.replace(/(?<=[^-:|]) \|/g, '\u00A0\u00A0 |');
    this.#prepared.details = `Report: ${report.path}\n\n${table}\n`;
    setCurrentDetails(this.#prepared.details);
    return report;
  }

  carry(): SelfImproveState {
    return { ...this.#prepared, stop: this.#control.stop, paused: this.#control.paused };
  }

  async finish(): Promise<SelfImproveResult> {
    const { run, datasets, results, iterations } = this.#prepared;
    this.#ending = true;
    const whole = results.length > iterations && results.at(-1)?.evaluation;
    const status = whole ? 'completed' : 'stopped';
    const report = await this.report(status);
    this.#finished = true;
    const evaluated = results.flatMap(({ iteration, evaluation }) =>
      evaluation ? [{ iteration, ...evaluation }] : [],
    );
    await condition(allHandlersFinished);
    return {
      run: workflowInfo().workflowId,
      status,
      ...(status === 'stopped' && this.#control.stop?.reason && { reason: this.#control.stop.reason }),
      iterations: evaluated,
      gain: evaluated.at(-1)?.gain ?? null,
      checkpoint: results.findLast(({ checkpoint }) => checkpoint)?.checkpoint ?? null,
      datasets: results.flatMap(({ iteration, selected }) => {
        if (!selected) return [];
        const { uri, rows, sha256 } = selected.sft;
        return [{ iteration, uri, rows, sha256 }];
      }),
      report: report.path,
      warnings: [...run.warnings, ...datasets.warnings],
    };
  }

  progress(): Progress {
    const { iteration, stage, rows, tokens, tokensPerSecond, etaSeconds } = this.#stage;
    const state = this.#state;
    const before = state?.tokens ?? { prompt: 0, completion: 0 };
    return {
      state: this.#condition(),
      iteration,
      iterations: state?.iterations ?? 0,
      stage: this.#finished ? 'done' : stage,
      rows,
      tokens: { prompt: before.prompt + tokens.prompt, completion: before.completion + tokens.completion },
      tokensPerSecond,
      accepted: state?.results.at(-1)?.selected?.accepted ?? 0,
      etaSeconds,
      waitingFor: this.#waitingFor(stage),
      warnings: [...(state?.run.warnings ?? []), ...(state?.datasets.warnings ?? [])],
      accuracy: (state?.results ?? []).flatMap(({ iteration, evaluation }) =>
        evaluation ? [describeAccuracy(iteration, evaluation)] : [],
      ),
    };
  }

  #condition(): Progress['state'] {
    if (this.#finished) return 'finished';
    if (this.#control.stop) return 'stopping';
    if (this.#control.paused) return 'paused';
    return this.#state ? 'running' : 'starting';
  }

  #waitingFor(stage: string): string {
    if (this.#finished) return 'nothing';
    if (this.#control.paused && !this.#control.stop) return 'the signal "resume"';
    if (stage === 'fine-tune') return 'the trainer (queue critique-loop-train)';
    if (/sample|critique|refine/.test(stage)) return 'the engine (queue critique-loop-inference)';
    return `${stage} (queue critique-loop-cpu)`;
  }

  #extend(iterations: number): string {
    const state = this.#state;
    if (!state) throw ApplicationFailure.nonRetryable('the input is still being validated: try again', 'NotReady');
    if (state.iterations + iterations > MOST_ITERATIONS)
      throw ApplicationFailure.nonRetryable(`iterations: at most ${MOST_ITERATIONS} in all`, 'InvalidInput');
    if (this.#control.stop || this.#ending)
      throw ApplicationFailure.nonRetryable('the run is ending: start a new one', 'RunEnding');
    state.iterations += iterations;
    return `${state.iterations} iterations`;
  }

  /** One after the other: two signals under way at once may arrive in the wrong order, and a resume before its pause is lost. */
  #forward(message: Message): void {
    const child = this.#child;
    if (!child) return;
    const send = () =>
      message.name === 'stop'
        ? child.signal(stopSignal, message.request)
        : child.signal(message.name === 'pause' ? pauseSignal : resumeSignal);
    // A child that has just ended can't take it, and need not.
    this.#forwarded = this.#forwarded.then(send).catch(() => {});
  }

  get #prepared(): Omit<SelfImproveState, 'stop' | 'paused'> {
    if (!this.#state) throw new Error('prepare() comes first');
    return this.#state;
  }
}

const beginning = (iteration: number, stage: string): StageReport => ({
  iteration,
  stage,
  rows: { done: 0, total: 0 },
  tokens: { prompt: 0, completion: 0 },
  tokensPerSecond: null,
  etaSeconds: null,
});

function validateStop(request?: unknown): void {
  const mode = (request as { mode?: unknown } | null | undefined)?.mode;
  if (request !== undefined && request !== null && mode !== 'drain' && mode !== 'now')
    throw ApplicationFailure.nonRetryable(
      `mode: got ${JSON.stringify(mode)}, expected "drain" or "now"`,
      'InvalidInput',
    );
}

function validateExtend(request?: unknown): void {
  const iterations = (request as { iterations?: unknown } | null | undefined)?.iterations;
  if (!Number.isInteger(iterations) || (iterations as number) < 1)
    throw ApplicationFailure.nonRetryable(
      `iterations: got ${JSON.stringify(iterations)}, expected a whole number of at least 1`,
      'InvalidInput',
    );
}
