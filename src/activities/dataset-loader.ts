import { Context } from '@temporalio/activity';
import { type Origin, openQuestions } from '../backends/datasets/index.ts';
import { Failure } from '../backends/failures.ts';
import { type ArtifactRef, writeRows } from '../backends/storage/artifacts.ts';
import { readJson, writeJson } from '../backends/storage/json.ts';
import type { Store } from '../backends/storage/store.ts';
import { fetchFile } from '../backends/storage/stored.ts';
import type { QuestionsConfig } from '../config/datasets.ts';
import type { Question } from '../method/rows.ts';

/** Brings the datasets of one run into the store. A run that goes on reads the same commits of the hub. */
export class DatasetLoader {
  readonly warnings: string[] = [];
  readonly progress = { loading: '', rows: 0 };
  readonly #store: Store;
  readonly #folder: string;
  readonly #origins: Record<string, Origin>;

  private constructor(store: Store, folder: string, origins: Record<string, Origin>) {
    this.#store = store;
    this.#folder = folder;
    this.#origins = origins;
  }

  /** @param run folder of the run in the store */
  static async open(store: Store, run: string): Promise<DatasetLoader> {
    const folder = `${run}/datasets`;
    const origins = (await readJson<Record<string, Origin>>(store, `${folder}/origins.json`)) ?? {};
    return new DatasetLoader(store, folder, origins);
  }

  async questions(
    name: string,
    config: QuestionsConfig,
    seen: (question: Question) => void = () => {},
  ): Promise<ArtifactRef> {
    const open = async () => {
      const cache = this.#store.path('datasets');
      const signal = Context.current().cancellationSignal;
      const local = await fetchFile(this.#store, config);
      const dataset = await openQuestions(local, { cache, env: process.env, signal, origin: this.#origins[name] });
      if (dataset.origin)
        await writeJson(
          this.#store,
          `${this.#folder}/origins.json`,
          Object.assign(this.#origins, { [name]: dataset.origin }),
        );
      return dataset.questions;
    };
    const ref = await this.rows(name, open, seen);
    if (config.count && ref.rows < config.count)
      this.warnings.push(`"${name}" has ${ref.rows} questions, fewer than its count of ${config.count}`);
    return ref;
  }

  /** @throws Failure InvalidInput with the dataset's name in front */
  async rows<Row>(
    name: string,
    open: () => Promise<AsyncIterable<Row>>,
    seen: (row: Row) => void,
  ): Promise<ArtifactRef> {
    const { progress } = this;
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
    const ref = await writeRows(this.#store, `${this.#folder}/${name}.jsonl`, watched()).catch((error) => {
      throw error instanceof Failure && error.type === 'InvalidInput' ? wrong(error.message) : error;
    });
    if (ref.rows === 0) throw wrong('the dataset has no rows');
    return ref;
  }
}
