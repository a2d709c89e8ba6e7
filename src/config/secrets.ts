import { z } from 'zod';

/** Secrets never travel: an input names the environment variable in which a worker has one. */
export const nameOfSecret = (secret: 'key' | 'token') =>
  z.string().regex(/^[A-Z][A-Z0-9_]*$/, `expected the NAME of an environment variable, not a ${secret}`);
