import { resolve } from 'node:path';
import { z } from 'zod';
import { type ClusterEnvironment, ClusterVariables, clusterOf, expectCluster, missing } from './cluster.ts';
import { formatIssues, parseInput } from './parse.ts';
import { words } from './words.ts';

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `expected a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.int().min(least).max(most));

/** What the engine gives to `vllm serve` itself, or what would keep it from asking. */
export const OWN_ARGUMENTS = [
  ...['--host', '--port', '--uds', '--root-path', '--ssl-keyfile', '--ssl-certfile', '--api-key'],
  ...['--model', '--served-model-name', '--generation-config', '--enable-lora', '--max-lora-rank', '--lora-modules'],
  ...['--headless', '--grpc', '--config'],
];

const vllmArguments = words.superRefine((args, context) => {
  const names = args.map((arg) => arg.split('=')[0]!.replaceAll('_', '-'));
  for (const name of names.filter((one) => OWN_ARGUMENTS.includes(one)))
    context.addIssue({ code: 'custom', message: `expected no ${name}: the engine sets that itself` });
  if (names[0] && !names[0].startsWith('-'))
    context.addIssue({ code: 'custom', message: `expected arguments that begin with --, not "${args[0]}"` });
});

/** Whether a store is one of S3, and not a folder. */
export const isBucket = (store: string): boolean => store.startsWith('s3://');

/** A bucket's name, and the prefix of its keys. */
export const BUCKET: RegExp = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*))?$/;

/** What a worker reads from its environment, besides Temporal's own TEMPORAL_* variables and profiles. */
export const Environment = z.object({
  /** Folder of all artifacts, or s3://bucket/prefix; workers on several hosts share it. */
  CRITIQUE_LOOP_STORE: z
    .string()
    .refine((store) => !isBucket(store) || BUCKET.test(store), { error: 'expected s3://bucket or s3://bucket/prefix' })
    .default('.critique-loop/store'),
  /** Folder on this machine for what processes need as files, where the store is a bucket. */
  CRITIQUE_LOOP_CACHE: z.string().min(1).optional(),
  /** Address of Prometheus metrics, for instance 127.0.0.1:9464; none by default. */
  CRITIQUE_LOOP_METRICS: z
    .string()
    .regex(/^[^\s:]+:\d+$/, 'expected host:port')
    .optional(),
  /** Port of /livez and /readyz on loopback; 0 picks a free one, absent means none. */
  CRITIQUE_LOOP_HEALTH_PORT: whole(0, 65_535).optional(),
  /** File of the keys that encrypt what goes to Temporal's server; none by default, and then nothing is encrypted. */
  CRITIQUE_LOOP_CODEC_KEYS: z.string().min(1).optional(),
  CRITIQUE_LOOP_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  /** What answers for models without an endpoint: the embedded engine on the CPU, or vLLM on this machine's GPUs. */
  CRITIQUE_LOOP_ENGINE: z.enum(['embedded', 'vllm']).default('embedded'),
  /** Names this build of the workflows, for instance by its Git commit: runs stay with the build that they began on. Absent: with none. */
  CRITIQUE_LOOP_BUILD_ID: z
    .string()
    .regex(/^[a-zA-Z0-9][\w.+-]*$/, 'expected a letter or digit, then letters, digits, and any of _ . + -')
    .max(200)
    .optional(),
  /** What all builds are known as to Temporal. */
  CRITIQUE_LOOP_DEPLOYMENT: z
    .string()
    .regex(/^[a-zA-Z0-9][\w-]*$/, 'expected a letter or digit, then letters, digits, and any of _ -')
    .max(200)
    .default('critique-loop'),
  /** Threads of the embedded engine; all cores by default. */
  CRITIQUE_LOOP_ENGINE_THREADS: whole(1, 1024).optional(),
  /** The vLLM command, for instance python3 -m vllm.entrypoints.cli.main. */
  CRITIQUE_LOOP_VLLM: words.refine((all) => all.length > 0, { error: 'expected a command' }).default(['vllm']),
  /** Further arguments of `vllm serve`, for instance --tensor-parallel-size 2. */
  CRITIQUE_LOOP_VLLM_ARGS: vllmArguments.default([]),
  /** A checkpoint to start vLLM with at once, so that the start is over when the first run asks. */
  CRITIQUE_LOOP_VLLM_MODEL: z.string().optional(),
  /** How many shards an inference worker works on side by side. */
  CRITIQUE_LOOP_SHARDS_AT_ONCE: whole(1, 64).optional(),
  /** The LLaMA-Factory command, for fine-tunes of that backend. */
  CRITIQUE_LOOP_LLAMAFACTORY: words
    .refine((all) => all.length > 0, { error: 'expected a command' })
    .default(['llamafactory-cli']),
  ...ClusterVariables.shape,
});

const WorkerVariables = Environment.superRefine(expectCluster).superRefine((value, context) => {
  const { CRITIQUE_LOOP_TRAIN_ON: on, CRITIQUE_LOOP_STORE: store, CRITIQUE_LOOP_CACHE: cache } = value;
  if (on !== 'here' && isBucket(store) && cache === undefined)
    missing(context, 'CRITIQUE_LOOP_CACHE', `a folder that ${on} sees under the same path, for the store is a bucket`);
});

export interface WorkerEnvironment {
  store: string;
  cache: string;
  metrics?: string | undefined;
  healthPort?: number | undefined;
  codecKeys?: string | undefined;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Absent where runs take whatever build is there. */
  version?: { deploymentName: string; buildId: string } | undefined;
  engineThreads?: number | undefined;
  /** Absent where the engine is the embedded one. */
  vllm?: { command: string[]; args: string[]; model?: string | undefined } | undefined;
  shardsAtOnce?: number | undefined;
  llamafactory: string[];
  /** Where fine-tunes run; absent means on this machine. */
  cluster?: ClusterEnvironment | undefined;
}

/** Variables are wrong. The message is all that a user needs; print it without a stack. */
export class WrongEnvironment extends Error {
  override readonly name = 'WrongEnvironment';
}

/** @throws WrongEnvironment that names every wrong variable. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): WorkerEnvironment {
  // A compose file that passes a variable without a value passes an empty one.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = parseInput(WorkerVariables, given);
  if (parsed.issues) throw new WrongEnvironment(`wrong environment: ${formatIssues(parsed.issues)}`);
  const value = parsed.value;
  return {
    store: isBucket(value.CRITIQUE_LOOP_STORE) ? value.CRITIQUE_LOOP_STORE : resolve(value.CRITIQUE_LOOP_STORE),
    cache: resolve(value.CRITIQUE_LOOP_CACHE ?? '.critique-loop/cache'),
    metrics: value.CRITIQUE_LOOP_METRICS,
    healthPort: value.CRITIQUE_LOOP_HEALTH_PORT,
    codecKeys: value.CRITIQUE_LOOP_CODEC_KEYS && resolve(value.CRITIQUE_LOOP_CODEC_KEYS),
    logLevel: value.CRITIQUE_LOOP_LOG_LEVEL,
    ...(value.CRITIQUE_LOOP_BUILD_ID !== undefined && {
      version: { deploymentName: value.CRITIQUE_LOOP_DEPLOYMENT, buildId: value.CRITIQUE_LOOP_BUILD_ID },
    }),
    engineThreads: value.CRITIQUE_LOOP_ENGINE_THREADS,
    ...(value.CRITIQUE_LOOP_ENGINE === 'vllm' && {
      vllm: {
        command: value.CRITIQUE_LOOP_VLLM,
        args: value.CRITIQUE_LOOP_VLLM_ARGS,
        model: value.CRITIQUE_LOOP_VLLM_MODEL,
      },
    }),
    shardsAtOnce: value.CRITIQUE_LOOP_SHARDS_AT_ONCE,
    llamafactory: value.CRITIQUE_LOOP_LLAMAFACTORY,
    cluster: clusterOf(value),
  };
}
