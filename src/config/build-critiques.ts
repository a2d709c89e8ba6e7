import { z } from 'zod';
import { MISTAKES } from '../method/critiques/taxonomy.ts';
import { Questions } from './datasets.ts';
import { EvaluatedActor, PricedCritic } from './models.ts';
import { Oracle } from './oracle.ts';
import { nameOfSecret } from './secrets.ts';
import { shards } from './shards.ts';

const temperature = z.number().min(0).max(2);
const perQuestion = z.int().min(1).max(64);
/** Continuations of one prefix: the first wrong one is taken. */
const tries = z.int().min(1).max(64).default(4);
const share = z.number().min(0).max(1);

/** Recomputes every step from the question: for the arithmetic world, where the truth is known. */
const Exact = z.strictObject({ source: z.literal('exact') });

/** Any OpenAI-compatible model, an instruct model as a rule. */
const Model = PricedCritic.extend({
  source: z.literal('model'),
  promptFamily: PricedCritic.shape.promptFamily.unwrap().default('chat'),
  /** How long it may be down before the run goes on without the rows that it has yet to write. */
  patienceMinutes: z.number().min(0).max(4_000).default(60),
});

const sources = { error: 'expected "source" to be "exact" or "model"' };

/** What the exact writer can plant. */
const EXACT_MISTAKES = ['calculation', 'operation', 'number', 'skipped'];

const Mistake = z.strictObject({
  name: z.string().min(1).max(100),
  weight: z.number().positive().default(1),
  /** What the writer is asked for, where the name is not one of the taxonomy. */
  description: z.string().min(1).max(1000).optional(),
});

/** Sampled from scratch, and wrong. */
const Rg1 = z.strictObject({ perQuestion: perQuestion.default(2) });

/** Right up to a step, and continued from there at a raised temperature until the answer is wrong. */
const Rg2 = z.strictObject({ perQuestion: perQuestion.default(1), temperature: temperature.default(1), tries });

/** Right up to a step, at which a named mistake is written; the actor continues. */
const Rg3 = z.strictObject({
  perQuestion: perQuestion.default(1),
  temperature: temperature.default(0.7),
  tries,
  writer: z
    .discriminatedUnion('source', [Exact, Model.extend({ temperature: temperature.default(0.7) })], sources)
    .prefault({ source: 'exact' }),
  /** By default all that the writer knows. */
  mistakes: z.array(Mistake).min(1).optional(),
});

const Flaws = z.strictObject({
  rg1: Rg1.nullable().prefault({}),
  rg2: Rg2.nullable().prefault({}),
  rg3: Rg3.nullable().prefault({}),
  /** Where the right steps before a flaw come from: right samples of the actor, the gold solution, or that where there is no right sample. */
  prefixSource: z.enum(['sampled', 'gold', 'either']).default('either'),
});

const Annotator = z.discriminatedUnion(
  'source',
  [
    Exact,
    Model.extend({
      /** The most that it is told beside question, path and reference. */
      information: z.enum(['reference', 'location', 'mistake']).default('mistake'),
    }),
  ],
  sources,
);

/** What an annotation may not do; one that does is removed with the reason. */
const Checks = z.strictObject({
  /** Speak of the reference, which a critic will not have. */
  leak: z.boolean().default(true),
  /** Contradict the oracle on the final answer. */
  verdict: z.boolean().default(true),
  /** Find the first mistake where none can be. */
  location: z.boolean().default(true),
});

/** Monte-Carlo: a critique is kept where enough of the actor's refinements with it are right. */
const Filter = z.strictObject({
  /** N */
  refinements: z.int().min(1).max(1024).default(10),
  /** k */
  keep: z.int().min(1).max(1024).default(3),
  temperature: temperature.default(0.7),
});

/** To a dataset on the Hugging Face hub (HF_ENDPOINT names another). */
const Push = z.strictObject({
  name: z.string().regex(/^\w[\w.-]*\/\w[\w.-]*$/, 'expected the name of a dataset on the hub, like my-org/critiques'),
  private: z.boolean().default(true),
  /** Name of the worker's environment variable that holds a token that may write. */
  tokenEnv: nameOfSecret('token').default('HF_TOKEN'),
});

