import { activityInfo } from '@temporalio/activity';
import { Failure } from '../backends/failures.ts';
import type { GenerationRequest, GenerationResult } from '../backends/inference/client.ts';
import { type Engine, type ModelClient, modelName } from '../backends/inference/engine.ts';
import { Limiter } from '../backends/inference/limiter.ts';

/** Until when an activity waits for a model, in milliseconds since the epoch: retries have no patience of their own. */
export const patienceEnds = (minutes: number): number => activityInfo().scheduledTimestampMs + minutes * 60_000;

/**
 * An engine that is not waited for without end: after `until`, in milliseconds since the epoch, a request that finds it down gets texts
 * that say `unavailable`, and what comes after is not asked any more. Until then it fails as ever, and the activity is tried again.
 */
export function impatient(engine: Engine, until: number): Engine {
  const isOver = (error: unknown) =>
    error instanceof Failure && error.type === 'EngineUnavailable' && Date.now() >= until;
  return {
    async serve(model, signal) {
      try {
        const { client, name } = await engine.serve(model, signal);
        return { client: new ImpatientClient(client, isOver), name };
      } catch (error) {
        if (!isOver(error)) throw error;
        return { client: GIVEN_UP, name: modelName(model) };
      }
    },
    close: () => engine.close(),
  };
}

class ImpatientClient implements ModelClient {
  readonly #client: ModelClient;
  readonly #isOver: (error: unknown) => boolean;
  #givenUp = false;

  constructor(client: ModelClient, isOver: (error: unknown) => boolean) {
    this.#client = client;
    this.#isOver = isOver;
  }

  get limiter(): ModelClient['limiter'] {
    return this.#client.limiter;
  }

  get waitingFor(): string | null {
    return this.#client.waitingFor;
  }

  async generate(request: GenerationRequest, signal: AbortSignal): Promise<GenerationResult> {
    if (this.#givenUp) return unavailable(request);
    try {
      return await this.#client.generate(request, signal);
    } catch (error) {
      if (!this.#isOver(error)) throw error;
      this.#givenUp = true;
      return unavailable(request);
    }
  }
}

const GIVEN_UP: ModelClient = {
  limiter: new Limiter({ most: 1 }),
  waitingFor: null,
  generate: async (request) => unavailable(request),
};

function unavailable({ n }: GenerationRequest): GenerationResult {
  const refusal = 'it did not answer in time';
  const texts = Array.from({ length: n }, () => ({ text: '', finishReason: 'unavailable' as const, refusal }));
  return { texts, promptTokens: 0, completionTokens: 0 };
}
