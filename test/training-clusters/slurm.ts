import { describe } from 'vitest';
import { testFineTunes } from '../support/training-clusters/fine-tunes.ts';
import { startSlurm } from '../support/training-clusters/slurm-node.ts';

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
