import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kvBytesPerToken, readShape, UnknownShape } from '../../../src/method/gpu/shape.ts';
import { llama8b } from './machines.ts';

const root = join(import.meta.dirname, '../../..');

describe('the shape of a model', () => {
  it('has the parameters that Meta publishes for Llama-3-8B', () => {
    expect(readShape(llama8b, null)).toMatchObject({ parameters: 8_030_261_248, weightBytes: 16_060_522_496 });
  });

  it('has a KV cache of 128 KiB a token: a key and a value of 8 heads of 128 in 32 layers', () => {
    expect(kvBytesPerToken(readShape(llama8b, null))).toBe(131_072);
  });

  it.each(['actor', 'critic'])('has the parameters that are in the files of models/%s', (name) => {
    const folder = join(root, 'models', name);
    const file = readFileSync(join(folder, 'model.safetensors'));
    const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString()) as Record<
      string,
      { shape?: number[] }
    >;
    const sizes = Object.values(header).map(({ shape }) => shape?.reduce((product, size) => product * size, 1) ?? 0);
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    expect(readShape(config, file.length).parameters).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('is told by its files where its layers have experts', () => {
    const shape = readShape({ ...llama8b, num_local_experts: 8 }, 93_405_585_408);
    expect(shape.parameters).toBe(46_702_792_704);
    expect(() => readShape({ ...llama8b, num_local_experts: 8 }, null)).toThrow(UnknownShape);
  });

  it('takes a quantised model for as large as its files', () => {
    const shape = readShape({ ...llama8b, quantization_config: { quant_method: 'fp8' } }, 9_081_272_360);
    expect(shape).toMatchObject({ parameters: 8_030_261_248, weightBytes: 9_081_272_360 });
  });

  it('says what its config.json lacks', () => {
    expect(() => readShape({ model_type: 'mamba', num_hidden_layers: 4 }, null)).toThrow(
      'its config.json has no hidden_size',
    );
  });
});
