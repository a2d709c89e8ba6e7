import { describe, expect, it } from 'vitest';
import { defaultSequences, servingMemory, servingRemedy } from '../../../src/method/gpu/serving.ts';
import { engine, gpus, shape8b, shape70b } from './machines.ts';

describe('the memory of vLLM', () => {
  it('is all of its budget: weights, what it computes with, and a KV cache of the rest', () => {
    const memory = servingMemory(shape8b, gpus(1, 80), engine());
    expect(memory.budget).toBeCloseTo(73.6);
    expect(memory.weights).toBeCloseTo(14.96, 2);
    expect(memory.weights + memory.other + memory.kvCache).toBeCloseTo(memory.budget);
    expect(memory.tokens).toBe(Math.floor(memory.kvCache * 8 * 1024));
    expect(memory).toMatchObject({ longest: 8192, fits: true });
  });

  it('has no room for 8B on 16 GiB, and says so', () => {
    expect(servingMemory(shape8b, gpus(1, 16), engine())).toMatchObject({ kvCache: 0, tokens: 0, fits: false });
    expect(servingRemedy(shape8b, gpus(1, 16), engine(), 2048)).toBeNull();
    expect(servingRemedy(shape8b, gpus(2, 16), engine(), 2048)).toBe('--tensor-parallel-size 2');
  });

  it('is shared by tensor parallelism: 70B takes two GPUs of 80 GiB', () => {
    expect(shape70b.parameters).toBe(70_553_706_496);
    expect(servingMemory(shape70b, gpus(8, 80), engine()).fits).toBe(false);
    expect(servingRemedy(shape70b, gpus(8, 80), engine(), 2048)).toBe('--tensor-parallel-size 2');
    expect(servingMemory(shape70b, gpus(8, 80), engine({ tensorParallel: 2 }))).toMatchObject({ fits: true });
  });

  it('where only the longest sequence has no room, a shorter one is advised', () => {
    const long = { ...shape8b, context: 131_072 };
    expect(servingMemory(long, gpus(1, 24), engine()).fits).toBe(false);
    const advised = servingRemedy(long, gpus(1, 24), engine(), 2048);
    const maxModelLen = Number(/^--max-model-len (\d+)$/.exec(advised!)?.[1]);
    expect(maxModelLen).toBeGreaterThan(8192);
    expect(servingMemory(long, gpus(1, 24), engine({ maxModelLen })).fits).toBe(true);
    expect(servingMemory(long, gpus(1, 24), engine({ maxModelLen: maxModelLen + 256 })).fits).toBe(false);
  });

  it.each([
    [gpus(1, 139.8, 'NVIDIA H200'), 1024],
    [gpus(1, 79.6, 'NVIDIA H100 80GB HBM3'), 1024],
    [gpus(1, 80, 'NVIDIA A100-SXM4-80GB'), 256],
    [gpus(1, 24, 'NVIDIA GeForce RTX 4090'), 256],
  ])('by its own rule, %o answers %d at once', (machine, sequences) => {
    expect(defaultSequences(machine)).toBe(sequences);
  });
});
