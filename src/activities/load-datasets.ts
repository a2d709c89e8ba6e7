import { readTriples } from '../backends/datasets/index.ts';
import type { ArtifactRef } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import { fetchFile } from '../backends/storage/stored.ts';
import type { SelfImproveConfig } from '../config/self-improve.ts';
import { Contamination, TestQuestions } from '../method/contamination.ts';
import type { Question } from '../method/rows.ts';
import { DatasetLoader } from './dataset-loader.ts';
import { withHeartbeat } from './heartbeat.ts';
import { readTrainingRows } from './training-rows.ts';

export interface Datasets {
  questions: ArtifactRef;
  reason: ArtifactRef;
  refine: ArtifactRef | null;
  /** D_critique; null where the critic is not retrained on any. */
  critique: ArtifactRef | null;
  test: ArtifactRef;
  warnings: string[];
}

/** Brings a run's datasets into the store, so that every later step reads the same bytes. */
export async function loadDatasets(
  deps: { store: Store },
  task: { run: string; config: SelfImproveConfig },
): Promise<Datasets> {
  const { questions, reason, refine, test, critic } = task.config;
  const critiques = critic?.retrain?.data ?? [];
  const loader = await DatasetLoader.open(deps.store, task.run);
  const tests = new TestQuestions();

  async function checked(name: string, work: (seen: (question: Question) => void) => Promise<ArtifactRef>) {
    const contamination = new Contamination(tests);
    const ref = await work((question) => contamination.add(question));
    loader.warnings.push(...overlapWarning(name, tests.count, contamination.summary()));
    return ref;
  }

  return await withHeartbeat(
    () => loader.progress,
    async () => ({
      test: await loader.questions('test', test, (question) => tests.add(question)),
      questions: await checked('questions', (seen) => loader.questions('questions', questions, seen)),
      reason: await checked('reason', (seen) => loader.questions('reason', reason, seen)),
      refine:
        refine &&
        (await checked('refine', (seen) =>
          loader.rows(
            'refine',
            async () => readTriples(await fetchFile(deps.store, refine)),
            ({ question }) => seen(question),
          ),
        )),
      critique:
        critiques.length > 0
          ? await loader.rows(
              'critique',
              async () => readTrainingRows(critiques, deps.store),
              () => {},
            )
          : null,
      warnings: loader.warnings,
    }),
  );
}

const EXAMPLES = 3;

export function overlapWarning(
  name: string,
  tests: number,
  { same, near, pairs }: ReturnType<Contamination['summary']>,
) {
  if (pairs.length === 0) return [];
  const examples = pairs.slice(0, EXAMPLES).map(({ test, train }) => `${test} as ${train}`);
  return [
    `${pairs.length} of the ${tests} test questions are also in "${name}" (${same} word for word, ${near} nearly; ` +
      `for instance ${examples.join(', ')}): the accuracy on the test set is not to be trusted`,
  ];
}
