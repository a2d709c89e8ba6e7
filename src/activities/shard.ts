import { setMaxListeners } from 'node:events';
import { context, trace } from '@opentelemetry/api';
import { activityInfo, Context, cancellationSignal, log } from '@temporalio/activity';
import { Failure } from '../backends/failures.ts';
import { type Engine, type ModelClient, modelName, type ServedModel } from '../backends/inference/engine.ts';
import { isFailing } from '../backends/inference/errors.ts';
import { unsampled } from '../backends/spans.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import { ShardRows } from '../backends/storage/segments.ts';
import type { Store } from '../backends/storage/store.ts';
import { addOdd, type OddCounts, oddOutcome } from '../method/odd.ts';
import { priceOf } from '../method/price.ts';
import type { Attempt, Generation, Outcome, Verdict } from '../method/rows.ts';
import { Allowance, Exhausted } from './allowance.ts';
import { type Failing, failedAgain } from './breaker.ts';
import type { Ask } from './generations.ts';
import { withHeartbeat } from './heartbeat.ts';
import { activityMetrics, stageLabel } from './metrics.ts';

/** What every inference activity is told. */
export interface ShardTask {
  /** Folder of the run in the store. */
  run: string;
  /** For instance `iteration-1/sample`; with the run's seed it decides every request's seed. */
  stage: string;
  shard: number;
  seed: number;
  model: ServedModel;
  /** US dollars that it may spend on a model that has a price; without a limit absent. */
  dollars?: number;
  /** After so long a model that does not answer is not asked any more; absent where it is waited for. */
  patienceMinutes?: number;
}

export interface Tokens {
  prompt: number;
  completion: number;
}

export interface ShardResult {
  artifact: ArtifactRef;
  /** Rows whose newest text the oracle calls right: the refinement where there is one, else the response. */
  correct: number;
  tokens: Tokens;
  /** Rows that an earlier attempt had finished. */
  resumed: number;
  /** Cancelled before its end: the artifact holds what was finished. */
  partial: boolean;
  /** The cost limit ended it; then it is partial, too. */
  exhausted: boolean;
  /** Absent where nobody counted: in older histories. */
  odd?: OddCounts;
}

/** What distinguishes one stage's shards from another's. */
export interface ShardStage<Row = Attempt> {
  /** The requests that this shard has to make, in order. */
  items(): AsyncIterable<ShardItem<Row>>;
  /** The item that a finished row came from. */
  itemOf(row: Row): string;
  /** The generation that this stage has added to a row. */
  added(row: Row): Generation;
  /** Whether the oracle calls a row's newest text right. */
  isRight(row: Row): boolean;
  /** How the added text was read; absent where nobody reads it yet. */
  read?(row: Row): Outcome | Verdict;
}

/** One request: its key within the shard, and how it becomes rows. */
export interface ShardItem<Row = Attempt> {
  key: string;
  generate(ask: Ask): Promise<Row[]>;
}

export const isRightAttempt = ({ grade, refinement }: Attempt): boolean =>
  (refinement?.grade ?? grade).outcome === 'correct';

/** How often finished rows are made safe from a power cut, and how soon an attempt that another one follows ends. */
const FLUSH_MS = 1_000;
/** Requests of all shards that wait for the engine: enough to keep it full, and few to keep in memory. */
const MOST_WAITING = 64;
/** A trace has the first request of a shard and then one of so many: a run has too many to keep them all. */
const TRACED_EVERY = 50;
/** A shard whose first requests are all refused, or all fail, gives up before it asks for more. */
const REFUSALS_TO_GIVE_UP = 16;

/**
 * Runs a shard's requests, as many at once as the engine takes, and makes their rows one artifact.
 * Requests that an earlier attempt finished are not made again. A workflow that cancels gets the rows so far.
 */
