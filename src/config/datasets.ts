import { z } from 'zod';
import { eachOnce } from './each-once.ts';
import { nameOfSecret } from './secrets.ts';

const count = z.int().min(1).max(10_000_000);
/** A name longer than 255 bytes is one that no file can have. */
export const path = z
  .string()
  .min(1)
  .max(1000)
  .refine((path) => !/\p{Cc}|:\/\//u.test(path) && path.split('/').every((name) => Buffer.byteLength(name) <= 255), {
    error: 'expected the path of a file or a folder where the worker runs',
  });
const split = z.enum(['train', 'test']);
const levels = eachOnce(z.array(z.int().min(1).max(5)).min(1));
const field = z.string().min(1).max(200);

/** How many questions, and which: those of the lowest hash with the seed; without a seed the first. All by default. */
const sampling = { count: count.optional(), seed: z.int().min(0).optional() };

/** The built-in world of arithmetic word problems: unlimited, seeded, train and test disjoint. */
const Arithmetic = z.strictObject({
  source: z.literal('arithmetic'),
  split,
  count,
  /** Which of the split's questions: the same seed gives the same questions. */
  seed: z.int().min(0).default(0),
  levels: levels.default([1, 2, 3, 4, 5]),
});

/** GSM8K. Without a path, openai/gsm8k at a fixed commit. */
const Gsm8k = z.strictObject({ source: z.literal('gsm8k'), split, path: path.optional(), ...sampling });

const SUBJECTS = [
  'Algebra',
  'Counting & Probability',
  'Geometry',
  'Intermediate Algebra',
  'Number Theory',
  'Prealgebra',
  'Precalculus',
] as const;

/** MATH. Without a path, DigitalLearningGmbH/MATH-lighteval at a fixed commit. */
const MathProblems = z.strictObject({
  source: z.literal('math'),
  split,
  /** A file, a folder (the original `train/algebra/1.json` too) or a pattern. */
  path: path.optional(),
  ...sampling,
  levels: levels.optional(),
  subjects: z.array(z.enum(SUBJECTS)).min(1).optional(),
});

/** How the rows of any other file are read. */
const reading = {
  /** Names of fields, `a.b` for one inside another. */
  fields: z
    .strictObject({
      question: field.default('question'),
      answer: field.default('answer'),
      /** The worked solution, where it is not the answer's own field. */
      solution: field.optional(),
      /** 1 to 5, or as MATH writes it, "Level 5". */
      level: field.optional(),
      subject: field.optional(),
      /** Unique; without it a question's id comes from its text. */
      id: field.optional(),
    })
    .prefault({}),
  /** Where the final answer stands: after `#### ` (gsm8k), in the last \boxed{} (math), or it is the whole field (plain). */
  answers: z.enum(['gsm8k', 'math', 'plain']).default('gsm8k'),
  ...sampling,
  levels: levels.optional(),
  subjects: z.array(z.string().min(1)).min(1).optional(),
};

/** JSON lines, a JSON array or Parquet: a file, a folder of them or a pattern. `jsonl` is its older name. */
const Files = z.strictObject({ source: z.literal(['file', 'jsonl']), path, ...reading });

/** Files of a dataset on the Hugging Face hub (HF_ENDPOINT names another). */
const Hub = z.strictObject({
  source: z.literal('hub'),
  name: z.string().regex(/^\w[\w.-]*\/\w[\w.-]*$/, 'expected the name of a dataset on the hub, like openai/gsm8k'),
  /** A branch, a tag or a commit. What it means when the run starts is recorded, and kept for as long as the run lives. */
  revision: z
    .string()
    .regex(/^\w(?!.*\.\.)[\w./-]*$/, 'expected a branch, a tag or a commit')
    .default('main'),
  /** Which of its files, in the order of their names. */
  files: path.refine((pattern) => !/^[/-]|\.\.|["'`$\\]/.test(pattern), {
    error: 'expected names as the hub lists them, like "test.jsonl" or "main/train-*.parquet"',
  }),
  /** Name of the worker's environment variable that holds a token; HF_TOKEN by default, where it is set. */
  tokenEnv: nameOfSecret('token').optional(),
  ...reading,
});

/** Where questions come from. */
export const Questions = z
  .discriminatedUnion('source', [Arithmetic, Gsm8k, MathProblems, Files, Hub], {
    error: 'expected "source" to be "arithmetic", "gsm8k", "math", "file" or "hub"',
  })
  .superRefine((questions, context) => {
    const missing = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: name.split('.'), message, params: { missing: true } });
    if (questions.seed !== undefined && questions.count === undefined)
      missing('count', 'expected with "seed": how many questions to draw');
    if (!('fields' in questions)) return;
    if (questions.levels && !questions.fields.level)
      missing('fields.level', 'expected with "levels": the name of the field that has them');
    if (questions.subjects && !questions.fields.subject)
      missing('fields.subject', 'expected with "subjects": the name of the field that has them');
  });

/** Where refinement triples (question, flawed response, critique, refinement) come from. */
export const Triples = z.discriminatedUnion(
  'source',
  [
    z.strictObject({ source: z.literal('arithmetic'), count, seed: z.int().min(0).default(0) }),
    /** The released format: a JSON array of {instruction, input, output}. */
    z.strictObject({ source: z.literal('alpaca'), path, count: count.optional() }),
    /** What `buildCritiques` leaves as `refine.jsonl`: JSON lines of {question, response, critique, refinement}. */
    z.strictObject({ source: z.literal('triples'), path, count: count.optional() }),
  ],
  { error: 'expected "source" to be "arithmetic", "alpaca" or "triples"' },
);

export type QuestionsConfig = z.infer<typeof Questions>;
export type TriplesConfig = z.infer<typeof Triples>;
