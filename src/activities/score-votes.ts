import type { GradingThreads } from '../backends/grading/threads.ts';
import { writeRows } from '../backends/storage/artifacts.ts';
import { writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { type EvaluationManifest, evaluationKeys } from './evaluation-files.ts';
import { withHeartbeat } from './heartbeat.ts';
import { scoreRows } from './score-rows.ts';

/** Scores an evaluation's rows, and leaves the scores of each question and everything measured in the store. */
export async function scoreVotes(
  deps: { store: Store; threads: GradingThreads },
  manifest: EvaluationManifest,
): Promise<{ questions: number }> {
  const progress = { rows: 0, voted: 0 };
  return await withHeartbeat(
    () => progress,
    async () => {
      const { scores, ...rest } = await scoreRows(deps, manifest, progress);
      const keys = evaluationKeys(manifest.run);
      await writeRows(deps.store, keys.scores, scores);
      await writeJson(deps.store, keys.summary, rest);
      return { questions: scores.length };
    },
  );
}
