import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  ContinueAsNew,
  condition,
  isCancellation,
  setCurrentDetails,
  startChild,
  TimeoutFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PreparedChild } from '../activities/study/prepare-child.ts';
import type { StudyStep } from '../activities/study/steps.ts';
import type { ValidatedStudy } from '../activities/validate-study.ts';
import type { StudyTask, WrittenStudy } from '../activities/write-study.ts';
import type { StudyInput } from '../config/study.ts';
import { awaitResult, keepResult, prepareChild, validateStudy, writeStudy } from './activities.ts';
import { beginning, Conductor, type ControlState } from './conductor.ts';
import type { StudyProgress } from './contract.ts';
import { describeReport } from './describe.ts';
import { reportFailure, rootFailure } from './failures.ts';
import { renew } from './renew.ts';
import { searchAttributes } from './search-attributes.ts';
import { type ChildResult, headlineOf } from './study/headline.ts';
import { describeStep, describeSteps, type StepState, type TakenStep } from './study/taken.ts';
import { describeWarnings } from './warnings.ts';

/** What a study carries over when it continues as new. */
export interface StudyState extends ControlState {
  run: ValidatedStudy;
  startedAt: string;
  taken: TakenStep[];
  /** What people should know of the study; absent in older histories. */
  warnings?: string[];
}

export interface StudyResult extends Pick<WrittenStudy, 'headline'> {
  run: string;
  status: 'completed' | 'stopped';
  reason?: string;
  steps: TakenStep[];
  report: string;
  warnings: string[];
}

/** The whole paper as child runs, one after the other, each made from what came before, and one report of what they found. */
export async function study(input: StudyInput, carried?: StudyState): Promise<StudyResult> {
  const run = new StudyRun(carried);
  try {
    await run.prepare(input);
    for (let step = run.next(); step; step = run.next()) {
      await run.take(step);
      if (run.next()) await renew<typeof study>(() => [input, run.carry()]);
    }
    return await run.finish();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    await run.reportEnd(error);
    throw rootFailure(error);
  }
}

class StudyRun {
  readonly #conductor: Conductor;
  #state: Omit<StudyState, keyof ControlState> | null;
  #running: { step: StudyStep; child: PreparedChild; since: number } | null = null;

  constructor(carried?: StudyState) {
    this.#state = carried ?? null;
    const { stop = null, paused = false, warnings = carried?.run.warnings ?? [] } = carried ?? {};
    this.#conductor = new Conductor({ stop, paused, warnings }, () => this.progress());
  }

  /** Validates before anything else. */
  async prepare(input: StudyInput): Promise<void> {
    if (!this.#state) {
      const startedAt = new Date().toISOString();
      const run = await validateStudy.executeWithOptions({ summary: 'validate the input' }, [input]);
      this.#conductor.warn(...run.warnings);
      if (run.searchAttributes) upsertSearchAttributes(searchAttributes(run.labels));
      this.#state = { run, startedAt, taken: [] };
    }
    this.#describe();
  }

  /** The step to take now; none where all are done, or the study was stopped. */
  next(): StudyStep | undefined {
    const { run, taken } = this.#prepared;
    return this.#stopped ? undefined : run.steps[taken.length];
  }

  /** Runs a step's child, unless it has been run before, in this study or another. */
  async take(step: StudyStep): Promise<void> {
    const { run, taken } = this.#prepared;
    const done = Object.fromEntries(taken.map(({ step, workflowId }) => [step, workflowId]));
    this.#conductor.stage = beginning('prepare');
    const child = await prepareChild.executeWithOptions({ summary: `prepare ${step.step}` }, [
      { config: run.config, step: step.step, done },
    ]);
    this.#running = { step, child, since: Date.now() };
    this.#describe();
    const known = child.result as ChildResult | null;
    const { result, own } = known ? { result: known, own: false } : await this.#run(step, child);
    if (result && !own) this.#conductor.warnOf(step.step, result.warnings);
    const whole = result !== null && result.status !== 'stopped';
    if (own && whole)
      await keepResult.executeWithOptions({ summary: `keep the result of ${step.step}` }, [
        { workflowId: child.workflowId, result },
      ]);
    this.#end(whole ? (own ? 'done' : 'reused') : 'stopped', result);
  }

