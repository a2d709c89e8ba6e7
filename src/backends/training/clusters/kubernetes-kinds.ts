import type { V1Container, V1Job, V1ObjectMeta, V1ResourceRequirements } from '@kubernetes/client-node';
import type { ClusterJob } from './cluster.ts';

/** How long a job may take to end when it is asked to, unless its file says: Kubernetes' own 30 seconds may be too short to write a resume point. */
const GRACE_SECONDS = 300;

/** What a file has, and then what is asked for. */
export interface Filled {
  apiVersion: string;
  kind: string;
  metadata?: V1ObjectMeta;
  spec?: unknown;
}

/** A kind of object that runs a command on Kubernetes. */
export interface Kind {
  apiVersion: string;
  kind: string;
  /** Where the API has them. */
  at: { group: string; version: string; plural: string };
  /** Selects the pods of one. */
  podsOf(key: string): string;
  /** What a file needs and has not, in words, or null. */
  lackOf(body: Filled): string | null;
  /** Puts the command, its variables and its GPUs in. Without retries of Kubernetes' own: those are ours, with the failure in sight. */
  fill(body: Filled, job: ClusterJob): void;
}

type Command = Pick<V1Container, 'command' | 'args' | 'env'>;

const JOB: Kind = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  at: { group: 'batch', version: 'v1', plural: 'jobs' },
  podsOf: (key) => `job-name=${key}`,
  lackOf: ({ spec }) =>
    (spec as V1Job['spec'])?.template?.spec?.containers?.length ? null : 'a container in spec.template.spec.containers',
  fill: (body, job) => {
    const spec = body.spec as NonNullable<V1Job['spec']>;
    const pod = spec.template;
    const [container] = pod.spec!.containers;
    body.spec = { ...spec, backoffLimit: 0 };
    pod.spec = { terminationGracePeriodSeconds: GRACE_SECONDS, ...pod.spec!, restartPolicy: 'Never' };
    put(container!, job);
    if (job.onGpu) container!.resources = withGpus(container!.resources, job.processes);
  },
};

/** Of Kubeflow Trainer, v2: its runtime has the image, the volumes and how often it is tried. */
interface TrainJobSpec {
  runtimeRef?: { name?: string };
  trainer?: Command & { numNodes?: number; resourcesPerNode?: V1ResourceRequirements };
}

const TRAIN_JOB: Kind = {
  apiVersion: 'trainer.kubeflow.org/v1alpha1',
  kind: 'TrainJob',
  at: { group: 'trainer.kubeflow.org', version: 'v1alpha1', plural: 'trainjobs' },
  podsOf: (key) => `jobset.sigs.k8s.io/jobset-name=${key}`,
  lackOf: ({ spec }) => ((spec as TrainJobSpec | undefined)?.runtimeRef?.name ? null : 'a name in spec.runtimeRef'),
  fill: (body, job) => {
    const spec = body.spec as TrainJobSpec;
    const trainer = { ...spec.trainer, numNodes: 1 };
    put(trainer, job);
    if (job.onGpu) trainer.resourcesPerNode = withGpus(trainer.resourcesPerNode, job.processes);
    body.spec = { ...spec, trainer };
  },
};

export const KINDS: readonly Kind[] = [JOB, TRAIN_JOB];

function put(container: Command, { argv, env }: ClusterJob): void {
  const further = Object.entries(env).map(([name, value]) => ({ name, value }));
  Object.assign(container, { command: [...argv], env: [...(container.env ?? []), ...further] });
  delete container.args;
}

/** Of the resource that the file names, whoever makes the GPUs. */
function withGpus(resources: V1ResourceRequirements | undefined, count: number): V1ResourceRequirements {
  const limits = resources?.limits ?? {};
  const gpu = Object.keys(limits).find((name) => name.endsWith('/gpu')) ?? 'nvidia.com/gpu';
  return { ...resources, limits: { ...limits, [gpu]: String(count) } };
}
