import { readFile } from 'node:fs/promises';
import type { CoreV1Api, CustomObjectsApi, V1Pod, VersionApi } from '@kubernetes/client-node';
import type { Cluster, ClusterJob, ClusterStatus } from './cluster.ts';
import { type Filled, KINDS, type Kind } from './kubernetes-kinds.ts';

const TIMEOUT_MS = 30_000;
const LABELS = { 'app.kubernetes.io/managed-by': 'critique-loop' };

interface Access {
  objects: CustomObjectsApi;
  pods: CoreV1Api;
  version: VersionApi;
  namespace: string;
}

interface Template {
  kind: Kind;
  body: Filled;
}

/** What the API server tells of a Job or TrainJob. */
interface Told {
  metadata?: { deletionTimestamp?: string };
  spec?: { suspend?: boolean };
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

/** Kubernetes, where it is called by kubeconfig or by the service account of the worker's own pod. */
export class Kubernetes implements Cluster {
  readonly name = 'Kubernetes';
  readonly #open = kept(connect);
  /** The file as it was when it was first right. */
  readonly #read: () => Promise<Template>;

  /** @param file a Job in YAML, which has the pod's image, volumes and resources, or a TrainJob of Kubeflow Trainer */
  constructor({ file }: { file: string }) {
    this.#read = kept(() => readTemplate(file));
  }

  async submit(job: ClusterJob): Promise<void> {
    await this.#create(job).catch(unless(409, undefined));
  }

  async look(key: string): Promise<ClusterStatus> {
    const { objects, pods, namespace } = await this.#open();
    const { kind } = await this.#read();
    const asked = objects.getNamespacedCustomObject({ ...kind.at, namespace, name: key }) as Promise<Told>;
    const job = await within(asked).catch(unless(404, null));
    if (!job) return { state: 'absent' };
    const { items } = await within(pods.listNamespacedPod({ namespace, labelSelector: kind.podsOf(key) }));
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
    const { objects, namespace } = await this.#open();
    const { kind } = await this.#read();
    const which = { ...kind.at, namespace, name: key, propagationPolicy: 'Foreground' };
    await within(objects.deleteNamespacedCustomObject(which)).catch(unless(404, null));
  }

  async check(job: ClusterJob): Promise<string> {
    const { version, namespace } = await this.#open();
    const { gitVersion } = await within(version.getCode());
    await this.#create(job, 'All');
    return `${gitVersion} would take a fine-tune in namespace ${namespace}`;
  }

  async #create(job: ClusterJob, dryRun?: 'All'): Promise<void> {
    const { objects, namespace } = await this.#open();
    const { kind, body: template } = await this.#read();
    const body = structuredClone(template);
    const { metadata } = body;
    body.metadata = { ...metadata, name: job.key, namespace, labels: { ...metadata?.labels, ...LABELS } };
    kind.fill(body, job);
    await within(objects.createNamespacedCustomObject({ ...kind.at, namespace, body, ...(dryRun && { dryRun }) }));
  }
}

/** Asks once for what does not change. What fails is tried anew the next time. */
function kept<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    answer ??= ask().catch((error) => {
      answer = null;
      throw error;
    });
    return answer;
  };
}

/** Its client is big: it is loaded where there is a Kubernetes. */
async function connect(): Promise<Access> {
  const { KubeConfig, CoreV1Api, CustomObjectsApi, VersionApi } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromDefault();
  const context = config.getContextObject(config.getCurrentContext());
  return {
    objects: config.makeApiClient(CustomObjectsApi),
    pods: config.makeApiClient(CoreV1Api),
    version: config.makeApiClient(VersionApi),
    namespace: context?.namespace ?? 'default',
  };
}

/** @throws Error that names the variable and what is wrong with its file */
async function readTemplate(file: string): Promise<Template> {
  const { loadYaml } = await import('@kubernetes/client-node');
  const wrong = (what: string) => new Error(`CRITIQUE_LOOP_KUBERNETES_JOB is ${file}, ${what}`);
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw wrong(`which can't be read: ${error.message}`);
  });
  const body = loadYaml<Filled>(text);
  const kind = KINDS.find((one) => body?.apiVersion === one.apiVersion && body.kind === one.kind);
  if (!kind)
    throw wrong(`expected ${KINDS.map((one) => `apiVersion ${one.apiVersion} and kind ${one.kind}`).join(', or ')}`);
  const lack = kind.lackOf(body);
  if (lack) throw wrong(`expected ${lack}`);
  return { kind, body };
}

/** How the pod's container ended. */
function endOf(pod: V1Pod | undefined): string | null {
  const end = pod?.status?.containerStatuses?.[0]?.state?.terminated;
  return end ? [`exit code ${end.exitCode}`, end.reason, end.message].filter(Boolean).join(' ') : null;
}

function whyQueued(job: Told, pod: V1Pod | undefined): string {
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
