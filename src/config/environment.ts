import { resolve } from 'node:path';
import { z } from 'zod';
import { parseInput } from './parse.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** Arguments without a shell: a word is what is between spaces. */
const words = z.string().transform((text) => text.split(/\s+/).filter((word) => word !== ''));

/** What a worker reads from its environment, besides Temporal's own TEMPORAL_* variables and profiles. */
const Environment = z.object({
  /** Folder of all artifacts, or s3://bucket/prefix; workers on several hosts share it. */
  CRITIQUE_LOOP_STORE: z.string().min(1).default('.critique-loop/store'),
  /** Folder on this machine for what processes need as files, where the store is a bucket. */
  CRITIQUE_LOOP_CACHE: z.string().min(1).default('.critique-loop/cache'),
  /** Address of Prometheus metrics, for instance 127.0.0.1:9464; none by default. */
  CRITIQUE_LOOP_METRICS: z
    .string()
    .regex(/^[^\s:]+:\d+$/, 'expected host:port')
    .optional(),
  /** Port of /livez and /readyz on loopback; 0 picks a free one, absent means none. */
  CRITIQUE_LOOP_HEALTH_PORT: port.optional(),
  CRITIQUE_LOOP_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  /** Threads of the embedded engine; all cores by default. */
  CRITIQUE_LOOP_ENGINE_THREADS: z.coerce.number().int().min(1).optional(),
  /** The LLaMA-Factory command, for fine-tunes of that backend. */
  CRITIQUE_LOOP_LLAMAFACTORY: words
    .refine((all) => all.length > 0, { error: 'expected a command' })
    .default(['llamafactory-cli']),
  /** How many shards an inference worker works on side by side. */
  CRITIQUE_LOOP_SHARDS_AT_ONCE: z.coerce.number().int().min(1).max(64).optional(),
});

export interface WorkerEnvironment {
  store: string;
  cache: string;
  metrics?: string | undefined;
  healthPort?: number | undefined;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  engineThreads?: number | undefined;
  llamafactory: string[];
  shardsAtOnce?: number | undefined;
}

/** Whether a store is one of S3, and not a folder. */
export const isBucket = (store: string): boolean => store.startsWith('s3://');

/** @throws Error that names every wrong variable. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): WorkerEnvironment {
  // A compose file that passes a variable without a value passes an empty one.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = parseInput(Environment, given);
  if (parsed.issues)
    throw new Error(`wrong environment: ${parsed.issues.map((i) => `${i.field} ${i.message}`).join('; ')}`);
  const value = parsed.value;
  return {
    store: isBucket(value.CRITIQUE_LOOP_STORE) ? value.CRITIQUE_LOOP_STORE : resolve(value.CRITIQUE_LOOP_STORE),
    cache: resolve(value.CRITIQUE_LOOP_CACHE),
    metrics: value.CRITIQUE_LOOP_METRICS,
    healthPort: value.CRITIQUE_LOOP_HEALTH_PORT,
    logLevel: value.CRITIQUE_LOOP_LOG_LEVEL,
    engineThreads: value.CRITIQUE_LOOP_ENGINE_THREADS,
    llamafactory: value.CRITIQUE_LOOP_LLAMAFACTORY,
    shardsAtOnce: value.CRITIQUE_LOOP_SHARDS_AT_ONCE,
  };
}
