import { describe, expect, it } from 'vitest';
import { deviceOf } from '../../../src/method/gpu/device.ts';
import { gpuHours, type Machine, SERVER_TOKENS_PER_SECOND } from '../../../src/method/gpu/hours.ts';
import { readShape } from '../../../src/method/gpu/shape.ts';
import { EXPECTATIONS } from '../../../src/method/gpu/texts.ts';
import { type RunSize, workOf } from '../../../src/method/gpu/work.ts';
import { engine, gpus, llama8b, shape8b } from './machines.ts';

const run: RunSize = {
  iterations: 3,
  samples: 10,
  critiques: 1,
  refinementsPerCritique: 10,
  keptPerCritique: 1,
  isVanilla: false,
  pool: 7473,
  reason: 7473,
  refine: 100,
  test: 1319,
  evaluatesWithCritic: true,
  refinesAll: true,
  learnsRefining: false,
  original: true,
  epochs: 1,
  beta: 1,
};
const work = workOf(run, EXPECTATIONS.gsm8k);
const machine = (count: number, memory: number, name: string | null = null): Machine => ({
  gpus: gpus(count, memory, name),
  device: deviceOf(gpus(count, memory, name)),
  engine: engine(),
});
const how = { processes: 8, isAdapter: false, tokensPerSecond: null };
const models = { actor: shape8b, critic: shape8b };

describe('the work of a run', () => {
  it('is that of Algorithm 1: N responses to each question, a critique of each wrong one, refinements of each critique', () => {
    const texts = work.generations.map(({ texts }) => Math.round(texts));
    const wrong = 3 * 7473 * 10 * 0.45;
    expect(texts).toEqual([3 * 74_730, wrong, 10 * wrong, 4 * 1319, 4 * 1319, 4 * 1319].map(Math.round));
  });

  it('has one more fine-tune than iterations, and iteration 0 has least to learn', () => {
    expect(work.fineTunes).toHaveLength(4);
    expect(work.fineTunes[1]! / work.fineTunes[0]!).toBeGreaterThan(5);
    expect(new Set(work.fineTunes.slice(1)).size).toBe(1);
  });

  it('without a critic has only responses', () => {
    const vanilla = workOf({ ...run, isVanilla: true }, EXPECTATIONS.gsm8k);
    expect(vanilla.generations.map(({ model }) => model)).toEqual(['actor', 'actor']);
    expect(vanilla.fineTunes[1]).toBeLessThan(work.fineTunes[1]!);
  });

  it('at the gate "verdict" refines only what is called wrong at test time', () => {
    const gated = workOf({ ...run, refinesAll: false }, EXPECTATIONS.gsm8k);
    expect(gated.generations.at(-1)!.texts).toBeCloseTo(4 * 1319 * 0.45);
  });
});

describe('GPU hours', () => {
  it('are those of generation, fine-tunes and starts, of all GPUs', () => {
    const hours = gpuHours(work, models, machine(8, 80), how);
    expect(hours.total).toBeCloseTo(hours.generation + hours.training + hours.starts);
    const flops = 8 * shape8b.parameters * hours.trainedTokens;
    expect(hours.training).toBeCloseTo(flops / (0.35 * 312e12) / 3600);
  });

  it('are 8 times as many for a fine-tune on one GPU while the others wait', () => {
    const alone = gpuHours(work, models, machine(8, 80), { ...how, processes: 1 });
    expect(alone.training).toBeCloseTo(8 * gpuHours(work, models, machine(8, 80), how).training);
  });

  it('are fewer on faster GPUs, for an adapter, and for fewer samples', () => {
    const total = gpuHours(work, models, machine(8, 80), how).total;
    expect(gpuHours(work, models, machine(8, 139.8, 'NVIDIA H200'), how).total).toBeLessThan(total);
    expect(gpuHours(work, models, machine(8, 80), { ...how, isAdapter: true }).total).toBeLessThan(total);
    const fewer = workOf({ ...run, samples: 5, refinementsPerCritique: 5 }, EXPECTATIONS.gsm8k);
    expect(gpuHours(fewer, models, machine(8, 80), how).total).toBeLessThan(total / 2);
  });

  it('never promise more tokens a second than a server sends', () => {
    const tiny = readShape({ ...llama8b, hidden_size: 128, num_hidden_layers: 2, vocab_size: 512 }, null);
    const one = gpuHours(work, { actor: tiny, critic: tiny }, machine(1, 139.8, 'NVIDIA H200'), how);
    expect(one.tokensPerSecond).toBeLessThanOrEqual(SERVER_TOKENS_PER_SECOND);
    expect(one.tokensPerSecond).toBeGreaterThan(0.9 * SERVER_TOKENS_PER_SECOND);
  });

  it('are by what was measured, where something was', () => {
    const hours = gpuHours(work, models, machine(8, 80), { ...how, tokensPerSecond: 10_000 });
    expect(hours.tokensPerSecond).toBeCloseTo(10_000);
    expect(hours.generation).toBeCloseTo((8 * hours.completionTokens) / 10_000 / 3600);
  });
});

describe('a GPU', () => {
  it.each([
    ['NVIDIA H100 80GB HBM3', 79.6, 'H100'],
    ['NVIDIA A100-SXM4-80GB', 80, 'A100'],
    ['NVIDIA L40S', 45, 'L40S'],
    ['NVIDIA L4', 22.5, 'L4'],
    ['NVIDIA GeForce RTX 4090', 24, 'RTX 4090'],
    [null, 80, 'A100'],
    [null, 24, 'A10'],
  ])('called %s with %d GiB is taken for %s', (name, memory, device) => {
    expect(deviceOf(gpus(1, memory, name)).name).toBe(device);
  });
});
