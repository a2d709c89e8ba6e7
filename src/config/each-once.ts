import type { z } from 'zod';

/** A list in which what stands twice is a mistake. */
export const eachOnce = <List extends z.ZodArray>(list: List): List =>
  list.refine((items) => new Set(items).size === items.length, { error: 'expected each of them once' });