  /** Runs a child to its end. Where another study runs that very child, waits for it; null: stopped before that was done. */
  async #run(
    { step, type, what }: StudyStep,
    { workflowId, input }: PreparedChild,
  ): Promise<{ result: ChildResult | null; own: boolean }> {
    const start = () => startChild(type, { workflowId, args: [input], staticSummary: what });
    for (;;) {
      try {
        return { result: (await this.#conductor.runWhole(step, start)) as ChildResult, own: true };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
      this.#conductor.stage = beginning('wait');
      const result = await this.#wait(workflowId);
      if (result || this.#conductor.control.stop) return { result, own: false };
    }
  }

  /** A stop of either mode ends the waiting: the child is for others to stop. null: they are not done, or have given up. */
  async #wait(workflowId: string): Promise<ChildResult | null> {
    const { control } = this.#conductor;
    const scope = new CancellationScope();
    void condition(() => control.stop !== null).then(() => scope.cancel());
    try {
      const summary = `wait for ${workflowId}, which another study runs`;
      return (await scope.run(() => awaitResult.executeWithOptions({ summary }, [{ workflowId }]))) as ChildResult;
    } catch (error) {
      if (isPending(error) || (control.stop && isCancellation(error))) return null;
      throw error;
    }
  }

  #end(status: TakenStep['status'], result: ChildResult | null): void {
    const { step, child, since } = this.#running!;
    this.#running = null;
    this.#prepared.taken.push({
      step: step.step,
      type: step.type,
      run: child.run,
      workflowId: child.workflowId,
      status,
      seconds: (Date.now() - since) / 1000,
      headline: result ? headlineOf(step.type, result) : '',
      ...(result?.status === 'stopped' && result.reason && { reason: result.reason }),
    });
    this.#describe();
  }

  async finish(): Promise<StudyResult> {
    const { taken } = this.#prepared;
    const status = this.#stopped ? 'stopped' : 'completed';
    const reason = this.#stopped ? this.#reason : undefined;
    const report = await this.#report(status, reason);
    this.#conductor.finished = true;
    await condition(allHandlersFinished);
    return {
      run: workflowInfo().workflowId,
      status,
      ...(reason !== undefined && { reason }),
      steps: taken,
      headline: report.headline,
      report: report.path,
      warnings: this.#conductor.warnings,
    };
  }

  /** A study that fails or is cancelled leaves a report of what was done, unless nothing was. */
  async reportEnd(error: unknown): Promise<void> {
    if (!this.#state) return;
    if (this.#running) this.#end(isCancellation(error) ? 'stopped' : 'failed', null);
    if (this.#state.taken.length === 0) return;
    await reportFailure(error, (status, reason) => this.#report(status, reason));
  }

  async #report(status: StudyTask['status'], reason: string | undefined): Promise<WrittenStudy> {
    const { run, startedAt, taken } = this.#prepared;
    this.#conductor.stage = beginning('report');
    const report = await writeStudy.executeWithOptions({ summary: 'report' }, [
      {
        run: run.folder,
        workflowId: workflowInfo().workflowId,
        config: run.config,
        status,
        ...(reason !== undefined && { reason }),
        startedAt,
        steps: taken,
        warnings: this.#conductor.warnings,
      },
    ]);
    setCurrentDetails(
      describeReport(report, [...report.headline, describeSteps(this.#steps)]) +
        describeWarnings(this.#conductor.warnings),
    );
    return report;
  }

  progress(): StudyProgress {
    const state = this.#state;
    return {
      ...this.#conductor.progress({
        prepared: state !== null,
        tokens: { prompt: 0, completion: 0 },
      }),
      step: this.#running?.step.step ?? '',
      child: this.#running?.child.workflowId ?? '',
      steps: state ? this.#steps.map(describeStep) : [],
    };
  }

  carry(): StudyState {
    const { stop, paused } = this.#conductor.control;
    return { ...this.#prepared, stop, paused, warnings: this.#conductor.warnings };
  }

  #describe(): void {
    setCurrentDetails(describeSteps(this.#steps) + describeWarnings(this.#conductor.warnings));
  }

  get #steps(): StepState[] {
    const { run, taken } = this.#prepared;
    return run.steps.map((step, i) => {
      const child = this.#running?.step === step ? this.#running.child : null;
      return taken[i] ?? { ...step, workflowId: child?.workflowId ?? '', status: child ? 'running' : 'waiting' };
    });
  }

  get #stopped(): boolean {
    const { run, taken } = this.#prepared;
    if (taken.some(({ status }) => status === 'stopped')) return true;
    return this.#conductor.control.stop !== null && taken.length < run.steps.length;
  }

  /** Why the study was stopped, or a child of it by itself. */
  get #reason(): string | undefined {
    const { stop } = this.#conductor.control;
    return stop ? stop.reason : this.#prepared.taken.find(({ reason }) => reason)?.reason;
  }

  get #prepared(): Omit<StudyState, keyof ControlState> {
    if (!this.#state) throw new Error('prepare() comes first');
    return this.#state;
  }
}

/** The result was not there as long as one waits for it. */
const isPending = (error: unknown) =>
  error instanceof ActivityFailure &&
  (error.cause instanceof TimeoutFailure ||
    (error.cause instanceof ApplicationFailure && error.cause.type === 'ResultPending'));
