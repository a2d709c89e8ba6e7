import { resolve } from 'node:path';
import { z } from 'zod';
import { words } from './words.ts';

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

/** Variables that say where fine-tunes run (docs/training-clusters.md). */
export const ClusterVariables = z.object({
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

type Variables = z.output<typeof ClusterVariables>;

export const missing = (context: z.RefinementCtx, name: string, expected: string): void =>
  context.addIssue({ code: 'custom', path: [name], params: { missing: true }, message: `expected ${expected}` });

/** What each cluster needs. */
export function expectCluster(value: Variables, context: z.RefinementCtx): void {
  const on = value.CRITIQUE_LOOP_TRAIN_ON;
  if (on === 'ray' && value.CRITIQUE_LOOP_RAY_ADDRESS === undefined)
    missing(context, 'CRITIQUE_LOOP_RAY_ADDRESS', "the URL of Ray's dashboard, for CRITIQUE_LOOP_TRAIN_ON is ray");
  if (on === 'kubernetes' && value.CRITIQUE_LOOP_KUBERNETES_JOB === undefined)
    missing(context, 'CRITIQUE_LOOP_KUBERNETES_JOB', 'a file with a Job, for CRITIQUE_LOOP_TRAIN_ON is kubernetes');
  if (value.CRITIQUE_LOOP_SLURM_URL !== undefined && value.CRITIQUE_LOOP_SLURM_ARGS.length > 0)
    context.addIssue({
      code: 'custom',
      path: ['CRITIQUE_LOOP_SLURM_ARGS'],
      input: value.CRITIQUE_LOOP_SLURM_ARGS,
      message: 'expected CRITIQUE_LOOP_SLURM_JOB instead: slurmrestd has no arguments',
    });
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

/** Undefined where fine-tunes run on this machine. */
export function clusterOf(value: Variables): ClusterEnvironment | undefined {
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

function addressOf(value: Variables): ClusterAddress | undefined {
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
