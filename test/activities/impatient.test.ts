import { describe, expect, it } from 'vitest';
import { impatient } from '../../src/activities/impatient.ts';
import { Failure } from '../../src/backends/failures.ts';
import type { Engine } from '../../src/backends/inference/engine.ts';
import { Limiter } from '../../src/backends/inference/limiter.ts';

const MODEL = { config: { model: 'm' }, checkpoint: null };
const REQUEST = { model: 'm', prompt: 'p', n: 2, seed: 1, temperature: 0, maxTokens: 8, stop: [] };
const { signal } = new AbortController();
const down = () => new Failure('EngineUnavailable', 'down');

/** An engine whose answers fail so, and how often it was asked. */
function failing(failure: () => Error, where: 'serve' | 'generate') {
  const asked = { serve: 0, generate: 0 };
  const engine: Engine = {
    serve: async () => {
      asked.serve++;
      if (where === 'serve') throw failure();
      const generate = async () => {
        asked.generate++;
        throw failure();
      };
      return { client: { limiter: new Limiter({ most: 8 }), waitingFor: null, generate }, name: 'm' };
    },
    close: async () => {},
  };
  return { engine, asked };
}

describe.each(['serve', 'generate'] as const)('an engine that is down when it is to %s', (where) => {
  const ask = async (engine: Engine) => {
    const { client } = await engine.serve(MODEL, signal);
    return [await client.generate(REQUEST, signal), await client.generate(REQUEST, signal)];
  };

  it('fails until its time is over', async () => {
    const { engine } = failing(down, where);
    await expect(ask(impatient(engine, Date.now() + 60_000))).rejects.toThrow('down');
  });

  it('is then not asked any more', async () => {
    const { engine, asked } = failing(down, where);
    const results = await ask(impatient(engine, Date.now()));
    const text = { text: '', finishReason: 'unavailable', refusal: 'it did not answer in time' };
    expect(results).toEqual(Array(2).fill({ texts: [text, text], promptTokens: 0, completionTokens: 0 }));
    expect(asked[where]).toBe(1);
  });

  it('still fails of what no time mends', async () => {
    const { engine } = failing(() => new Failure('Unauthorized', 'no key'), where);
    await expect(ask(impatient(engine, Date.now()))).rejects.toThrow('no key');
  });
});
