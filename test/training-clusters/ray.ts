import { describe } from 'vitest';
import { testFineTunes } from '../support/fine-tunes.ts';
import { startRay } from './support/ray-head.ts';

describe('on Ray', () => {
  testFineTunes(async () => {
    const ray = await startRay();
    return { ...ray, at: { kind: 'ray', address: ray.address } };
  });
});
