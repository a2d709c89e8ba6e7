import {
  allHandlersFinished,
  condition,
  setCurrentDetails,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CheckpointComparison } from '../activities/compare-checkpoints.ts';
import type { ArtifactRef, CheckpointRef } from '../activities/index.ts';
import type { TrainedCheckpoint } from '../activities/submit-fine-tune.ts';
import type { ValidatedFineTune } from '../activities/validate-fine-tune.ts';
import type { EvaluateInput } from '../config/evaluate.ts';
import type { FineTuneInput } from '../config/fine-tune.ts';
import { leftOut } from '../method/warnings.ts';
import {
  compareCheckpoints,
  loadTrainingRows,
  promoteCheckpoint,
  submitFineTune,
  validateFineTune,
} from './activities.ts';
import { beginning, Conductor } from './conductor.ts';
import type { FineTuneProgress } from './contract.ts';
import { describeComparison } from './describe.ts';
import { evaluate } from './evaluate.ts';
import { rootFailure } from './failures.ts';
import { searchAttributes } from './search-attributes.ts';
import { describeWarnings } from './warnings.ts';

export interface FineTuneResult extends Omit<TrainedCheckpoint, 'checkpoint'> {
  run: string;
  status: 'completed' | 'stopped';
  /** null: stopped before it was trained. */
  checkpoint: CheckpointRef | null;
  /** null where none was asked for, or the run was stopped before its end. */
  evaluation: CheckpointComparison | null;
  /** Of the evaluations. */
  tokens: FineTuneProgress['tokens'];
  promoted: boolean;
  /** Why it was promoted or not, in words. */
  reason: string;
  warnings: string[];
}

/** One fine-tune of an actor or critic, from rows to a checkpoint, which is measured beside the one that it would replace, and promoted. */
export async function fineTune(input: FineTuneInput): Promise<FineTuneResult> {
  const run = new FineTuneRun(input);
  try {
    await run.prepare();
    const trained = await run.train();
    const evaluation = trained && (await run.evaluate(trained.checkpoint));
    return await run.finish(trained, evaluation);
  } catch (error) {
    throw rootFailure(error);
  }
}

interface Prepared extends ValidatedFineTune {
  data: ArtifactRef;
}

class FineTuneRun {
  readonly #input: FineTuneInput;
  readonly #conductor: Conductor;
  #state: Prepared | null = null;
  #phase: FineTuneProgress['phase'] = 'train';
  readonly #tokens = { prompt: 0, completion: 0 };

  constructor(input: FineTuneInput) {
    this.#input = input;
    this.#conductor = new Conductor({ stop: null, paused: false }, () => this.progress());
  }

