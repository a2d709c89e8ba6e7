import { z } from 'zod';

const count = z.int().min(1).max(10_000_000);
const path = z.string().min(1).max(1000);

/** The built-in world of arithmetic word problems: unlimited, seeded, train and test disjoint. */
const Arithmetic = z.strictObject({
  source: z.literal('arithmetic'),
  split: z.enum(['train', 'test']),
  count,
  /** Which of the split's questions: the same seed gives the same questions. */
  seed: z.int().min(0).default(0),
  levels: z.array(z.int().min(1).max(5)).min(1).default([1, 2, 3, 4, 5]),
});

/** GSM8K. Without a path, the official file is fetched once and kept. */
const Gsm8k = z.strictObject({
  source: z.literal('gsm8k'),
  split: z.enum(['train', 'test']),
  path: path.optional(),
  /** The first so many; all by default. */
  count: count.optional(),
});

/** Any JSON lines with a question and a worked answer. */
const JsonLines = z.strictObject({
  source: z.literal('jsonl'),
  path,
  count: count.optional(),
  fields: z
    .strictObject({ question: z.string().default('question'), answer: z.string().default('answer') })
    .prefault({}),
  /** Where the final answer stands: after `#### ` (gsm8k), in the last \boxed{} (math), or it is the whole field (plain). */
  answers: z.enum(['gsm8k', 'math', 'plain']).default('gsm8k'),
});

/** Where questions come from. */
export const Questions = z.discriminatedUnion('source', [Arithmetic, Gsm8k, JsonLines], {
  error: 'expected "source" to be "arithmetic", "gsm8k" or "jsonl"',
});

/** Where refinement triples (question, flawed response, critique, refinement) come from. */
export const Triples = z.discriminatedUnion(
  'source',
  [
    z.strictObject({ source: z.literal('arithmetic'), count, seed: z.int().min(0).default(0) }),
    /** The released format: a JSON array of {instruction, input, output}. */
    z.strictObject({ source: z.literal('alpaca'), path, count: count.optional() }),
  ],
  { error: 'expected "source" to be "arithmetic" or "alpaca"' },
);

export type QuestionsConfig = z.infer<typeof Questions>;
export type TriplesConfig = z.infer<typeof Triples>;
