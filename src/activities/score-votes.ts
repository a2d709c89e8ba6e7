import type { GradingThreads } from '../backends/grading/threads.ts';
import { writeRows } from '../backends/storage/artifacts.ts';
import { writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { type EvaluationManifest, evaluationKeys } from './evaluation-files.ts';
import { withHeartbeat } from './heartbeat.ts';
import { type ScoredRows, scoreRows } from './score-rows.ts';

/** Scores an evaluation's rows, and leaves the scores of each question and everything measured in the store. */
export async function scoreVotes(
  deps: { store: Store; threads: GradingThreads },
  manifest: EvaluationManifest,
): Promise<{ questions: number }> {
  const progress = { rows: 0, voted: 0 };
  return await withHeartbeat(
    () => progress,
    async () => {
      const scored = await scoreRows(deps, manifest, progress);
      await keepScores(deps.store, manifest.run, scored);
      return { questions: scored.scores.length };
    },
  );
}

export async function keepScores(store: Store, run: string, { scores, ...rest }: ScoredRows): Promise<void> {
  const keys = evaluationKeys(run);
  await writeRows(store, keys.scores, scores);
  await writeJson(store, keys.summary, rest);
}
