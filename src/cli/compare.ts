import { type EvaluationManifest, evaluationKeys, planOf, readScores } from '../activities/evaluation-files.ts';
import { readJson } from '../backends/storage/json.ts';
import { openStore } from '../backends/storage/open-store.ts';
import { runFolder } from '../backends/storage/runs.ts';
import type { Store } from '../backends/storage/store.ts';
import { readEnvironment } from '../config/environment.ts';
import { compareRuns, type RunScores, scoreRun } from '../method/supervision/compare-runs.ts';
import type { Scored } from '../method/supervision/scored.ts';
import { comparisonTable } from '../report/supervision/comparison-table.ts';
import { SetupError } from './setup/setup-error.ts';

/** Prints what the second evaluation answers better than the first, paired by question. */
export async function compare(runA: string, runB: string, { json }: { json?: boolean }): Promise<void> {
  const store = await openStore(readEnvironment());
  const [before, after] = [await scoresOf(store, runA), await scoresOf(store, runB)];
  const comparison = finish(compareRuns(before, after));
  if (comparison.both === 0)
    throw new SetupError(`"${runA}" and "${runB}" have no question in common: evaluate both on the same "questions"`);
  const text = json ? JSON.stringify(comparison, null, 2) : comparisonTable(comparison, runA, runB);
  process.stdout.write(`${text}\n`);
}

async function scoresOf(store: Store, workflowId: string): Promise<RunScores> {
  const folder = runFolder(workflowId);
  const manifest = await readJson<EvaluationManifest>(store, evaluationKeys(folder).manifest);
  if (!manifest)
    throw new SetupError(
      `no evaluation "${workflowId}" in ${store.locate('runs')}: is it a run of "evaluate" that has ended, and CRITIQUE_LOOP_STORE its store?`,
    );
  const scores: Scored[] = [];
  for await (const scored of readScores(store, folder)) scores.push(scored);
  return finish(scoreRun(scores, planOf(manifest.config)));
}

/** Nobody waits for anything else here. */
function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
