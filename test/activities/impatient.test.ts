import { expect, it } from 'vitest';
import { impatient } from '../../src/activities/impatient.ts';
import { Failure } from '../../src/backends/failures.ts';
import type { GenerationRequest } from '../../src/backends/inference/client.ts';
import type { Engine, ModelClient } from '../../src/backends/inference/engine.ts';
import { Limiter } from '../../src/backends/inference/limiter.ts';
import { Critic } from '../../src/config/models.ts';

const MODEL = { config: Critic.parse({ model: 'teacher' }), checkpoint: null };
const REQUEST: GenerationRequest = {
  model: 'teacher',
  prompt: '',
  n: 2,
  seed: 1,
  temperature: 0,
  maxTokens: 9,
  stop: [],
};
const never = new AbortController().signal;
const PAST = Date.now() - 1;
const FUTURE = Date.now() + 60_000;

const down = () => new Failure('EngineUnavailable', 'nobody there');

/** Its requests fail as told, one after the other, and then succeed. */
function engineOf(failures: (Failure | null)[], whole?: Failure): Engine & { asked: number } {
  const client: ModelClient = {
    limiter: new Limiter({ most: 4 }),
    waitingFor: null,
    generate: async ({ n }) => {
      engine.asked++;
      const failure = failures.shift();
      if (failure) throw failure;
      const texts = Array.from({ length: n }, () => ({ text: 'fine', finishReason: 'stop' as const }));
      return { texts, promptTokens: 1, completionTokens: 1 };
    },
  };
  const engine = {
    asked: 0,
    serve: async () => {
      if (whole) throw whole;
      return { client, name: 'teacher' };
    },
    close: async () => {},
  };
  return engine;
}

const ask = async (engine: Engine) => {
  const { client } = await engine.serve(MODEL, never);
  return async () => (await client.generate(REQUEST, never)).texts.map(({ finishReason }) => finishReason);
};

it('fails as ever until its time is over', async () => {
  await expect(impatient(engineOf([], down()), FUTURE).serve(MODEL, never)).rejects.toThrow('nobody there');
  await expect((await ask(impatient(engineOf([down()]), FUTURE)))()).rejects.toThrow('nobody there');
});

it('then gives texts that say so, and asks no more from the first of them on', async () => {
  const engine = engineOf([null, down(), null]);
  const once = await ask(impatient(engine, PAST));
  expect([await once(), await once(), await once()]).toEqual([
    ['stop', 'stop'],
    ['unavailable', 'unavailable'],
    ['unavailable', 'unavailable'],
  ]);
  expect(engine.asked).toBe(2);
  expect(await (await ask(impatient(engineOf([], down()), PAST)))()).toEqual(['unavailable', 'unavailable']);
});

it('never hides what waiting does not help', async () => {
  const wrong = new Failure('Unauthorized', 'no key');
  await expect(impatient(engineOf([], wrong), PAST).serve(MODEL, never)).rejects.toThrow('no key');
  await expect((await ask(impatient(engineOf([wrong]), PAST)))()).rejects.toThrow('no key');
});
