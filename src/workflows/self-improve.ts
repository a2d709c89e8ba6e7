import {
  allHandlersFinished,
  ContinueAsNew,
  condition,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ArtifactRef, CheckpointRef } from '../activities/index.ts';
import type { Datasets } from '../activities/load-datasets.ts';
import type { EvaluationSummary } from '../activities/score-evaluation.ts';
import type { ValidatedRun } from '../activities/validate-input.ts';
import type { ReportTask, WrittenReport } from '../activities/write-report.ts';
import type { SelfImproveConfig, SelfImproveInput } from '../config/self-improve.ts';
import { collapse } from '../method/warnings.ts';
import { loadDatasets, validateInput, writeReport } from './activities.ts';
import { beginning, Conductor, type ControlState } from './conductor.ts';
import { extendUpdate, type Progress } from './contract.ts';
import { describeAccuracy, describeReport } from './describe.ts';
import { reportFailure, rootFailure } from './failures.ts';
import { type IterationResult, iterate } from './iterate.ts';
import { renew } from './renew.ts';
import { mistakeInExtend, refusal } from './requests.ts';
import { searchAttributes } from './search-attributes.ts';
import { describeWarnings } from './warnings.ts';

/** What a run carries over when it continues as new. */
export interface SelfImproveState extends ControlState {
  run: ValidatedRun<SelfImproveConfig>;
  datasets: Datasets;
  startedAt: string;
  /** As extended. */
  iterations: number;
  results: IterationResult[];
  /** What the UI shows of the run so far. */
  details: string;
  tokens: Progress['tokens'];
  /** What people should know of the run; absent in older histories. */
  warnings?: string[];
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
  /** All that were trained. */
  checkpoints: ({ iteration: number } & CheckpointRef)[];
  /** The critic that was trained last; null where it is as it was configured. */
  critic: CheckpointRef | null;
  /** The SFT rows of every iteration that selected some, and those that its critic could learn from. */
  datasets: ({ iteration: number; critic: SftRows | null } & SftRows)[];
  tokens: Progress['tokens'];
  report: string;
  warnings: string[];
}

type SftRows = Pick<ArtifactRef, 'uri' | 'rows' | 'sha256'>;

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
      await renew<typeof selfImprove>(() => [input, run.carry()]);
    }
    return await run.finish();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    await run.reportEnd(error);
    throw rootFailure(error);
  }
}

class Run {
  readonly #conductor: Conductor;
  #state: Omit<SelfImproveState, keyof ControlState> | null;
  #iteration: number;
  /** Nothing more will be iterated. */
  #ending = false;

