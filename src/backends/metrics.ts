import { type Metric, type MetricMeter, type MetricTags, noopMetricMeter } from '@temporalio/common';

interface Definition {
  kind: Metric['kind'];
  unit: string;
  /** What Prometheus says that it is. */
  help: string;
  /** Each takes few values: none names a run, a path or a question. */
  labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  buckets?: readonly number[];
}

const SHORT = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const ANSWERS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const LONG = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400];

/** Every metric of ours, beside Temporal's on the metrics address. docs/observability.md has the same list. */
export const METRICS = {
  critique_loop_rows: { kind: 'counter', unit: 'rows', help: 'Rows finished', labels: ['stage'] },
  critique_loop_tokens: {
    kind: 'counter',
    unit: 'tokens',
    help: 'Tokens read (prompt) and generated (completion)',
    labels: ['stage', 'kind'],
  },
  critique_loop_odd_texts: {
    kind: 'counter',
    unit: 'texts',
    help: 'Texts that were not written to their end, or that nobody could read',
    labels: ['stage', 'outcome'],
  },
  critique_loop_graded: { kind: 'counter', unit: 'texts', help: 'Texts graded by the oracle', labels: ['outcome'] },
  critique_loop_accepted: {
    kind: 'counter',
    unit: 'rows',
    help: 'Rows to train on that a run found itself',
    labels: ['kind'],
  },
  critique_loop_rejected: {
    kind: 'counter',
    unit: 'rows',
    help: 'Rows that were found and are not trained on',
    labels: ['step', 'reason'],
  },
  critique_loop_accuracy: {
    kind: 'gauge',
    unit: '1',
    help: 'Share of the test set answered correctly, of the last iteration that was measured',
    labels: ['critic'],
  },
  critique_loop_request_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Seconds until a request for generations was answered',
    labels: ['host'],
    buckets: ANSWERS,
  },
  critique_loop_request_failures: {
    kind: 'counter',
    unit: 'requests',
    help: 'Requests that were not answered',
    labels: ['host', 'kind'],
  },
  critique_loop_in_flight: {
    kind: 'gauge',
    unit: 'generations',
    help: 'Generations that an engine has been asked for',
    labels: ['host'],
  },
  critique_loop_limit: {
    kind: 'gauge',
    unit: 'generations',
    help: 'Generations that an engine may be asked for at a time, at present',
    labels: ['host'],
  },
  critique_loop_engine_failing: {
    kind: 'gauge',
    unit: '1',
    help: '1 while shards of a stage get nothing but errors from their engine',
    labels: ['stage'],
  },
  critique_loop_grader_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Seconds until the responses of one request were graded, second opinions included',
    labels: [],
    buckets: SHORT,
  },
  critique_loop_oracle_unanswered: {
    kind: 'counter',
    unit: 'answers',
    help: 'Second opinions that could not be had',
    labels: ['tier'],
  },
  critique_loop_activity_failures: {
    kind: 'counter',
    unit: 'attempts',
    help: 'Attempts of activities that failed',
    labels: ['type'],
  },
  critique_loop_vllm_change_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Seconds that vLLM took to start, load other weights, sleep or wake',
    labels: ['change'],
    buckets: LONG,
  },
  critique_loop_gpu_held: {
    kind: 'gauge',
    unit: '1',
    help: '1 while a user holds the lease of a GPU of this machine',
    labels: ['gpu', 'user'],
  },
  critique_loop_gpu_wait_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Seconds that a user waited for the lease of its GPUs',
    labels: ['user'],
    buckets: LONG,
  },
  critique_loop_fine_tunes: {
    kind: 'gauge',
    unit: '1',
    help: '1 while a fine-tune is in this state',
    labels: ['state'],
  },
  critique_loop_fine_tune_step: { kind: 'gauge', unit: 'steps', help: 'Steps of the fine-tune so far', labels: [] },
  critique_loop_fine_tune_steps: { kind: 'gauge', unit: 'steps', help: 'Steps of the fine-tune in all', labels: [] },
  critique_loop_fine_tune_loss: { kind: 'gauge', unit: '1', help: 'Loss of its last logged step', labels: [] },
  critique_loop_store_free_bytes: {
    kind: 'gauge',
    unit: 'bytes',
    help: 'Free for this user where the store is a folder',
    labels: [],
  },
} as const satisfies Record<string, Definition>;

type Table = typeof METRICS;
type OfKind<Kind> = { [Name in keyof Table]: Table[Name]['kind'] extends Kind ? Name : never }[keyof Table];
type Labels<Name extends keyof Table> = Record<Table[Name]['labels'][number], string>;

/** The metrics of a meter: the worker's, or an activity's, which tells the activity, its queue and its namespace, too. */
export class Metrics {
  readonly #meter: MetricMeter;
  readonly #made = new Map<string, Metric>();

  constructor(meter: MetricMeter) {
    this.#meter = meter;
  }

  add<Name extends OfKind<'counter'>>(name: Name, value: number, labels: Labels<Name>): void {
    this.#find(name, () => this.#meter.createCounter(name, METRICS[name].unit, METRICS[name].help)).add(value, labels);
  }

  set<Name extends OfKind<'gauge'>>(name: Name, value: number, labels: Labels<Name>): void {
    const { unit, help } = METRICS[name];
    this.#find(name, () => this.#meter.createGauge(name, 'float', unit, help)).set(value, labels as MetricTags);
  }

  record<Name extends OfKind<'histogram'>>(name: Name, seconds: number, labels: Labels<Name>): void {
    const { unit, help } = METRICS[name];
    const histogram = this.#find(name, () => this.#meter.createHistogram(name, 'float', unit, help));
    histogram.record(seconds, labels as MetricTags);
  }

  #find<One extends Metric>(name: string, make: () => One): One {
    const made = (this.#made.get(name) as One | undefined) ?? make();
    this.#made.set(name, made);
    return made;
  }
}

/** Where nobody looks. */
export const NO_METRICS: Metrics = new Metrics(noopMetricMeter);

/** Seconds since then. @param began by performance.now() */
export const secondsSince = (began: number): number => (performance.now() - began) / 1000;
