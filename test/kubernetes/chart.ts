import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppsV1Api, AuthorizationV1Api } from '@kubernetes/client-node';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/backends/package.ts';
import type { Progress } from '../../src/workflows/contract.ts';
import type { selfImprove } from '../../src/workflows/self-improve.ts';
import { eventually } from '../support/bench.ts';
import { finishCommand, startCommandWith } from '../support/command.ts';
import type { Images } from '../support/images.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { succeed } from '../support/succeed.ts';
import { temporalCli } from '../support/temporal.ts';
import { tinyDemo } from '../support/tiny-demo.ts';
import { compare, readTraces } from '../support/traces.ts';
import { type Kubernetes, kubernetes } from './support/cluster.ts';
import { installKeda } from './support/keda.ts';
import { NODE_ADDRESS } from './support/network.ts';
import { prepared } from './support/programs.ts';

const CHART = join(packageRoot, 'deploy/helm/critique-loop');
const NAMESPACE = 'loop';
/** The most that the Pod Security Standards ask of pods. */
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const SMALL = { requests: { cpu: '100m', memory: '256Mi' } };
const imageOf = (name: keyof Images) => `docker.io/library/critique-loop-${name}:test`;

let cluster: Kubernetes;
let server: OwnServer;
let client: Client;
/** On this machine. */
let store: string;
/** Of the run's input. */
let file: string;
let helm: (...args: string[]) => Promise<string>;

beforeAll(async () => {
  cluster = await kubernetes();
  const { images, helm: program } = prepared();
  for (const archive of Object.values(images)) await cluster.load(archive);
  server = await startOwnServer(temporalCli, {}, { host: NODE_ADDRESS });
  client = new Client({ connection: await Connection.connect({ address: server.address }), namespace: NAMESPACE });
  helm = async (...args) =>
    (await succeed(program, ['--kubeconfig', cluster.kubeconfig, '--namespace', NAMESPACE, ...args])).stdout;
  for (const name of [NAMESPACE, 'examples'])
    await cluster.core.createNamespace({ body: { metadata: { name, labels: RESTRICTED } } });
  store = await makeStore();
  file = join(cluster.folder, 'tiny.json');
  await writeFile(file, JSON.stringify(await tinyDemo()));
});
afterAll(async () => {
  await client?.connection.close();
  await server?.stop();
});

/** A volume of this machine's disk, as a claim. */
async function makeStore(): Promise<string> {
  const path = join(cluster.folder, 'store');
  await mkdir(path);
  await chown(path, 1000, 1000);
  const size = { storage: '10Gi' };
  const common = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  const volume = { ...common, capacity: size, hostPath: { path } };
  await cluster.core.createPersistentVolume({ body: { metadata: { name: 'store' }, spec: volume } });
  const claim = { ...common, volumeName: 'store', resources: { requests: size } };
  await cluster.core.createNamespacedPersistentVolumeClaim({
    namespace: NAMESPACE,
    body: { metadata: { name: 'store' }, spec: claim },
  });
  return path;
}

/** As deploy/helm/examples/gpu.yaml has it, without GPUs. */
const trainingJob = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  spec: {
    template: {
      spec: {
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 1000,
          fsGroup: 1000,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'trainer',
            image: imageOf('trainer'),
            resources: SMALL,
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'store', mountPath: '/store' }],
          },
        ],
        volumes: [{ name: 'store', persistentVolumeClaim: { claimName: 'store' } }],
      },
    },
  },
};

const valuesOf = (inference: object) => ({
  temporal: { address: server.address, namespace: NAMESPACE },
  store: { claim: 'store' },
  images: { worker: imageOf('worker'), trainer: imageOf('trainer') },
  trainingJob,
  env: { OMP_NUM_THREADS: '1' },
  workers: {
    workflows: { replicas: 1, resources: SMALL },
    inference: { ...inference, resources: SMALL },
    train: {
      image: 'worker',
      resources: SMALL,
      env: { CRITIQUE_LOOP_CLUSTER_PYTHON: '/opt/trainer/bin/python', CRITIQUE_LOOP_CLUSTER_DEVICE: 'cpu' },
    },
  },
});

async function upgrade(values: object): Promise<void> {
  const path = join(cluster.folder, 'values.json');
  await writeFile(path, JSON.stringify(values));
  await helm('upgrade', 'loop', CHART, '--install', '--values', path, '--wait', '--timeout', '10m');
}

async function podsOf(labelSelector: string) {
  const { items } = await cluster.core.listNamespacedPod({ namespace: NAMESPACE, labelSelector });
  return items.filter(({ metadata }) => !metadata!.deletionTimestamp);
}

/** As a node that is lost takes it away. */
async function lose(labelSelector: string): Promise<string> {
  const running = async () => (await podsOf(labelSelector)).find(({ status }) => status?.phase === 'Running');
  const pod = await eventually(`a pod of ${labelSelector}`, running, 300_000);
  const name = pod!.metadata!.name!;
  await cluster.core.deleteNamespacedPod({ namespace: NAMESPACE, name, gracePeriodSeconds: 0 });
  return name;
}

