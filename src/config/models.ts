import { z } from 'zod';
import { PROMPT_FAMILIES, type PromptFamilyName } from '../method/prompts/index.ts';
import { eachOnce } from './each-once.ts';
import { nameOfSecret } from './secrets.ts';

const families = Object.keys(PROMPT_FAMILIES) as [PromptFamilyName, ...PromptFamilyName[]];

const BaseUrl = z
  .url({ protocol: /^https?$/, error: 'expected an http or https URL ending in /v1' })
  .refine((url) => !/\/\/[^/]*@/.test(url), { error: 'expected no name or password in it: a key goes by apiKeyEnv' })
  .refine((url) => !/[?#]/.test(url), { error: 'expected nothing after its path: a key goes by apiKeyEnv' })
  .refine((url) => !/\/(?:completions|models)\/?$/.test(url), {
    error: 'expected the URL before that, ending in /v1',
  });

/** An OpenAI-compatible server that somebody else runs. Absent, the inference worker's own engine serves the model. */
const Endpoint = z.strictObject({
  /** Several are replicas: each may answer any request. */
  baseUrl: z.union([BaseUrl, eachOnce(z.array(BaseUrl).min(1).max(256))], {
    error: 'expected an http or https URL ending in /v1, or a list of them',
  }),
  /** Name of the worker's environment variable that holds the key; the key itself never travels. */
  apiKeyEnv: nameOfSecret('key').optional(),
  /** Most generations in flight from one worker to one URL. */
  maxInFlight: z.int().min(1).max(4096).default(512),
});

const modelName = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => !name.startsWith('-') && !name.includes('..') && !/[\s\0]/.test(name), {
    error: 'expected a checkpoint folder, a hub name or a served name, without spaces, ".." or a leading "-"',
  });

/** How a model is asked, and what it is trained on: each model by its own, whatever the other's. */
const promptFamily = z.enum(families).default('base');

/** What to say where there is no object. */
const expecting = (what: string) => ({
  error: ({ code }: { code?: string }) => (code === 'invalid_type' ? `expected ${what}` : undefined),
});

export const Actor = z.strictObject(
  {
    /** What every iteration is trained from: a Hugging Face checkpoint folder or hub name. It is never sampled from itself. */
    base: modelName,
    promptFamily,
    endpoint: Endpoint.optional(),
    temperature: z.number().min(0).max(2).default(0.7),
    maxTokens: z.int().min(1).max(131_072).default(1024),
  },
  expecting('an object with the "base" of the actor'),
);

export const Critic = z.strictObject(
  {
    /** A checkpoint folder, or the name under which the endpoint serves it. */
    model: modelName,
    promptFamily,
    endpoint: Endpoint.optional(),
    temperature: z.number().min(0).max(2).default(0),
    maxTokens: z.int().min(1).max(131_072).default(1536),
  },
  expecting('an object with the "model" of the critic, or null for no critic'),
);

/** US dollars per million tokens. */
const Price = z.strictObject({ prompt: z.number().min(0), completion: z.number().min(0) });

/** The model that `evaluate` measures. */
export const EvaluatedActor = z.strictObject(
  {
    ...Critic.shape,
    /** A checkpoint folder, the uri of one in the store, or the name under which the endpoint serves it. */
    model: modelName,
    /** Of the samples and of the rounds of a chain. Greedy responses and the refinements of samples have 0. */
    temperature: Actor.shape.temperature,
    maxTokens: Actor.shape.maxTokens,
    /** What it is asked to write: a solution, or one that thinks aloud and checks itself, which it has to be trained to (`selfTalk`). */
    style: z.enum(['solution', 'self-talk']).default('solution'),
    price: Price.optional(),
  },
  expecting('an object with the "model" of the actor'),
);

/** A critic that may belong to a provider who takes money for it. */
export const PricedCritic = Critic.extend({ price: Price.optional() });

export type EndpointConfig = z.infer<typeof Endpoint>;
/** Where the replicas of an endpoint are. */
export const urlsOf = ({ baseUrl }: Pick<EndpointConfig, 'baseUrl'>): string[] => [baseUrl].flat();
export type PriceConfig = z.infer<typeof Price>;
export type EvaluatedActorConfig = z.infer<typeof EvaluatedActor>;
export type PricedCriticConfig = z.infer<typeof PricedCritic>;
export type ActorConfig = z.infer<typeof Actor>;
export type CriticConfig = z.infer<typeof Critic>;
/** A model and how it is asked; what an engine needs to serve it. */
export type ModelConfig = ActorConfig | CriticConfig | EvaluatedActorConfig;
