import { resolve } from 'node:path';
import { z } from 'zod';
import { formatIssues, parseInput } from './parse.ts';

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `expected a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.int().min(least).max(most));

/** Arguments without a shell: a word is what is between spaces. */
const words = z.string().transform((text) => text.split(/\s+/).filter((word) => word !== ''));

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

const SLURM_OWN_ARGUMENTS = [
  '--job-name',
  '-J',
  '--output',
  '-o',
  '--open-mode',
  '--parsable',
  '--dependency',
  '-d',
  '--wrap',
];

const slurmArguments = words.superRefine((args, context) => {
  for (const name of args.map((arg) => arg.split('=')[0]!).filter((one) => SLURM_OWN_ARGUMENTS.includes(one)))
    context.addIssue({ code: 'custom', message: `expected no ${name}: the worker sets that itself` });
});

/** Those of a job that Slurm's REST API takes. */
const properties = z.string().transform((text, context) => {
  try {
    return z.record(z.string(), z.json()).parse(JSON.parse(text));
  } catch {
    context.addIssue({ code: 'custom', message: 'expected an object of JSON, like {"partition":"gpu"}' });
    return z.NEVER;
  }
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
  /** Where fine-tunes run: on this machine, or on a cluster that is there already (docs/training-clusters.md). */
  CRITIQUE_LOOP_TRAIN_ON: z.enum(['here', 'ray', 'slurm', 'kubernetes']).default('here'),
  /** Python with the trainer's packages, as the cluster's machines know it. */
  CRITIQUE_LOOP_CLUSTER_PYTHON: z.string().min(1).default('python3'),
  /** The folder deploy/trainer of this package on the cluster's machines; by default it is where it is here. */
  CRITIQUE_LOOP_CLUSTER_TRAINER: z.string().startsWith('/', 'expected an absolute path').optional(),
  /** What the cluster is asked for, for each process of a fine-tune. */
  CRITIQUE_LOOP_CLUSTER_DEVICE: z.enum(['gpu', 'cpu']).default('gpu'),
  /** Ray's dashboard. */
  CRITIQUE_LOOP_RAY_ADDRESS: z.url({ protocol: /^https?$/, error: 'expected a URL like http://head:8265' }).optional(),
  RAY_AUTH_TOKEN: z.string().optional(),
  /** slurmrestd; absent means Slurm's commands. */
  CRITIQUE_LOOP_SLURM_URL: z
    .string()
    .regex(/^(https?:\/\/.+|unix:\/.+)$/, 'expected a URL like http://head:6820, or unix:/path/of/socket')
    .optional(),
  /** Further arguments of sbatch, for instance --partition=gpu. */
  CRITIQUE_LOOP_SLURM_ARGS: slurmArguments.default([]),
  /** The same for slurmrestd: further properties of the job in JSON. */
  CRITIQUE_LOOP_SLURM_JOB: properties.optional(),
  SLURM_JWT: z.string().optional(),
  /** A file with a Job, or a TrainJob of Kubeflow Trainer, that lacks its name and its command. */
  CRITIQUE_LOOP_KUBERNETES_JOB: z.string().min(1).optional(),
});

const WorkerVariables = Environment.superRefine((value, context) => {
  const need = (name: keyof typeof value, expected: string) => {
    if (value[name] === undefined)
      context.addIssue({ code: 'custom', path: [name], params: { missing: true }, message: `expected ${expected}` });
  };
  const on = value.CRITIQUE_LOOP_TRAIN_ON;
  if (on === 'ray') need('CRITIQUE_LOOP_RAY_ADDRESS', "the URL of Ray's dashboard, for CRITIQUE_LOOP_TRAIN_ON is ray");
  if (on === 'kubernetes')
    need('CRITIQUE_LOOP_KUBERNETES_JOB', 'a file with a Job, for CRITIQUE_LOOP_TRAIN_ON is kubernetes');
  if (value.CRITIQUE_LOOP_SLURM_URL !== undefined && value.CRITIQUE_LOOP_SLURM_ARGS.length > 0)
    context.addIssue({
      code: 'custom',
      path: ['CRITIQUE_LOOP_SLURM_ARGS'],
      input: value.CRITIQUE_LOOP_SLURM_ARGS,
      message: 'expected CRITIQUE_LOOP_SLURM_JOB instead: slurmrestd has no arguments',
    });
  if (on !== 'here' && isBucket(value.CRITIQUE_LOOP_STORE))
    need('CRITIQUE_LOOP_CACHE', `a folder that ${on} sees under the same path, for the store is a bucket`);
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

export interface ClusterEnvironment {
  at: ClusterAddress;
  python: string;
  trainer?: string | undefined;
  onGpu: boolean;
}

export type ClusterAddress =
  | { kind: 'ray'; address: string; token?: string | undefined }
  | { kind: 'slurm'; args: string[] }
  | { kind: 'slurmrestd'; url: string; token?: string | undefined; job: Record<string, unknown> }
  | { kind: 'kubernetes'; file: string };

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

function clusterOf(value: z.output<typeof Environment>): ClusterEnvironment | undefined {
  const at = addressOf(value);
  return (
    at && {
      at,
      python: value.CRITIQUE_LOOP_CLUSTER_PYTHON,
      trainer: value.CRITIQUE_LOOP_CLUSTER_TRAINER,
      onGpu: value.CRITIQUE_LOOP_CLUSTER_DEVICE === 'gpu',
    }
  );
}

function addressOf(value: z.output<typeof Environment>): ClusterAddress | undefined {
  const { CRITIQUE_LOOP_SLURM_URL: url } = value;
  switch (value.CRITIQUE_LOOP_TRAIN_ON) {
    case 'here':
      return undefined;
    case 'ray':
      return { kind: 'ray', address: value.CRITIQUE_LOOP_RAY_ADDRESS!, token: value.RAY_AUTH_TOKEN };
    case 'slurm':
      return url === undefined
        ? { kind: 'slurm', args: value.CRITIQUE_LOOP_SLURM_ARGS }
        : { kind: 'slurmrestd', url, token: value.SLURM_JWT, job: value.CRITIQUE_LOOP_SLURM_JOB ?? {} };
    case 'kubernetes':
      return { kind: 'kubernetes', file: resolve(value.CRITIQUE_LOOP_KUBERNETES_JOB!) };
  }
}
