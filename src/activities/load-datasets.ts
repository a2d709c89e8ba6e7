import { readQuestions, readTriples } from '../backends/datasets/index.ts';
import { Failure } from '../backends/failures.ts';
import { type ArtifactRef, writeRows } from '../backends/storage/artifacts.ts';
import type { Store } from '../backends/storage/store.ts';
import type { SelfImproveConfig } from '../config/self-improve.ts';
import type { Question } from '../method/rows.ts';
import { withHeartbeat } from './heartbeat.ts';

export interface Datasets {
  questions: ArtifactRef;
  reason: ArtifactRef;
  refine: ArtifactRef | null;
  test: ArtifactRef;
  warnings: string[];
}

/** Brings a run's datasets into the store, so that every later step reads the same bytes. */
export async function loadDatasets(
  deps: { store: Store },
  task: { run: string; config: SelfImproveConfig },
): Promise<Datasets> {
  const { store } = deps;
  const { questions, reason, refine, test } = task.config;
  const folder = `${task.run}/datasets`;
  const testTexts = new Set<string>();
  const overlap = { questions: 0, reason: 0 };
  let loading = '';
  let rows = 0;

  async function load(name: string, dataset: AsyncIterable<unknown>): Promise<ArtifactRef> {
    loading = name;
    rows = 0;
    async function* counted() {
      for await (const row of dataset) {
        rows++;
        yield row;
      }
    }
    const wrong = (message: string) => new Failure('InvalidInput', `invalid input: ${name}: ${message}`);
    const ref = await writeRows(store, `${folder}/${name}.jsonl`, counted()).catch((error) => {
      throw error instanceof Failure && error.type === 'InvalidInput' ? wrong(error.message) : error;
    });
    if (ref.rows === 0) throw wrong('the dataset has no rows');
    return ref;
  }
  async function* watched(dataset: AsyncIterable<Question>, seen: (question: Question) => void) {
    for await (const question of dataset) {
      seen(question);
      yield question;
    }
  }
  const train = (name: 'questions' | 'reason', config: SelfImproveConfig['questions']) =>
    load(
      name,
      watched(readQuestions(config, store.path('datasets')), ({ question }) => {
        if (testTexts.has(normal(question))) overlap[name]++;
      }),
    );

  return await withHeartbeat(
    () => ({ loading, rows }),
    async () => {
      const tested = await load(
        'test',
        watched(readQuestions(test, store.path('datasets')), ({ question }) => testTexts.add(normal(question))),
      );
      return {
        test: tested,
        questions: await train('questions', questions),
        reason: await train('reason', reason),
        refine: refine && (await load('refine', readTriples(refine))),
        warnings: Object.entries(overlap).flatMap(([name, n]) =>
          n > 0
            ? [`${n} of the test questions are also in "${name}": the accuracy on the test set is not to be trusted`]
            : [],
        ),
      };
    },
  );
}

const normal = (text: string) => text.toLowerCase().replace(/\s+/g, ' ').trim();
