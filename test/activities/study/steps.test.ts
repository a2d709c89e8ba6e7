import { describe, expect, it } from 'vitest';
import { STEPS, type StepName, type StepResults, stepsOf } from '../../../src/activities/study/steps.ts';
import { BuildCritiques } from '../../../src/config/build-critiques.ts';
import { Evaluate, type EvaluateInput } from '../../../src/config/evaluate.ts';
import { FineTune } from '../../../src/config/fine-tune.ts';
import { SelfImprove, type SelfImproveInput } from '../../../src/config/self-improve.ts';
import { SelfTalk } from '../../../src/config/self-talk.ts';
import { Study, type StudyConfig } from '../../../src/config/study.ts';
import { aStudy } from '../../support/study-input.ts';

const stored = (name: string) => ({ uri: `runs/${name}`, sha256: name });
const improved = (name: string) => ({
  checkpoint: stored(`${name}/last`),
  checkpoints: [0, 1].map((iteration) => ({ iteration, ...stored(`${name}/checkpoint-${iteration}`) })),
  datasets: [0, 1].map((iteration) => ({ iteration, ...stored(`${name}/sft-${iteration}`) })),
});
const DONE: StepResults = {
  reason: improved('reason'),
  critiques: {
    datasets: { critic: stored('critic-rows'), refine: stored('refine-rows'), selfCorrection: stored('self-rows') },
  },
  critic: { checkpoint: stored('critic') },
  loop: improved('loop'),
  vanilla: improved('vanilla'),
  'self-correction': { checkpoint: stored('self-correction') },
};

const configOf = (change: object = {}): StudyConfig =>
  Study.parse({ ...aStudy({ actorFolder: 'org/base', url: 'http://127.0.0.1:1/v1' }), ...change });
const inputOf = (step: StepName, change: object = {}) => STEPS[step].input(configOf(change), DONE);
const evaluation = (step: StepName) => inputOf(step) as EvaluateInput;

describe('the steps of a study', () => {
  it('come in an order in which each has what it needs', () => {
    const asked = new Map<string, Set<string>>();
    const steps = stepsOf(configOf()).map(({ step }) => step);
    for (const step of steps) {
      const needed = new Set<string>();
      const noting = new Proxy(DONE, {
        get: (done, name) => {
          needed.add(String(name));
          return done[name as keyof StepResults];
        },
      });
      STEPS[step].input(configOf(), noting);
      asked.set(step, needed);
    }
    expect(steps).toHaveLength(12);
    for (const [at, step] of steps.entries())
      expect(steps.slice(0, at)).toEqual(expect.arrayContaining([...asked.get(step)!]));
  });

  it('cut their stages into as many shards as the study', () => {
    const cut = stepsOf(configOf()).filter(({ type }) => type !== 'fineTune');
    expect(cut).toHaveLength(10);
    for (const { step } of cut) {
      expect(inputOf(step, { shards: 24 })).toMatchObject({ shards: 24 });
      expect(inputOf(step)).not.toHaveProperty('shards', expect.anything());
    }
    const rounds = (change: object) => Study.safeParse({ ...configOf(), shards: 64, ...change }).error?.issues[0];
    expect(rounds({})).toBeUndefined();
    expect(rounds({ evaluation: { rounds: 33 } })).toMatchObject({ path: ['shards'] });
    const { selfTalk } = configOf();
    expect(rounds({ selfTalk: { ...selfTalk, rounds: 9 } })).toMatchObject({ path: ['shards'] });
  });

  it('are fewer where one model alone is not wanted', () => {
    const names = stepsOf(configOf({ selfCorrection: false, selfTalk: null })).map(({ step }) => step);
    expect(names).toHaveLength(9);
    expect(names.join()).not.toMatch(/self/);
  });

  const SCHEMAS = {
    selfImprove: SelfImprove,
    buildCritiques: BuildCritiques,
    fineTune: FineTune,
    selfTalk: SelfTalk,
    evaluate: Evaluate,
  };
  it.each(Object.keys(STEPS) as StepName[])('give %s an input that its workflow takes', (step) => {
    expect(SCHEMAS[STEPS[step].type].safeParse(inputOf(step)).error).toBeUndefined();
  });

  it('train the critic on critiques of the first actor, and put it beside its base on the test questions', () => {
    expect(inputOf('critiques')).toMatchObject({
      actor: { model: 'runs/reason/last' },
      critic: { promptFamily: 'base' },
    });
    expect(inputOf('critic')).toMatchObject({
      role: 'critic',
      base: 'org/base',
      data: ['runs/critic-rows'],
      training: { epochs: 5 },
      evaluation: { questions: { split: 'test' }, actor: { model: 'runs/reason/last' } },
    });
  });

  it('differ between in the loop and vanilla in the critic alone', () => {
    const { critic, ...loop } = inputOf('loop') as SelfImproveInput;
    const { critic: none, ...vanilla } = inputOf('vanilla') as SelfImproveInput;
    expect(critic).toMatchObject({ model: 'runs/critic' });
    expect(none).toBeNull();
    expect(loop).toEqual(vanilla);
    expect(loop.refine).toEqual({ source: 'triples', path: 'runs/refine-rows' });
  });

  it('ask nothing of exploration before there is a critic: other numbers of it leave the first step as it is', () => {
    expect(inputOf('reason', { samples: 9, iterations: 3, data: { previous: true } })).toEqual(inputOf('reason'));
  });

  it('compare one model alone with two from the same checkpoint', () => {
    const sft = 'runs/loop/checkpoint-0';
    expect(inputOf('self-talk')).toMatchObject({
      actor: { model: sft },
      critic: { model: 'runs/critic' },
      training: { base: 'org/base', epochs: 1 },
      evaluation: { questions: { split: 'test' }, maxTokens: 1024 },
    });
    expect(inputOf('self-correction')).toMatchObject({ role: 'actor', data: ['runs/reason/sft-0', 'runs/self-rows'] });
    expect(evaluation('evaluate-sft')).toMatchObject({
      actor: { model: sft },
      selfCorrection: {},
      sequential: { rounds: 2 },
    });
    expect(evaluation('evaluate-self-correction')).toMatchObject({
      actor: { model: 'runs/self-correction' },
      critic: null,
    });
  });

  it('measure the last checkpoint of each way of self-improvement, and the critic as it was before its training', () => {
    expect(evaluation('evaluate-loop').actor.model).toBe('runs/loop/last');
    expect(evaluation('evaluate-vanilla').actor.model).toBe('runs/vanilla/last');
    expect(evaluation('evaluate-sft-base-critic')).toMatchObject({
      actor: { model: 'runs/loop/checkpoint-0' },
      critic: { model: 'org/base' },
    });
    expect(evaluation('evaluate-sft-base-critic').samples).toBeUndefined();
  });

  it('measure on as many of the test questions as wanted', () => {
    const of = (questions?: number) =>
      (inputOf('evaluate-loop', { evaluation: { questions } }) as EvaluateInput).questions.count;
    expect([of(), of(10)]).toEqual([20, 10]);
  });
});