/** Input of the workflow `buildCritiques`: AutoMathCritique (method.md B), from questions to critiques to train a critic on. */
export const BuildCritiques = z
  .strictObject({
    seed: z.int().min(0).max(2_147_483_647).default(0),
    /** Writes the paths, and the refinements that the filter counts. Its own temperature is not used. */
    actor: EvaluatedActor,
    /** To train on. */
    questions: Questions,
    /** Draws of each question from scratch. */
    samples: z.int().min(1).max(1024).default(4),
    temperature: temperature.default(1),
    flaws: Flaws.prefault({}),
    /** Right paths among all that are annotated, at most. */
    rightShare: z.number().min(0).max(0.9).default(0.2),
    /** Shares of the flawed paths. By default all that there are. */
    mix: z.strictObject({ RG1: share, RG2: share, RG3: share }).optional(),
    /** Paths that are annotated, at most. By default all. */
    paths: z.int().min(1).max(10_000_000).optional(),
    annotator: Annotator,
    /** L: critiques per path. */
    critiques: z.int().min(1).max(64).default(1),
    checks: Checks.prefault({}),
    /** null: what passes the checks is kept. */
    filter: Filter.nullable().prefault({}),
    /** Kept of annotated: below it the run fails, and says why. */
    minYield: share.default(0.2),
    /** Whose prompts the training rows have. */
    critic: z.strictObject({ promptFamily: PricedCritic.shape.promptFamily }).prefault({}),
    push: Push.nullable().default(null),
    /** US dollars: the run ends before it spends more on models with a price. */
    costLimit: z.number().positive().optional(),
    oracle: Oracle.prefault({}),
    shards,
  })
  .superRefine((run, context) => {
    const wrong = (path: PropertyKey[], input: unknown, message: string) =>
      context.addIssue({ code: 'custom', path, input, message });
    const { actor, annotator, critiques, filter, flaws, questions, mix, costLimit } = run;
    const { rg1, rg2, rg3 } = flaws;

    const several = (path: PropertyKey[], n: number, at: number, name: string) => {
      if (n > 1 && at === 0) wrong(path, n, `expected 1 at ${name} 0, where all would be the same`);
    };
    several(['samples'], run.samples, run.temperature, 'temperature');
    if (rg2) several(['flaws', 'rg2', 'tries'], rg2.tries, rg2.temperature, 'its temperature');
    if (rg3) several(['flaws', 'rg3', 'tries'], rg3.tries, rg3.temperature, 'its temperature');
    if (filter) several(['filter', 'refinements'], filter.refinements, filter.temperature, 'its temperature');
    if (annotator.source === 'model') several(['critiques'], critiques, annotator.temperature, 'annotator.temperature');
    else if (critiques > 1) wrong(['critiques'], critiques, 'expected 1 of an exact annotator, which has one critique');

    if (!rg1 && !rg2 && !rg3) wrong(['flaws'], flaws, 'expected at least one of rg1, rg2 and rg3');
    if (filter && filter.keep > filter.refinements)
      wrong(['filter', 'keep'], filter.keep, `expected at most refinements (${filter.refinements})`);
    if (mix) {
      const used = { RG1: rg1, RG2: rg2, RG3: rg3 };
      for (const name of ['RG1', 'RG2', 'RG3'] as const)
        if (mix[name] > 0 && !used[name])
          wrong(['mix', name], mix[name], `expected 0 without flaws.${name.toLowerCase()}`);
      if (mix.RG1 + mix.RG2 + mix.RG3 === 0) wrong(['mix'], mix, 'expected a share above 0');
    }

    const known = questions.source === 'arithmetic' || questions.source === 'file' || questions.source === 'jsonl';
    const arithmetic = 'expected "model": "exact" knows only questions of the arithmetic world';
    if (annotator.source === 'exact' && !known) wrong(['annotator', 'source'], 'exact', arithmetic);
    if (rg3?.writer.source === 'exact' && !known) wrong(['flaws', 'rg3', 'writer', 'source'], 'exact', arithmetic);
    for (const [i, { name, description }] of (rg3?.mistakes ?? []).entries()) {
      const exact = rg3!.writer.source === 'exact';
      const names = exact ? EXACT_MISTAKES : Object.keys(MISTAKES);
      if (names.includes(name) || (!exact && description)) continue;
      const or = exact ? '' : ', or a "description" with it';
      wrong(['flaws', 'rg3', 'mistakes', i, 'name'], name, `expected one of ${names.join(', ')}${or}`);
    }
    const priced = [actor, annotator, rg3?.writer].some((model) => model && 'price' in model && model.price);
    if (costLimit !== undefined && !priced)
      wrong(['costLimit'], costLimit, 'expected a "price" of the actor, the annotator or the writer with it');
  });

/** What a user writes: everything with a default may be left out. */
export type BuildCritiquesInput = z.input<typeof BuildCritiques>;
/** The same, parsed: every field is there. */
export type BuildCritiquesConfig = z.output<typeof BuildCritiques>;
/** A model that annotates or plants mistakes. */
export type AnnotatorConfig = Extract<BuildCritiquesConfig['annotator'], { source: 'model' }>;
export type WriterConfig = Extract<NonNullable<BuildCritiquesConfig['flaws']['rg3']>['writer'], { source: 'model' }>;