export async function runShard<Row = Attempt>(
  deps: { store: Store; engine: Engine },
  task: ShardTask,
  stage: ShardStage<Row>,
): Promise<ShardResult> {
  const output = `${task.run}/${task.stage}/shard-${String(task.shard).padStart(3, '0')}.jsonl`;
  trace.getActiveSpan()?.setAttributes({
    'critique_loop.run': task.run,
    'critique_loop.stage': task.stage,
    'critique_loop.shard': task.shard,
  });
  const tally = new Tally(stage);
  const meter = new ShardMeter(stage, task.stage);
  const status: Status = { waitingFor: () => `an engine for ${modelName(task.model)}` };
  let failing = (activityInfo().heartbeatDetails as { failing?: Failing } | undefined)?.failing;
  const details = () => ({
    stage: task.stage,
    shard: task.shard + 1,
    done: tally.items,
    waitingFor: status.waitingFor(),
    ...(status.limit && { limit: status.limit() }),
    ...(failing && { failing }),
  });
  const finish = async (rows: ShardRows<Row>): Promise<ShardResult> => {
    const resumed = tally.rows;
    const keys: string[] = [];
    let exhausted = false;
    try {
      const allowance = allowanceOf(task, tally.tokens);
      await generateRows(deps.engine, task, stage, { rows, keys, status, allowance, meter });
    } catch (error) {
      exhausted = error instanceof Exhausted;
      if (!exhausted && !cancelledByWorkflow()) {
        if (tally.rows > resumed) failing = undefined;
        else if (isFailing(error) && task.patienceMinutes === undefined) {
          meter.failing();
          failing = failedAgain(failing, error);
        }
        Context.current().heartbeat(details());
        throw error;
      }
    }

    const partial = exhausted || cancelledByWorkflow();
    if (tally.rows > 0 && tally.odd.rejected === tally.rows)
      throw new Failure('BadRequest', `the engine refused all ${tally.rows} requests: ${tally.refusal}`);
    const isFinal = !partial && tally.odd.unavailable === undefined;
    const artifact = await (isFinal ? rows.commit(keys) : rows.commitPart(partial ? await keysOf(stage) : keys));
    return { artifact, correct: tally.correct, tokens: tally.tokens, resumed, partial, exhausted, odd: tally.odd };
  };
  return await withHeartbeat(details, async () => {
    const rows = await ShardRows.open<Row>(deps.store, output, {
      itemOf: stage.itemOf,
      // Who starts the run again asks again for what nobody answered.
      isDone: (found) => found.every((row) => stage.added(row).finishReason !== 'unavailable'),
      seen: (finished) => tally.see(finished),
      damaged: (segment, lines, copy) =>
        log.warn('rows of a segment were damaged: they are generated again', { segment, lines, copy }),
    });
    return await finish(rows).finally(() => rows.close());
  });
}

/** Of all items: who reads a shard that was cut short finds its rows in the order of those that they came from, as in a whole one. */
async function keysOf<Row>(stage: ShardStage<Row>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of stage.items()) keys.push(key);
  return keys;
}

/** What heartbeats say besides numbers. */
interface Status {
  waitingFor(): string | null;
  /** Generations that the engine may have in flight, once there is one. */
  limit?: () => number;
}

/** @param shard.keys gets the key of each item, in order */
async function generateRows<Row>(
  engine: Engine,
  task: ShardTask,
  stage: ShardStage<Row>,
  shard: {
    rows: ShardRows<Row>;
    keys: string[];
    status: Status;
    allowance: Allowance | null;
    meter: ShardMeter<Row>;
  },
): Promise<void> {
  const { rows, keys, status, allowance, meter } = shard;
  const abort = new AbortController();
  const signal = AbortSignal.any([cancellationSignal(), abort.signal]);
  // Every request in flight listens. Not 0 for "no limit": Node 20's getMaxListeners, which undici calls, throws on it.
  setMaxListeners(Number.POSITIVE_INFINITY, signal);
  const refusals = new Refusals();
  const { client, name } = await engine.serve(task.model, signal);
  status.waitingFor = () => client.waitingFor;
  status.limit = () => client.limiter.limit;
  const [traced, untraced] = [context.active(), unsampled()];
  const running = new Set<Promise<void>>();
  let oneEnded = () => {};
  let exhausted: Exhausted | null = null;
  let asked = 0;
  const flushing = setInterval(() => void rows.flush().catch((error) => abort.abort(error)), FLUSH_MS);
  try {
    for await (const item of stage.items()) {
      keys.push(item.key);
      if (rows.has(item.key)) continue;
      // Not a race of all that run: each race would stay in memory until the slowest of them ends.
      while (running.size > 0 && isBehind(client.limiter, running.size))
        await new Promise<void>((resolve) => {
          oneEnded = resolve;
        });
      signal.throwIfAborted();
      if (exhausted) break;
      const ask = { client, model: name, signal, allowance };
      const request = context
        .with(asked++ % TRACED_EVERY === 0 ? traced : untraced, () => item.generate(ask))
        .then(async (added) => {
          await rows.add(added);
          meter.finished(added);
          refusals.see(added.map(stage.added));
        })
        .catch((error) => {
          // What is in flight has been paid for.
          if (error instanceof Exhausted) exhausted = error;
          else abort.abort(error);
        })
        .finally(() => {
          running.delete(request);
          oneEnded();
        });
      running.add(request);
    }
    await Promise.all(running);
    signal.throwIfAborted();
    if (exhausted) throw exhausted;
  } finally {
    clearInterval(flushing);
    await Promise.all(running);
    await rows.flush();
  }
}

