import { readFile } from 'node:fs/promises';
import type { BatchV1Api, CoreV1Api, V1Job, V1Pod, VersionApi } from '@kubernetes/client-node';
import type { Cluster, ClusterJob, ClusterStatus } from './cluster.ts';

const TIMEOUT_MS = 30_000;
/** How long a job may take to end when it is asked to, unless its file says: Kubernetes' own 30 seconds may be too short to write a resume point. */
const GRACE_SECONDS = 300;
const LABELS = { 'app.kubernetes.io/managed-by': 'critique-loop' };

interface Access {
  jobs: BatchV1Api;
  pods: CoreV1Api;
  version: VersionApi;
  namespace: string;
}

/** Kubernetes, where it is called by kubeconfig or by the service account of the worker's own pod. */
export class Kubernetes implements Cluster {
  readonly name = 'Kubernetes';
  readonly #file: string;
  #access: Promise<Access> | null = null;

  /** @param file a Job in YAML, which has the pod's image, volumes and resources */
  constructor({ file }: { file: string }) {
    this.#file = file;
  }

  async submit(job: ClusterJob): Promise<void> {
    await this.#create(job).catch(unless(409, undefined));
  }

  async look(key: string): Promise<ClusterStatus> {
    const { jobs, pods, namespace } = await this.#open();
    const job = await within(jobs.readNamespacedJob({ name: key, namespace })).catch(unless(404, null));
    if (!job) return { state: 'absent' };
    const { items } = await within(pods.listNamespacedPod({ namespace, labelSelector: `job-name=${key}` }));
    const [pod] = items;
    const end = job.status?.conditions?.find(
      ({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True',
    );
    if (end) {
      const words = [end.type, end.reason, end.message, endOf(pod)].filter(Boolean);
      return { state: 'ended', how: `Kubernetes says ${[...new Set(words)].join(', ')} of job ${key}` };
    }
    // What was asked to end is still there while its pod is.
    if (pod?.status?.phase === 'Running' || job.metadata?.deletionTimestamp) return { state: 'running' };
    return { state: 'queued', reason: `Kubernetes says ${whyQueued(job, pod)} of job ${key}` };
  }

  async stop(key: string): Promise<void> {
    const { jobs, namespace } = await this.#open();
    const asked = jobs.deleteNamespacedJob({ name: key, namespace, propagationPolicy: 'Foreground' });
    await within(asked).catch(unless(404, null));
  }

  async check(job: ClusterJob): Promise<string> {
    const { version, namespace } = await this.#open();
    const { gitVersion } = await within(version.getCode());
    await this.#create(job, 'All');
    return `${gitVersion} would take a fine-tune in namespace ${namespace}`;
  }

  /** Without retries of its own: those are ours, with the failure in sight. */
  async #create(job: ClusterJob, dryRun?: 'All'): Promise<void> {
    const { jobs, namespace } = await this.#open();
    const body = await readTemplate(this.#file);
    const pod = body.spec!.template;
    const [container] = pod.spec!.containers;
    body.metadata = { ...body.metadata, name: job.key, namespace, labels: { ...body.metadata?.labels, ...LABELS } };
    body.spec = { ...body.spec!, backoffLimit: 0 };
    pod.spec = { terminationGracePeriodSeconds: GRACE_SECONDS, ...pod.spec!, restartPolicy: 'Never' };
    const env = Object.entries(job.env).map(([name, value]) => ({ name, value }));
    Object.assign(container!, { command: [...job.argv], env: [...(container!.env ?? []), ...env] });
    delete container!.args;
    if (job.onGpu) {
      const limits = container!.resources?.limits ?? {};
      const gpu = Object.keys(limits).find((name) => name.endsWith('/gpu')) ?? 'nvidia.com/gpu';
      container!.resources = { ...container!.resources, limits: { ...limits, [gpu]: String(job.processes) } };
    }
    await within(jobs.createNamespacedJob({ namespace, body, ...(dryRun && { dryRun }) }));
  }

  /** Its client is big: it is loaded where there is a Kubernetes. What fails is tried anew the next time. */
  #open(): Promise<Access> {
    this.#access ??= connect().catch((error) => {
      this.#access = null;
      throw error;
    });
    return this.#access;
  }
}

async function connect(): Promise<Access> {
  const { KubeConfig, BatchV1Api, CoreV1Api, VersionApi } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromDefault();
  const context = config.getContextObject(config.getCurrentContext());
  return {
    jobs: config.makeApiClient(BatchV1Api),
    pods: config.makeApiClient(CoreV1Api),
    version: config.makeApiClient(VersionApi),
    namespace: context?.namespace ?? 'default',
  };
}

/** @throws Error that names the variable and what is wrong with its file */
async function readTemplate(file: string): Promise<V1Job> {
  const { loadYaml } = await import('@kubernetes/client-node');
  const wrong = (what: string) => new Error(`CRITIQUE_LOOP_KUBERNETES_JOB is ${file}, ${what}`);
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw wrong(`which can't be read: ${error.message}`);
  });
  const job = loadYaml<V1Job>(text);
  if (job?.apiVersion !== 'batch/v1' || job.kind !== 'Job') throw wrong('expected apiVersion batch/v1 and kind Job');
  if (!job.spec?.template?.spec?.containers?.length)
    throw wrong('expected a container in spec.template.spec.containers');
  return job;
}

/** How the pod's container ended. */
function endOf(pod: V1Pod | undefined): string | null {
  const end = pod?.status?.containerStatuses?.[0]?.state?.terminated;
  return end ? [`exit code ${end.exitCode}`, end.reason, end.message].filter(Boolean).join(' ') : null;
}

function whyQueued(job: V1Job, pod: V1Pod | undefined): string {
  if (job.spec?.suspend) return 'Suspended';
  const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  const unmet = pod?.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  const { reason, message } = waiting ?? unmet ?? { reason: 'Pending', message: undefined };
  return [reason, message].filter(Boolean).join(': ');
}

async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${TIMEOUT_MS / 1000} seconds`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw explained(error);
  } finally {
    clearTimeout(timer);
  }
}

class Refused extends Error {
  readonly code: number;

  constructor(code: number, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** What the API server says is in the body of its answer, as JSON. */
function explained(error: unknown): unknown {
  const { code, body } = error as { code?: unknown; body?: unknown };
  if (typeof code !== 'number') return error;
  let said = body === undefined ? 'the API server does not accept who asks' : String(body);
  try {
    said = JSON.parse(said).message ?? said;
  } catch {
    // A proxy's page.
  }
  return new Refused(code, `${code} ${said.slice(0, 500)}`, error);
}

const unless =
  <T>(code: number, instead: T) =>
  (error: unknown): T => {
    if (error instanceof Refused && error.code === code) return instead;
    throw error;
  };