async function startRun(id: string) {
  const at = ['--address', server.address, '--namespace', NAMESPACE];
  const what = ['--type', 'selfImprove', '--task-queue', 'critique-loop', '--workflow-id', id, '--input-file', file];
  await succeed(temporalCli, ['workflow', 'start', ...at, ...what]);
  return client.workflow.getHandle<typeof selfImprove>(id);
}

test('the chart is installed, a run on it loses a worker and a trainer, and ends with the rows and weights of a demo on one machine', async () => {
  await upgrade(valuesOf({ replicas: 2 }));
  const run = await startRun('demo');

  const inStage = async (...stages: string[]) => stages.includes((await run.query<Progress>('progress')).stage ?? '');
  const lost = [await lose('job-name')];
  await eventually('sampling', () => inStage('sample', 'evaluate/sample'), 300_000);
  lost.push(await lose('app.kubernetes.io/component=inference'));
  // A worker rolls to other settings under the run.
  await upgrade(valuesOf({ replicas: 1 }));
  expect((await run.result()).status).toBe('completed');
  console.log(`lost: ${lost.join(', ')}`);

  const local = join(cluster.folder, 'local');
  await mkdir(local);
  const demo = startCommandWith({ OMP_NUM_THREADS: '1' }, local, 'demo', '--json', '--input-file', file);
  const { run: id } = await finishCommand<{ run: string }>(demo);
  const before = await readTraces(join(local, '.critique-loop/store/runs', id));
  const after = await readTraces(join(store, 'runs/demo'));
  expect(compare(before.rows, after.rows)).toEqual({ total: before.rows.size, lost: 0, different: 0, added: 0 });
  expect(after.duplicated).toBe(0);
  expect(after.trainedOn).toEqual(before.trainedOn);
});

test('the train worker may make Jobs and see pods, and no worker may do more', async () => {
  const api = cluster.config.makeApiClient(AuthorizationV1Api);
  const may = async (account: string, verb: string, resource: string, group = '') => {
    const resourceAttributes = { namespace: NAMESPACE, verb, resource, group };
    const user = `system:serviceaccount:${NAMESPACE}:${account}`;
    const { status } = await api.createSubjectAccessReview({ body: { spec: { user, resourceAttributes } } });
    return status!.allowed;
  };
  for (const verb of ['create', 'get', 'delete']) expect(await may('loop-trainer', verb, 'jobs', 'batch')).toBe(true);
  expect(await may('loop-trainer', 'list', 'pods')).toBe(true);
  expect(await may('loop-worker', 'create', 'jobs', 'batch')).toBe(false);
  for (const account of ['loop-trainer', 'loop-worker'])
    for (const [verb, resource] of [
      ['get', 'secrets'],
      ['create', 'pods'],
      ['delete', 'pods'],
      ['create', 'pods/exec'],
    ] as const)
      expect(await may(account, verb, resource), `${account} ${verb} ${resource}`).toBe(false);
});

test('KEDA ends the last pod of inference workers where no shard waits, and starts one where some do', async () => {
  await installKeda(cluster);
  await upgrade(valuesOf({ replicas: null, scale: { min: 0, max: 1, waitingShards: 4, downAfterSeconds: 0 } }));
  const api = cluster.config.makeApiClient(AppsV1Api);
  const replicas = async () =>
    (await api.readNamespacedDeployment({ namespace: NAMESPACE, name: 'loop-inference' })).spec!.replicas;
  await eventually('no pod', async () => (await replicas()) === 0, 180_000);
  const run = await startRun('scaled');
  await eventually('a pod', async () => (await replicas()) === 1, 300_000);
  await upgrade(valuesOf({ replicas: 1 }));
  expect((await run.result()).status).toBe('completed');
});

test('what is uninstalled leaves its store, and nothing else', async () => {
  await helm('uninstall', 'loop', '--wait');
  while ((await podsOf('app.kubernetes.io/instance=loop')).length > 0) await sleep(500);
  const { items } = await cluster.core.listNamespacedPersistentVolumeClaim({ namespace: NAMESPACE });
  expect(items.map(({ metadata, status }) => [metadata!.name, status!.phase])).toEqual([['store', 'Bound']]);
});

test.each(['gpu', 'bucket'])('the API server takes all of examples/%s.yaml, and makes its pods', async (name) => {
  const values = join(packageRoot, `deploy/helm/examples/${name}.yaml`);
  const release = ['--namespace', 'examples', name];
  await helm('install', ...release, CHART, '--values', values, '--no-hooks');
  const pods = async () => {
    const labelSelector = `app.kubernetes.io/instance=${name}`;
    const { items } = await cluster.core.listNamespacedPod({ namespace: 'examples', labelSelector });
    const components = new Set(items.map(({ metadata }) => metadata!.labels!['app.kubernetes.io/component']));
    return components.size === 3;
  };
  await eventually('a pod of each worker', pods, 60_000);
  await helm('uninstall', ...release);
});