/** Whether enough wait for the engine, or have its answer and wait for their grade. */
const isBehind = ({ waiting, limit }: ModelClient['limiter'], running: number) =>
  waiting >= MOST_WAITING || running > limit + MOST_WAITING;

/** What is left of the cost limit for this attempt: earlier ones have spent of it, too. */
function allowanceOf({ dollars, model }: ShardTask, spent: Tokens): Allowance | null {
  const price = priceOf(model.config);
  if (dollars === undefined || !price) return null;
  const allowance = new Allowance(dollars, price);
  allowance.spend(spent);
  return allowance;
}

/** A worker that shuts down or a timed-out attempt is retried; only the workflow's own cancellation ends a shard for good. */
function cancelledByWorkflow(): boolean {
  return Context.current().cancellationDetails?.cancelRequested === true;
}

/** The sums over a shard's rows, each counted when it is finished or found. */
class Tally<Row> {
  items = 0;
  rows = 0;
  correct = 0;
  /** Why the engine rejected the first that it did. */
  refusal: string | undefined;
  readonly tokens: Tokens = { prompt: 0, completion: 0 };
  readonly odd: OddCounts = {};
  readonly #stage: Pick<ShardStage<Row>, 'added' | 'isRight' | 'read'>;

  constructor(stage: Pick<ShardStage<Row>, 'added' | 'isRight' | 'read'>) {
    this.#stage = stage;
  }

  /** All rows of one item. */
  see(rows: readonly Row[]): void {
    this.items++;
    this.rows += rows.length;
    for (const row of rows) {
      if (this.#stage.isRight(row)) this.correct++;
      const odd = oddnessOf(this.#stage, row);
      if (odd) addOdd(this.odd, { [odd]: 1 });
      if (odd === 'rejected') this.refusal ??= this.#stage.added(row).refusal;
    }
    const { prompt, completion } = sumTokens(rows.map(this.#stage.added));
    this.tokens.prompt += prompt;
    this.tokens.completion += completion;
  }
}

/** What a shard tells of the rows that it finishes itself. */
class ShardMeter<Row> {
  readonly #stage: Pick<ShardStage<Row>, 'added' | 'read'>;
  readonly #label: string;
  readonly #metrics = activityMetrics();
  #hasFinished = false;

  constructor(stage: Pick<ShardStage<Row>, 'added' | 'read'>, name: string) {
    this.#stage = stage;
    this.#label = stageLabel(name);
  }

  /** All rows of one item. */
  finished(rows: readonly Row[]): void {
    const stage = this.#label;
    const tokens = sumTokens(rows.map(this.#stage.added));
    this.#metrics.add('critique_loop_rows', rows.length, { stage });
    this.#metrics.add('critique_loop_tokens', tokens.prompt, { stage, kind: 'prompt' });
    this.#metrics.add('critique_loop_tokens', tokens.completion, { stage, kind: 'completion' });
    if (!this.#hasFinished) this.#metrics.set('critique_loop_engine_failing', 0, { stage });
    this.#hasFinished = true;
    for (const row of rows) {
      const outcome = oddnessOf(this.#stage, row);
      if (outcome) this.#metrics.add('critique_loop_odd_texts', 1, { stage, outcome });
    }
  }

  /** Nothing but errors came back. */
  failing(): void {
    this.#metrics.set('critique_loop_engine_failing', 1, { stage: this.#label });
  }
}

const oddnessOf = <Row>({ added, read }: Pick<ShardStage<Row>, 'added' | 'read'>, row: Row) =>
  oddOutcome(added(row).finishReason, read?.(row));

/** Refusals from the first request on are a mistake of the set-up, not of the rows. */
class Refusals {
  #count = 0;
  #answered = false;

  see(generations: Generation[]): void {
    for (const { finishReason, refusal } of generations) {
      if (finishReason === 'rejected' || finishReason === 'failed') this.#count++;
      else this.#answered = true;
      if (!this.#answered && this.#count >= REFUSALS_TO_GIVE_UP) {
        const isRefused = finishReason === 'rejected';
        throw new Failure(
          isRefused ? 'BadRequest' : 'EngineFailing',
          `the engine ${isRefused ? 'refuses' : 'fails at'} every request: ${refusal}`,
        );
      }
    }
  }
}

function sumTokens(generations: Generation[]): Tokens {
  const sum = (field: 'promptTokens' | 'completionTokens') => generations.reduce((total, g) => total + g[field], 0);
  return { prompt: sum('promptTokens'), completion: sum('completionTokens') };
}
