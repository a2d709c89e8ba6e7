import { describe, expect, it } from 'vitest';
import {
  adapterParameters,
  diskUse,
  fitsIn,
  type TrainingPlan,
  trainingMemory,
  trainingRemedy,
} from '../../../src/method/gpu/training.ts';
import { gpus, shape8b, shape70b } from './machines.ts';

const GIB = 2 ** 30;
const plan = (given: Partial<TrainingPlan> = {}): TrainingPlan => ({
  lora: null,
  sharding: 'none',
  weights: 'float32',
  processes: 1,
  batchSize: 4,
  maxLength: 4096,
  ...given,
});
const zero = plan({ sharding: 'zero-2', weights: 'bfloat16', processes: 8 });

describe('the memory of a fine-tune', () => {
  it('is 16 bytes a weight, and 2 of the bfloat16 copy, where one GPU has it all', () => {
    const { weights, optimizer } = trainingMemory(shape8b, plan());
    expect((weights + optimizer) * GIB).toBeCloseTo(18 * shape8b.parameters);
    expect(fitsIn(trainingMemory(shape8b, plan()), 80)).toBe(false);
  });

  it('is no less on each of several GPUs that all have it all, but 4 bytes a weight more', () => {
    const more = trainingMemory(shape8b, plan({ processes: 8 })).total - trainingMemory(shape8b, plan()).total;
    expect(more * GIB).toBeCloseTo(4 * shape8b.parameters);
  });

  it('with ZeRO-2 is 2 bytes a weight and a share of 14: as in the reference, 8B fits on 8 GPUs of 80 GiB', () => {
    const { weights, optimizer, total } = trainingMemory(shape8b, zero);
    expect((weights + optimizer) * GIB).toBeCloseTo((2 + 14 / 8) * shape8b.parameters);
    expect(total).toBeLessThan(72);
    expect(fitsIn(trainingMemory(shape8b, zero), 80)).toBe(true);
    expect(fitsIn(trainingMemory(shape70b, zero), 80)).toBe(false);
  });

  it('of an adapter is little more than the frozen weights', () => {
    // As peft counts it for Llama-3-8B: rank 16 on all linear layers.
    expect(adapterParameters(shape8b, 16)).toBe(41_943_040);
    const { weights, optimizer } = trainingMemory(shape8b, plan({ lora: 16, weights: 'bfloat16' }));
    expect(weights).toBeCloseTo(14.96, 2);
    expect(optimizer * GIB).toBe(16 * 41_943_040);
  });

  it('grows with the tokens that meet in a forward pass, of which the logits take most', () => {
    const of = (given: Partial<TrainingPlan>) => trainingMemory(shape8b, plan(given)).activations;
    expect(of({ batchSize: 1 })).toBeCloseTo(of({}) / 4);
    expect(of({ maxLength: 1024 })).toBeCloseTo(of({}) / 4);
    expect((10 * shape8b.vocabulary * 4 * 4096) / GIB / of({})).toBeGreaterThan(0.5);
  });
});

describe('what to change where it does not fit', () => {
  it('on one GPU of 24 GiB: an adapter, row by row', () => {
    const remedy = trainingRemedy(shape8b, plan(), gpus(1, 24))!;
    expect(remedy.plan).toMatchObject({ lora: 16, batchSize: 1, processes: 1 });
    expect(fitsIn(remedy.memory, 24)).toBe(true);
    expect(fitsIn(trainingMemory(shape8b, { ...remedy.plan, batchSize: 4 }), 24)).toBe(false);
  });

  it('on 8 GPUs of 80 GiB: ZeRO-2, with all weights trained', () => {
    expect(trainingRemedy(shape8b, plan(), gpus(8, 80))!.plan).toEqual(zero);
  });

  it('on a GPU that is nearly enough: fewer rows at once, before anything else', () => {
    const remedy = trainingRemedy(shape8b, plan(), gpus(1, 168))!;
    expect(remedy.plan).toEqual(plan({ batchSize: 1 }));
  });

  it('nothing, on a GPU that has no room for the weights', () => {
    expect(trainingRemedy(shape8b, plan(), gpus(1, 12))).toBeNull();
  });
});

describe('the disk of a fine-tune', () => {
  it('is what a resume point has: the weights in float32 and two moments', () => {
    const { checkpoint, resumePoint } = diskUse(shape8b, plan());
    expect(checkpoint).toBeCloseTo(14.96, 2);
    expect(resumePoint).toBeCloseTo(6 * checkpoint);
    expect(diskUse(shape8b, plan({ lora: 16 })).checkpoint).toBeLessThan(0.1);
  });
});
