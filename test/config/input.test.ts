import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BuildCritiques } from '../../src/config/build-critiques.ts';
import { Evaluate } from '../../src/config/evaluate.ts';
import { FineTune } from '../../src/config/fine-tune.ts';
import { formatIssues, parseInput } from '../../src/config/parse.ts';
import { SelfImprove } from '../../src/config/self-improve.ts';
import { SelfTalk } from '../../src/config/self-talk.ts';
import { Study } from '../../src/config/study.ts';
import { DEFAULT_POLICIES } from '../../src/method/answers/policies.ts';

const endpoint = { baseUrl: 'http://127.0.0.1:8000/v1' };
const MINIMAL = {
  iterations: 2,
  actor: { base: 'models/actor' },
  critic: { model: 'models/critic' },
  questions: { source: 'arithmetic', split: 'train', count: 100 },
  reason: { source: 'arithmetic', split: 'train', count: 50 },
  test: { source: 'arithmetic', split: 'test', count: 20 },
};

/** The input with some of its fields changed; `undefined` removes one. */
function changed(path: string, value: unknown): unknown {
  const input = structuredClone(MINIMAL) as Record<string, unknown>;
  const keys = path.split('.');
  let at = input;
  for (const key of keys.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  const last = keys.at(-1)!;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return input;
}

describe('a run file', () => {
  test('of the few fields that have no default gets those of the reference scripts', () => {
    expect(parseInput(SelfImprove, MINIMAL).value).toEqual({
      seed: 0,
      iterations: 2,
      samples: 1, // sample_num
      critiques: 1,
      refinementsPerCritique: 1,
      keptPerCritique: 1, // reserved_new_data
      shortcutBarrier: true,
      data: {
        original: true, // USE_ORIGINAL
        previous: false, // USE_PREVIOUS
        refine: true, // USE_GPT4_FEEDBACK
        selfImproveFeedback: false, // USE_SELFIMPROVE_FEEDBACK
        beta: 1,
      },
      actor: { base: 'models/actor', promptFamily: 'base', temperature: 0.7, maxTokens: 1024 },
      critic: { model: 'models/critic', promptFamily: 'base', temperature: 0, maxTokens: 1536, retrain: null },
      questions: { source: 'arithmetic', split: 'train', count: 100, seed: 0, levels: [1, 2, 3, 4, 5] },
      reason: { source: 'arithmetic', split: 'train', count: 50, seed: 0, levels: [1, 2, 3, 4, 5] },
      refine: null,
      test: { source: 'arithmetic', split: 'test', count: 20, seed: 0, levels: [1, 2, 3, 4, 5] },
      training: {
        backend: 'trl',
        epochs: 1,
        learningRate: 5e-6,
        batchSize: 4, // per device
        gradientAccumulation: 8,
        maxLength: 4096, // cutoff_len
        warmupRatio: 0,
        scheduler: 'cosine',
        weightDecay: 0,
        maxGradNorm: 1,
        saveSteps: 500,
        lora: null,
        processes: 1,
        template: null,
        deepspeed: null,
      },
      evaluation: { withCritic: true, gate: 'verdict' },
      oracle: { policies: DEFAULT_POLICIES, mathVerify: false, judge: null },
    });
  });

  test('parses to the same when it is parsed again', () => {
    const once = parseInput(SelfImprove, MINIMAL).value;
    expect(parseInput(SelfImprove, once).value).toEqual(once);
  });

  test.each([
    ['critic', null],
    ['refine', { source: 'alpaca', path: 'refine.json' }],
    ['questions', { source: 'gsm8k', split: 'train' }],
    ['questions', { source: 'jsonl', path: 'q.jsonl' }],
    ['iterations', 0],
    ['actor.endpoint', { ...endpoint, apiKeyEnv: 'ACTOR_KEY' }],
    ['training.epochs', 0.5],
    ['data.maxPerQuestion', 4],
  ])('may have %s %j', (path, value) => {
    expect(parseInput(SelfImprove, changed(path, value)).issues).toBeUndefined();
  });

  test.each<[string, unknown, string?]>([
    ['iterations', undefined],
    ['iterations', 'three'],
    ['iterations', -1],
    ['iterations', 1.5],
    ['iterations', 101],
    ['seed', 2 ** 31],
    ['samples', 0],
    ['samples', '5'],
    ['refinementsPerCritique', 65],
    ['keptPerCritique', 2], // more than refinementsPerCritique
    ['shortcutBarrier', 'yes'],
    ['data.beta', -0.1],
    ['data.maxPerQuestion', 0],
    ['actor', undefined],
    ['actor', 'models/actor'],
    ['actor.base', ''],
    ['actor.base', '--model'],
    ['actor.base', '../actor'],
    ['actor.base', 'models/my actor'],
    ['actor.temperature', 2.5],
    ['actor.maxTokens', 0],
    ['actor.promptFamily', 'llama'],
    ['actor.endpoint', { baseUrl: 'localhost:8000' }, 'actor.endpoint.baseUrl'],
    ['actor.endpoint', { baseUrl: 'ftp://host/v1' }, 'actor.endpoint.baseUrl'],
    ['actor.endpoint', {}, 'actor.endpoint.baseUrl'],
    ['actor.endpoint', { baseUrl: 8000 }, 'actor.endpoint.baseUrl'],
    ['actor.endpoint', { baseUrl: [] }, 'actor.endpoint.baseUrl'],
    ['actor.endpoint', { baseUrl: [endpoint.baseUrl, 'ftp://host/v1'] }, 'actor.endpoint.baseUrl.1'],
    ['actor.endpoint', { baseUrl: [endpoint.baseUrl, endpoint.baseUrl] }, 'actor.endpoint.baseUrl'],
    ['actor.endpoint', { ...endpoint, maxInFlight: 0 }, 'actor.endpoint.maxInFlight'],
    ['critic', undefined],
    ['critic', false],
    ['critic.model', undefined],
    ['questions', undefined],
    ['questions', []],
    ['shards', 0],
    ['shards', 65],
    ['questions.source', 'web'],
    ['questions.source', undefined],
    ['questions.split', 'validation'],
    ['questions.count', 0],
    ['questions.levels', []],
    ['questions.levels', [1, 6], 'questions.levels.1'],
    ['reason', { source: 'jsonl' }, 'reason.path'],
    ['reason', { source: 'jsonl', path: 'a', answers: 'boxed' }, 'reason.answers'],
    ['refine', { source: 'csv' }, 'refine.source'],
    ['test', { source: 'gsm8k', split: 'train', count: -1 }, 'test.count'],
    ['training.backend', 'axolotl'],
    ['training.template', 'default'],
    ['training.deepspeed', 'zero2.json'],
    ['training.lora', { rank: 0 }, 'training.lora.rank'],
    ['training.lora', { targets: [] }, 'training.lora.targets'],
    ['training.processes', 0],
    ['training.epochs', 0],
    ['training.learningRate', 2],
    ['training.scheduler', 'step'],
    ['evaluation.gate', 'never'],
  ])('with %s %j is refused by that field and what was there', (path, value, field = path) => {
    const { issues } = parseInput(SelfImprove, changed(path, value));
    expect(issues?.map((issue) => issue.field)).toEqual([field]);
    const { message } = issues![0]!;
    const at = field
      .split('.')
      .slice(path.split('.').length)
      .reduce<unknown>((v, key) => (v as never)?.[key], value);
    if (at === undefined) expect(message).toContain('missing');
    else expect(message).toContain(JSON.stringify(at).slice(0, 40));
    expect(message).not.toMatch(/invalid|zod|undefined|received/i);
  });

  test.each([
    ['sample', 5, 'sample'],
    ['actor.model', 'models/actor', 'actor.model'],
    ['training.lr', 1e-4, 'training.lr'],
    ['questions.path', 'x', 'questions.path'],
    ['data.use_original', 1, 'data.use_original'],
  ])('with a field %s that is none is refused', (path, value, field) => {
    const { issues } = parseInput(SelfImprove, changed(path, value));
    expect(issues).toMatchObject([{ field }]);
  });

  test.each([
    ['samples', 'actor.temperature'],
    ['refinementsPerCritique', 'actor.temperature'],
    ['critiques', 'critic.temperature'],
  ])('with several %s at temperature 0 is refused', (field, temperature) => {
    const input = changed(field, 4) as { actor: object; critic: object };
    input.actor = { ...input.actor, temperature: temperature.startsWith('actor') ? 0 : 0.7 };
    const { issues } = parseInput(SelfImprove, input);
    expect(issues).toMatchObject([{ field }]);
    expect(issues![0]!.message).toMatch(new RegExp(`4.*${temperature}`));
  });

  test('names every mistake at once', () => {
    const input = { ...MINIMAL, iterations: 'x', samples: 0, actor: { base: 1, colour: 'red' }, test: undefined };
    const { issues } = parseInput(SelfImprove, input);
    expect(issues!.map(({ field }) => field).sort()).toEqual([
      'actor.base',
      'actor.colour',
      'iterations',
      'samples',
      'test',
    ]);
    const line = formatIssues(issues!);
    expect(line.split('; ')).toHaveLength(5);
    expect(line).toContain('iterations: got "x"');
  });

  test.each([null, undefined, [], 'demo', 3])('that is %j is no object', (input) => {
    const { issues } = parseInput(SelfImprove, input);
    expect(issues).toHaveLength(1);
    expect(issues![0]!.message).toContain('object');
  });

  test('never repeats what was put in the place of the name of a key', () => {
    const secret = 'sk-proj-abcdefghijkl';
    const { issues } = parseInput(SelfImprove, changed('actor.endpoint', { ...endpoint, apiKeyEnv: secret }));
    expect(issues).toMatchObject([{ field: 'actor.endpoint.apiKeyEnv' }]);
    expect(JSON.stringify(issues)).not.toContain(secret);
  });

  test.each(['TEMPORAL_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'SLURM_JWT', 'RAY_AUTH_TOKEN'])(
    'sends no endpoint what %s has, which is for the worker',
    (apiKeyEnv) => {
      const { issues } = parseInput(SelfImprove, changed('actor.endpoint', { ...endpoint, apiKeyEnv }));
      expect(issues).toMatchObject([
        { field: 'actor.endpoint.apiKeyEnv', message: expect.stringContaining('for itself') },
      ]);
    },
  );

  test('has no room for a name and password in a URL, and does not repeat them', () => {
    const baseUrl = 'https://me:hunter2@host/v1';
    const { issues } = parseInput(SelfImprove, changed('critic.endpoint', { baseUrl }));
    expect(issues).toMatchObject([{ field: 'critic.endpoint.baseUrl' }]);
    expect(JSON.stringify(issues)).not.toContain('hunter2');
  });

  test('takes one URL or a list of them, and says so of anything else', () => {
    const baseUrl = ['http://a:8000/v1', 'http://b:8000/v1'];
    expect(parseInput(SelfImprove, changed('critic.endpoint', { baseUrl })).value?.critic?.endpoint).toEqual({
      baseUrl,
      maxInFlight: 512,
    });
    const messages = (wrong: object) =>
      parseInput(SelfImprove, changed('critic.endpoint', wrong)).issues?.map(({ message }) => message);
    expect(messages({})).toEqual(['is missing, expected an http or https URL ending in /v1, or a list of them']);
    expect(messages({ baseUrl: [...baseUrl, baseUrl[0]] })).toEqual([expect.stringContaining('each of them once')]);
  });

  test('retrains its critic as the successor repository does, from rows if there are any', () => {
    const { value } = parseInput(SelfImprove, changed('critic.retrain', {}));
    expect(value?.critic?.retrain).toMatchObject({ data: [], training: { epochs: 5, learningRate: 5e-6 } });
    expect(value?.critic?.retrain?.base).toBeUndefined();
    for (const [wrong, field] of [
      [{ data: 'rows.jsonl' }, 'critic.retrain.data'],
      [{ training: { epochs: 0 } }, 'critic.retrain.training.epochs'],
      [{ every: 2 }, 'critic.retrain.every'],
    ] as const)
      expect(parseInput(SelfImprove, changed('critic.retrain', wrong)).issues).toMatchObject([{ field }]);
  });

  test('with a long wrong value is answered briefly', () => {
    const { issues } = parseInput(SelfImprove, changed('iterations', 'x'.repeat(10_000)));
    expect(issues![0]!.message.length).toBeLessThan(200);
  });
});

describe('the input of a fine-tune', () => {
  const input = { base: 'org/model', data: 'sft.jsonl' };
  const questions = { source: 'arithmetic', split: 'test', count: 5 };

  test('needs a base and rows only', () => {
    const { value } = parseInput(FineTune, input);
    expect(value).toMatchObject({ base: 'org/model', data: ['sft.jsonl'], role: 'actor', seed: 0 });
    expect(value).toMatchObject({ training: { learningRate: 5e-6, epochs: 1 }, evaluation: null, promote: null });
  });

  test('gives a critic more epochs, unless it says', () => {
    expect(parseInput(FineTune, { ...input, role: 'critic' }).value?.training.epochs).toBe(5);
    expect(parseInput(FineTune, { ...input, role: 'critic', training: { epochs: 2 } }).value?.training.epochs).toBe(2);
  });

  test.each([
    [{ data: 'x' }, 'base'],
    [{ base: 'org/model' }, 'data'],
    [{ ...input, base: '-x' }, 'base'],
    [{ ...input, training: { epochs: -1 } }, 'training.epochs'],
    [{ ...input, output: '/tmp' }, 'output'],
    [{ ...input, data: [] }, 'data'],
    [{ ...input, data: 5 }, 'data'],
    [{ ...input, role: 'judge' }, 'role'],
    [{ ...input, promote: { as: 'critic' } }, 'promote.when'],
    [{ ...input, promote: { as: '../critic', when: 'always' } }, 'promote.as'],
    [{ ...input, evaluation: {} }, 'evaluation.questions'],
    [{ ...input, evaluation: { questions, actor: { model: 'x' } } }, 'evaluation.actor'],
    [{ ...input, role: 'critic', evaluation: { questions } }, 'evaluation.actor'],
    [{ ...input, evaluation: { questions, gate: 'sometimes' } }, 'evaluation.gate'],
  ])('%j is refused by %s', (wrong, field) => {
    expect(parseInput(FineTune, wrong).issues).toMatchObject([{ field }]);
  });
});

const runs = join(import.meta.dirname, '../../runs');
const files = existsSync(runs) ? readdirSync(runs).filter((name) => name.endsWith('.json')) : [];

/** By a field that no other has. */
const SCHEMAS = [
  ['annotator', BuildCritiques],
  ['selfTalk', Study],
  ['iterations', SelfImprove],
  ['base', FineTune],
  ['rounds', SelfTalk],
] as const;

test.skipIf(files.length === 0)('every file of runs/ parses', () => {
  for (const name of files) {
    const input: object = JSON.parse(readFileSync(join(runs, name), 'utf8'));
    const [, schema] = SCHEMAS.find(([field]) => field in input) ?? ['', Evaluate];
    expect(parseInput(schema, input).issues, name).toBeUndefined();
  }
});
