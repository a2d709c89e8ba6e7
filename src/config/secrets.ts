import { z } from 'zod';

/** What is in a worker's environment for itself: it goes to no address that a run file names. */
const OF_WORKERS = /^(AWS_(ACCESS|SECRET|SESSION)|RAY_|SLURM_|TEMPORAL_)/;

/** Secrets never travel: an input names the environment variable in which a worker has one. */
export const nameOfSecret = (secret: 'key' | 'token') =>
  z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, `expected the NAME of an environment variable, not a ${secret}`)
    .refine(
      (name) => !OF_WORKERS.test(name),
      `expected a variable that is for this ${secret}: the worker needs that one for itself`,
    );
