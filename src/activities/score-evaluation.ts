import { type ArtifactRef, readAllRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { Difference, Proportion } from '../method/estimate.ts';
import { compareEvaluations, startEvaluation } from '../method/evaluation.ts';
import type { Attempt } from '../method/rows.ts';
import { oneSided } from '../method/warnings.ts';
import { withHeartbeat } from './heartbeat.ts';
import { type IterationFile, writeIterationFile } from './iteration-files.ts';
import { activityMetrics } from './metrics.ts';

export interface EvaluationTask {
  run: string;
  iteration: number;
  /** Greedy responses to the test set. */
  sampled: ArtifactRef[];
  /** Null without a critic at test time. */
  critiqued: ArtifactRef[] | null;
  refined: ArtifactRef[] | null;
  /** Iteration 0's responses; null in iteration 0. */
  baseline: ArtifactRef[] | null;
}

/** What the workflow keeps of an evaluation; the rest is in the store. */
export interface EvaluationSummary {
  accuracy: Proportion;
  /** Over iteration 0, paired; null in iteration 0. */
  gain: Difference | null;
  /** With the critic at test time, and its paired gain over the responses alone. */
  withCritic: { accuracy: Proportion; gain: Difference } | null;
}

export interface ScoredEvaluation extends EvaluationSummary {
  /** Absent in older histories. */
  warnings?: string[];
}

/** Counts what is right on the test set, alone, with the critic and against iteration 0. */
export async function scoreEvaluation(deps: { store: Store }, task: EvaluationTask): Promise<ScoredEvaluation> {
  let rows = 0;
  return await withHeartbeat(
    () => ({ rows }),
    async () => {
      const evaluation = await evaluate([task.sampled, task.critiqued, task.refined].flatMap((refs) => refs ?? []));
      const baseline = task.baseline && (await evaluate(task.baseline));
      const summary = evaluation.summary();
      const gain = baseline && compareEvaluations(baseline.results(), evaluation.results());
      const file: IterationFile['evaluation'] = { summary, gain };
      await writeIterationFile(deps.store, task.run, task.iteration, 'evaluation', file);
      await writeIterationFile(deps.store, task.run, task.iteration, 'results', evaluation.results());
      const { critic } = summary;
      const metrics = activityMetrics();
      const accuracies = { without: summary.accuracy, with: critic?.accuracy };
      for (const [critic, accuracy] of Object.entries(accuracies))
        if (accuracy?.value != null) metrics.set('critique_loop_accuracy', accuracy.value, { critic });
      return {
        accuracy: summary.accuracy,
        gain,
        withCritic: critic && { accuracy: critic.accuracy, gain: critic.difference },
        warnings: critic ? oneSided('the critic', critic.discriminabilityOnRight, critic.discriminabilityOnWrong) : [],
      };
    },
  );

  async function evaluate(refs: ArtifactRef[]) {
    const evaluation = startEvaluation();
    for await (const row of readAllRows<Attempt>(deps.store, refs)) {
      rows++;
      evaluation.add(row);
    }
    return evaluation;
  }
}
