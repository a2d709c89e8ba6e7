import type { Metric, MetricMeter, MetricTags } from '@temporalio/common';

/** What Temporal puts to everything that an activity tells. */
const OF_ACTIVITY = new Set(['namespace', 'taskQueue', 'activityType']);

/** A meter that can be read: of each series, how it is written in Prometheus, the sum of a counter, the last of a gauge, the count of a histogram. */
export class RecordingMeter {
  readonly series: Record<string, number> = {};
  readonly meter: MetricMeter;

  constructor() {
    const write = (name: string, tags: MetricTags, next: (before: number) => number) => {
      const labels = Object.entries(tags)
        .filter(([label]) => !OF_ACTIVITY.has(label))
        .map(([label, value]) => `${label}="${value}"`);
      const key = labels.length > 0 ? `${name}{${labels.join(',')}}` : name;
      this.series[key] = next(this.series[key] ?? 0);
    };
    const metric = (kind: Metric['kind']) => (name: string) => ({
      name,
      kind,
      valueType: 'float',
      add: (value: number, tags: MetricTags = {}) => write(name, tags, (before) => before + value),
      set: (value: number, tags: MetricTags = {}) => write(name, tags, () => value),
      record: (_: number, tags: MetricTags = {}) => write(name, tags, (before) => before + 1),
    });
    this.meter = {
      createCounter: metric('counter'),
      createGauge: metric('gauge'),
      createHistogram: metric('histogram'),
      withTags: () => this.meter,
    } as unknown as MetricMeter;
  }
}
