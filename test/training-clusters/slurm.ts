import { describe } from 'vitest';
import { startSlurm } from '../support/training-clusters/slurm-node.ts';
import { testFineTunes } from './support/fine-tunes.ts';

describe('on Slurm, by its commands', () => {
  testFineTunes(async () => {
    const slurm = await startSlurm();
    Object.assign(process.env, slurm.env);
    return { ...slurm, at: { kind: 'slurm', args: ['--partition=all'] } };
  });
});

describe('on Slurm, by slurmrestd', () => {
  testFineTunes(async () => {
    const slurm = await startSlurm();
    return { ...slurm, at: { kind: 'slurmrestd', ...slurm.rest, job: { partition: 'all' } } };
  });
});