  /** Validates before anything else, then brings the rows into the store. */
  async prepare(): Promise<void> {
    const run = await validateFineTune.executeWithOptions({ summary: 'validate the input' }, [this.#input]);
    this.#conductor.warn(...run.warnings);
    if (run.searchAttributes) upsertSearchAttributes(searchAttributes(run.labels));
    this.#conductor.tell(beginning('load'));
    const data = await loadTrainingRows.executeWithOptions({ summary: 'load the rows' }, [
      { run: run.folder, data: run.config.data },
    ]);
    this.#state = { ...run, data };
  }

  /** null: stopped before its end. A job that is started again goes on. */
  async train(): Promise<TrainedCheckpoint | null> {
    const { folder, config, data } = this.#prepared;
    this.#conductor.tell({ ...beginning('fine-tune'), rows: { done: 0, total: data.rows } });
    return await this.#conductor.control.stage(() =>
      submitFineTune.executeWithOptions({ summary: `fine-tune ${config.base}` }, [
        {
          output: `${folder}/fine-tune`,
          name: folder.replace(/^runs\//, ''),
          base: config.base,
          data: data.uri,
          seed: config.seed,
          training: config.training,
        },
      ]),
    );
  }

  /** The new checkpoint and the one that it stands against, one after the other, each a run of `evaluate`. null: not asked for, or stopped. */
  async evaluate(checkpoint: CheckpointRef): Promise<CheckpointComparison | null> {
    const { folder, config, against: other } = this.#prepared;
    if (other === null) return null;
    const candidate = await this.#evaluateOne('candidate', checkpoint.uri);
    const against = candidate && (await this.#evaluateOne('against', other));
    if (!against || this.#stopped) return null;
    return await compareCheckpoints.executeWithOptions({ summary: 'compare' }, [
      { run: folder, role: config.role, candidate, against },
    ]);
  }

  async #evaluateOne(
    phase: 'candidate' | 'against',
    model: string,
  ): Promise<{ model: string; workflowId: string } | null> {
    if (this.#stopped) return null;
    this.#phase = phase;
    const workflowId = `${workflowInfo().workflowId}/${phase}`;
    const { status, tokens } = await this.#conductor.runWhole(phase, () =>
      startChild(evaluate, { workflowId, args: [this.#evaluationOf(model)], staticSummary: phase }),
    );
    this.#tokens.prompt += tokens.prompt;
    this.#tokens.completion += tokens.completion;
    this.#conductor.tell(beginning('compare'));
    return status === 'completed' ? { model, workflowId } : null;
  }

  /** Greedy: one response to each question, and from a critic one critique. */
  #evaluationOf(model: string): EvaluateInput {
    const { seed } = this.#prepared.config;
    const { questions, oracle, actor, gate, against: _, temperature, ...asked } = this.#input.evaluation!;
    const common = { seed, questions, ...(oracle && { oracle }), samples: 0 };
    if (!actor) return { ...common, actor: { model, ...asked }, critic: null };
    const critic = { model, ...asked, ...(temperature !== undefined && { temperature }) };
    return { ...common, actor, critic, ...(gate && { gates: [gate] }) };
  }

  async finish(trained: TrainedCheckpoint | null, evaluation: CheckpointComparison | null): Promise<FineTuneResult> {
    const { config } = this.#prepared;
    if (trained) this.#conductor.warn(...leftOut('fine-tune', trained));
    const { promoted, reason } = await this.#promote(trained?.checkpoint ?? null, evaluation);
    if (evaluation)
      setCurrentDetails(describeComparison(evaluation, reason) + describeWarnings(this.#conductor.warnings));
    this.#conductor.finished = true;
    await condition(allHandlersFinished);
    const { checkpoint, ...counts } = trained ?? { checkpoint: null, rows: 0, dropped: 0, steps: 0, seconds: 0 };
    const whole = checkpoint !== null && (config.evaluation === null || evaluation !== null);
    return {
      run: workflowInfo().workflowId,
      status: whole ? 'completed' : 'stopped',
      checkpoint,
      ...counts,
      evaluation,
      tokens: this.#tokens,
      promoted,
      reason,
      warnings: this.#conductor.warnings,
    };
  }

  async #promote(
    checkpoint: CheckpointRef | null,
    evaluation: CheckpointComparison | null,
  ): Promise<{ promoted: boolean; reason: string }> {
    const { config } = this.#prepared;
    const { promote } = config;
    if (!checkpoint || (config.evaluation && !evaluation)) return { promoted: false, reason: this.#whyStopped() };
    if (!promote) return { promoted: false, reason: 'no promotion was asked for' };
    const { good, why } = verdictOn(evaluation);
    if (promote.when === 'better' && !good) return { promoted: false, reason: `kept, but not promoted: ${why}` };
    this.#conductor.tell(beginning('promote'));
    await promoteCheckpoint.executeWithOptions({ summary: `promote as ${promote.as}` }, [
      {
        as: promote.as,
        checkpoint,
        measured: evaluation,
        run: workflowInfo().workflowId,
        at: new Date().toISOString(),
      },
    ]);
    return { promoted: true, reason: `promoted/${promote.as} from now on: ${why}` };
  }

  #whyStopped(): string {
    const { stop } = this.#conductor.control;
    return `stopped before its end${stop?.reason ? `: ${stop.reason}` : ''}`;
  }

  progress(): FineTuneProgress {
    return {
      ...this.#conductor.progress({
        prepared: this.#state !== null,
        tokens: this.#tokens,
      }),
      phase: this.#phase,
    };
  }

  get #stopped(): boolean {
    return this.#conductor.control.stop !== null;
  }

  get #prepared(): Prepared {
    if (!this.#state) throw new Error('prepare() comes first');
    return this.#state;
  }
}

function verdictOn(evaluation: CheckpointComparison | null): { good: boolean; why: string } {
  if (!evaluation) return { good: false, why: 'it was not measured' };
  const {
    measure,
    difference: { difference, low, high, n },
  } = evaluation;
  if (difference === null) return { good: false, why: 'no question could be compared' };
  const points = (share: number) => `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)}`;
  const what = measure === 'accuracy' ? 'accuracy' : 'agreement with the oracle';
  const interval = `${points(difference)} points (${points(low)} to ${points(high)}, n = ${n})`;
  return { good: difference >= 0, why: `${what} ${interval} over what it stood against` };
}
