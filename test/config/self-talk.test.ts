import { describe, expect, it } from 'vitest';
import { checkSelfTalk } from '../../src/activities/check-self-talk.ts';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { formatIssues } from '../../src/config/parse.ts';
import { SelfTalk } from '../../src/config/self-talk.ts';

const endpoint = { baseUrl: 'http://127.0.0.1:1/v1' };
const least = {
  actor: { model: 'models/actor', maxTokens: 96 },
  critic: { model: 'models/critic', maxTokens: 176 },
  questions: { source: 'arithmetic', split: 'train', count: 10 },
};
const training = { base: 'models/actor' };
const evaluation = { questions: { source: 'arithmetic', split: 'test', count: 10 }, maxTokens: 64 };
const store = new FolderStore('/nowhere');
const mistakes = async (change: object) =>
  ((await checkSelfTalk({ ...least, ...change }, store)).issues ?? []).map((issue) => formatIssues([issue]));

describe('the input of selfTalk', () => {
  it('has a default for everything that need not be said', () => {
    expect(SelfTalk.parse(least)).toMatchObject({
      seed: 0,
      samples: 1,
      rounds: 4,
      perQuestion: 1,
      smoother: { source: 'templates' },
      minYield: 0.1,
      training: null,
      evaluation: null,
      actor: { style: 'solution', temperature: 0.7 },
    });
    expect(SelfTalk.parse({ ...least, training }).training).toMatchObject({
      base: 'models/actor',
      epochs: 1,
      data: [],
    });
    const smoother = { source: 'model', model: 'm', endpoint };
    expect(SelfTalk.parse({ ...least, smoother }).smoother).toMatchObject({
      promptFamily: 'chat',
      temperature: 0,
      patienceMinutes: 60,
    });
  });

  it('may have everything', async () => {
    const price = { prompt: 1, completion: 1 };
    const smoother = { source: 'model', model: 'm', endpoint, price };
    const data = ['test/fixtures/math-8.jsonl'];
    expect(await mistakes({ smoother, training: { ...training, data }, evaluation, costLimit: 1 })).toEqual([]);
  });

  it.each<[string, object, string]>([
    [
      'more shards than its history has room for',
      { rounds: 32, shards: 17 },
      'shards: got 17, expected at most 16 with 32 rounds: the history has them all',
    ],
    ['no critic', { critic: null }, 'critic: got null, expected an object {...}'],
    [
      'a critic that is not there',
      { critic: { model: 'models/none', maxTokens: 176 } },
      'critic.model: got "models/none", expected a folder with a Hugging Face checkpoint (config.json), or an "endpoint" that serves it',
    ],
    [
      'an actor of the wrong style',
      { actor: { model: 'models/actor', maxTokens: 96, style: 'self-talk' } },
      'actor.style: got "self-talk", expected "solution": self-talk is made of solutions',
    ],
    [
      'chains that are all the same',
      { samples: 2, actor: { model: 'models/actor', maxTokens: 96, temperature: 0 } },
      'samples: got 2, expected 1 at actor.temperature 0, where all would be the same',
    ],
    ['more kept than drawn', { perQuestion: 2 }, 'perQuestion: got 2, expected at most samples (1)'],
    ['no such smoother', { smoother: { source: 'gpt' } }, 'smoother.source: got "gpt", expected "source" to be'],
    [
      'a smoother that is asked as a base model',
      { smoother: { source: 'model', model: 'm', endpoint, promptFamily: 'base' } },
      'smoother.promptFamily: got "base", expected "chat"',
    ],
    [
      'a smoother that is nowhere',
      { smoother: { source: 'model', model: 'models/none' } },
      'smoother.model: got "models/none", expected a folder',
    ],
    ['a share above 1', { minYield: 1.5 }, 'minYield: got 1.5, expected at most 1'],
    ['an evaluation of nothing', { evaluation }, 'expected null, or "training" beside it'],
    [
      'a base that is not there',
      { training: { base: 'models/none' } },
      'training.base: got "models/none", expected a folder',
    ],
    [
      'rows that are not there',
      { training: { ...training, data: ['runs/none/sft.jsonl'] } },
      'training.data: got "runs/none/sft.jsonl", expected a file or an artifact of a run: there is none',
    ],
    [
      'test questions to train on',
      { questions: { ...least.questions, split: 'test' } },
      'questions.split: got "test", expected "train"',
    ],
    [
      'a limit without a price',
      { costLimit: 1 },
      'costLimit: got 1, expected a "price" of the actor, the critic or the smoother with it',
    ],
    ['a field that is not known', { smooth: true }, 'smooth: is not a known field: check its spelling'],
  ])('%s is named', async (_, change, said) => {
    expect(await mistakes(change)).toEqual([expect.stringContaining(said)]);
  });

  it('names what is wrong and what is not there at once', async () => {
    expect(await mistakes({ samples: 'two', actor: { model: 'models/none' } })).toEqual([
      'samples: got "two", expected a number',
      expect.stringContaining('actor.model: got "models/none"'),
    ]);
  });
});
