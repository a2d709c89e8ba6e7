import { metricMeter } from '@temporalio/activity';
import { Metrics } from '../backends/metrics.ts';

/** Those of the activity that runs. */
export const activityMetrics = (): Metrics => new Metrics(metricMeter);

/** What a shard's stage is called in metrics: `iteration-3/evaluate/sample` is `sample`. */
export const stageLabel = (stage: string): string => stage.split('/').at(-1)!;