  constructor(carried?: SelfImproveState) {
    this.#state = carried ?? null;
    this.#iteration = carried?.results.length ?? 0;
    if (carried) setCurrentDetails(carried.details);
    const { stop = null, paused = false, warnings = carried?.run.warnings ?? [] } = carried ?? {};
    this.#conductor = new Conductor({ stop, paused, warnings }, () => this.progress());
    setHandler(extendUpdate, (request) => this.#extend(request), {
      description: 'Adds iterations: {"iterations":n}',
      validator: (request) => this.#validateExtend(request),
    });
  }

  /** Validates before anything else, then brings the datasets into the store. */
  async prepare(input: SelfImproveInput): Promise<void> {
    if (this.#state) return;
    const startedAt = new Date().toISOString();
    const run = await validateInput.executeWithOptions({ summary: 'validate the input' }, [input]);
    this.#conductor.warn(...run.warnings);
    const { model, dataset } = run.labels;
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes({ model, dataset }));
    this.#conductor.stage = beginning('load');
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
    return this.#conductor.control.stop === null && this.#prepared.results.length <= this.#prepared.iterations;
  }

  async iterate(): Promise<void> {
    const { run, datasets, results } = this.#prepared;
    const iteration = results.length;
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes({ iteration }));
    this.#iteration = iteration;
    this.#conductor.stage = beginning(iteration === 0 ? 'select' : 'sample');
    const result = await this.#conductor.runChild((control) =>
      startChild(iterate, {
        workflowId: `${workflowInfo().workflowId}/iteration-${iteration}`,
        args: [
          {
            run: run.folder,
            iteration,
            config: run.config,
            datasets,
            actor: results.at(-1)?.checkpoint ?? null,
            critic: results.at(-1)?.critic ?? null,
            previous: run.config.data.previous ? results.flatMap(({ selected }) => selected?.sft ?? []) : [],
            baseline: results[0]?.evaluated ?? null,
            control,
          },
        ],
        staticSummary: `iteration ${iteration}`,
        ...(run.searchAttributes && { typedSearchAttributes: searchAttributes({ ...run.labels, iteration }) }),
      }),
    );
    this.#keep(result);
  }

  #keep(result: IterationResult): void {
    const state = this.#prepared;
    if (result.evaluation) {
      const before = state.results.at(-1)?.evaluation?.accuracy ?? null;
      this.#conductor.warn(...collapse(result.iteration, before, result.evaluation.accuracy));
    }
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
    await reportFailure(error, (status, reason) => this.report(status, reason));
  }

  async report(status: ReportTask['status'], reason = this.#conductor.control.stop?.reason): Promise<WrittenReport> {
    const { run, startedAt, results, datasets } = this.#prepared;
    this.#conductor.stage = beginning('report');
    const report = await writeReport.executeWithOptions({ summary: `report after iteration ${results.length - 1}` }, [
      {
        run: run.folder,
        workflowId: workflowInfo().workflowId,
        config: run.config,
        status,
        reason,
        startedAt,
        datasets,
        iterations: results.map(({ iteration, stages, checkpoint, critic, selected, attempts }, index) => ({
          iteration,
          stages,
          checkpoint,
          // The same as before where this iteration has trained none.
          critic: critic?.uri === results[index - 1]?.critic?.uri ? null : critic,
          sft: selected?.sft ?? null,
          criticRows: selected?.critic ?? null,
          evaluated: attempts,
        })),
        warnings: this.#conductor.warnings,
      },
    ]);
    this.#prepared.details = describeReport(report) + describeWarnings(this.#conductor.warnings);
    setCurrentDetails(this.#prepared.details);
    return report;
  }

  carry(): SelfImproveState {
    const { stop, paused } = this.#conductor.control;
    return { ...this.#prepared, stop, paused, warnings: this.#conductor.warnings };
  }

  async finish(): Promise<SelfImproveResult> {
    const { datasets, results, iterations, tokens } = this.#prepared;
    this.#ending = true;
    const whole = results.length > iterations && results.at(-1)?.evaluation;
    const status = whole ? 'completed' : 'stopped';
    const report = await this.report(status);
    this.#conductor.finished = true;
    const evaluated = results.flatMap(({ iteration, evaluation }) =>
      evaluation ? [{ iteration, ...evaluation }] : [],
    );
    await condition(allHandlersFinished);
    return {
      run: workflowInfo().workflowId,
      status,
      ...(status === 'stopped' &&
        this.#conductor.control.stop?.reason && { reason: this.#conductor.control.stop.reason }),
      iterations: evaluated,
      gain: evaluated.at(-1)?.gain ?? null,
      checkpoint: results.findLast(({ checkpoint }) => checkpoint)?.checkpoint ?? null,
      checkpoints: results.flatMap(({ iteration, checkpoint }) => (checkpoint ? [{ iteration, ...checkpoint }] : [])),
      critic: results.at(-1)?.critic ?? null,
      datasets: results.flatMap(({ iteration, selected }) => {
        if (!selected) return [];
        const { sft, critic } = selected;
        return [{ iteration, ...rowsOf(sft), critic: critic && rowsOf(critic.selfTraining) }];
      }),
      tokens,
      report: report.path,
      warnings: [...this.#conductor.warnings, ...datasets.warnings],
    };
  }

  progress(): Progress {
    const state = this.#state;
    return {
      ...this.#conductor.progress({
        prepared: state !== null,
        tokens: state?.tokens ?? { prompt: 0, completion: 0 },
        warnings: state?.datasets.warnings ?? [],
      }),
      iteration: this.#iteration,
      iterations: state?.iterations ?? 0,
      accepted: state?.results.at(-1)?.selected?.accepted ?? 0,
      accuracy: (state?.results ?? []).flatMap(({ iteration, evaluation }) =>
        evaluation ? [describeAccuracy(iteration, evaluation)] : [],
      ),
    };
  }

  /** The iterations that there are have to be known: until the input is validated, the answer waits. */
  async #extend(request: { iterations: number }): Promise<string> {
    await condition(() => this.#state !== null);
    this.#validateExtend(request);
    this.#prepared.iterations += request.iterations;
    return `${this.#prepared.iterations} iterations`;
  }

  #validateExtend(request: unknown): void {
    const mistake = mistakeInExtend(request);
    if (mistake) throw refusal('InvalidInput', mistake);
    if (this.#conductor.control.stop || this.#ending) throw refusal('RunEnding', 'the run is ending: start a new one');
    const all = (this.#state?.iterations ?? 0) + (request as { iterations: number }).iterations;
    if (all > MOST_ITERATIONS)
      throw refusal('InvalidInput', `iterations: they would be ${all} in all, expected at most ${MOST_ITERATIONS}`);
  }

  get #prepared(): Omit<SelfImproveState, keyof ControlState> {
    if (!this.#state) throw new Error('prepare() comes first');
    return this.#state;
  }
}

const rowsOf = ({ uri, rows, sha256 }: ArtifactRef): SftRows => ({ uri, rows, sha256 });
