import { describe } from 'vitest';
import { testFineTunes } from '../support/training-clusters/fine-tunes.ts';
import { startRay } from '../support/training-clusters/ray-head.ts';

describe('on Ray', () => {
  testFineTunes(async () => {
    const ray = await startRay();
    return { ...ray, at: { kind: 'ray', address: ray.address } };
  });
});
