import { Context } from '@temporalio/activity';
import { type Origin, openQuestions, readTriples } from '../backends/datasets/index.ts';
import { Failure } from '../backends/failures.ts';
import { type ArtifactRef, writeRows } from '../backends/storage/artifacts.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import type { QuestionsConfig } from '../config/datasets.ts';
import type { SelfImproveConfig } from '../config/self-improve.ts';
import { Contamination, TestQuestions } from '../method/contamination.ts';
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
  // A run that goes on reads the same commits of the hub.
  const origins = (await readJson<Record<string, Origin>>(store, `${folder}/origins.json`)) ?? {};
  const tests = new TestQuestions();
  const warnings: string[] = [];
  const progress = { loading: '', rows: 0 };

  async function load<Row>(
    name: string,
    open: () => Promise<AsyncIterable<Row>>,
    seen: (row: Row) => void,
  ): Promise<ArtifactRef> {
    progress.loading = name;
    progress.rows = 0;
    async function* watched() {
      for await (const row of await open()) {
        progress.rows++;
        seen(row);
        yield row;
      }
    }
    const wrong = (message: string) => new Failure('InvalidInput', `invalid input: ${name}: ${message}`);
    const ref = await writeRows(store, `${folder}/${name}.jsonl`, watched()).catch((error) => {
      throw error instanceof Failure && error.type === 'InvalidInput' ? wrong(error.message) : error;
    });
    if (ref.rows === 0) throw wrong('the dataset has no rows');
    return ref;
  }

  async function loadQuestions(name: string, config: QuestionsConfig, seen: (question: Question) => void) {
    const open = async () => {
      const cache = store.path('datasets');
      const signal = Context.current().cancellationSignal;
      const dataset = await openQuestions(config, { cache, env: process.env, signal, origin: origins[name] });
      if (dataset.origin)
        await writeJson(store, `${folder}/origins.json`, Object.assign(origins, { [name]: dataset.origin }));
      return dataset.questions;
    };
    const ref = await load(name, open, seen);
    if (config.count && ref.rows < config.count)
      warnings.push(`"${name}" has ${ref.rows} questions, fewer than its count of ${config.count}`);
    return ref;
  }

  async function checked(name: string, work: (seen: (question: Question) => void) => Promise<ArtifactRef>) {
    const contamination = new Contamination(tests);
    const ref = await work((question) => contamination.add(question));
    warnings.push(...overlapWarning(name, tests.count, contamination.summary()));
    return ref;
  }

  return await withHeartbeat(
    () => progress,
    async () => ({
      test: await loadQuestions('test', test, (question) => tests.add(question)),
      questions: await checked('questions', (seen) => loadQuestions('questions', questions, seen)),
      reason: await checked('reason', (seen) => loadQuestions('reason', reason, seen)),
      refine:
        refine &&
        (await checked('refine', (seen) =>
          load(
            'refine',
            async () => readTriples(refine),
            ({ question }) => seen(question),
          ),
        )),
      warnings,
    }),
  );
}

const EXAMPLES = 3;

function overlapWarning(name: string, tests: number, { same, near, pairs }: ReturnType<Contamination['summary']>) {
  if (pairs.length === 0) return [];
  const examples = pairs.slice(0, EXAMPLES).map(({ test, train }) => `${test} as ${train}`);
  return [
    `${pairs.length} of the ${tests} test questions are also in "${name}" (${same} word for word, ${near} nearly; ` +
      `for instance ${examples.join(', ')}): the accuracy on the test set is not to be trusted`,
  ];
}
