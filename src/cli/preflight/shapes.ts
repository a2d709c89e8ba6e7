import { join } from 'node:path';
import { Failure } from '../../backends/failures.ts';
import { readModelFiles } from '../../backends/model-files.ts';
import { type ModelShape, readShape, UnknownShape } from '../../method/gpu/shape.ts';

/** The shape of a model, or why it can't be told. */
export type FoundShape = { shape: ModelShape; reason?: never } | { shape?: never; reason: string };

/** What is not read from a file is asked of the hub, which preflight does not wait for long. */
const FIRST_WAIT_MS = 100;

/** Looks at models, each once. */
export class Shapes {
  readonly #cache: string;
  readonly #found = new Map<string, Promise<FoundShape>>();

  /** @param cache folder for small files of the hub */
  constructor(cache: string) {
    this.#cache = join(cache, 'models');
  }

  async of(model: string): Promise<FoundShape> {
    const found = this.#found.get(model) ?? this.#look(model);
    this.#found.set(model, found);
    return await found;
  }

  async #look(model: string): Promise<FoundShape> {
    try {
      const access = { cache: this.#cache, env: process.env, waitMs: FIRST_WAIT_MS };
      const { config, weightBytes } = await readModelFiles(model, access);
      return { shape: readShape(config, weightBytes) };
    } catch (error) {
      if (error instanceof UnknownShape) return { reason: `${model}: ${error.message}` };
      if (error instanceof Failure) return { reason: `${model} is no folder here, and ${error.message}` };
      throw error;
    }
  }
}
