import { describe } from 'vitest';
import { startRay } from '../support/training-clusters/ray-head.ts';
import { testFineTunes } from './support/fine-tunes.ts';

describe('on Ray', () => {
  testFineTunes(async () => {
    const ray = await startRay();
    return { ...ray, at: { kind: 'ray', address: ray.address } };
  });
});
