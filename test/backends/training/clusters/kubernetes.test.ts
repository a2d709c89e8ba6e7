import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Kubernetes } from '../../../../src/backends/training/clusters/kubernetes.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { reply, startHttp } from '../../../support/http.ts';

const JOB = {
  key: 'critique-loop-demo-1-0a1b2c3d',
  argv: ['sh', '-c', 'exec "$@"'],
  env: { A: '1' },
  folder: '/store/job',
  processes: 2,
  onGpu: true,
};
const JOBS = '/apis/batch/v1/namespaces/training/jobs';
const TEMPLATE = `
apiVersion: batch/v1
kind: Job
metadata:
  labels: { kueue.x-k8s.io/queue-name: team }
spec:
  backoffLimit: 6
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - name: trainer
          image: trainer:1
          args: [not, ours]
          env: [{ name: HF_HOME, value: /models }]
          resources: { limits: { memory: 64Gi, amd.com/gpu: 1 } }
          volumeMounts: [{ name: store, mountPath: /store }]
      volumes: [{ name: store, persistentVolumeClaim: { claimName: store } }]
`;
/** As the API server writes what it refuses. */
const refusal = (code: number, reason: string, message: string) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message,
  reason,
  code,
});

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  vi.unstubAllEnvs();
});

/** An API server with what `objects` holds of jobs and pods. */
async function setUp(
  objects: { job?: object; pod?: object; refuses?: [number, string, string] } = {},
  template = TEMPLATE,
) {
  const server = await startHttp(({ method, path }, response) => {
    if (path.startsWith('/version')) return reply(response, { gitVersion: 'v1.34.4' });
    if (objects.refuses) return reply(response, refusal(...objects.refuses), objects.refuses[0]);
    if (path.startsWith('/api/v1/namespaces/training/pods'))
      return reply(response, { kind: 'PodList', items: objects.pod ? [objects.pod] : [] });
    if (method === 'POST') return reply(response, { kind: 'Job' }, 201);
    if (!objects.job) return reply(response, refusal(404, 'NotFound', 'jobs.batch not found'), 404);
    reply(response, objects.job);
  });
  const file = join(folder, 'job.yaml');
  await writeFile(file, template);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: [{ name: 'it', cluster: { server: server.origin, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'it', user: { token: 'a-token' } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it', namespace: 'training' } }],
  };
  await writeFile(join(folder, 'kubeconfig'), JSON.stringify(config));
  vi.stubEnv('KUBECONFIG', join(folder, 'kubeconfig'));
  return { kubernetes: new Kubernetes({ file }), received: server.received, file };
}

describe('a submission', () => {
  test('is the Job of the file with a name, a command, GPUs, and no retries of its own', async () => {
    const { kubernetes, received } = await setUp();
    await kubernetes.submit(JOB);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'POST', path: JOBS, headers: { authorization: 'Bearer a-token' } });
    expect(received[0]!.body).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: JOB.key,
        namespace: 'training',
        labels: { 'kueue.x-k8s.io/queue-name': 'team', 'app.kubernetes.io/managed-by': 'critique-loop' },
      },
      spec: {
        backoffLimit: 0,
        template: {
          spec: {
            restartPolicy: 'Never',
            terminationGracePeriodSeconds: 300,
            containers: [
              {
                name: 'trainer',
                image: 'trainer:1',
                command: JOB.argv,
                env: [
                  { name: 'HF_HOME', value: '/models' },
                  { name: 'A', value: '1' },
                ],
                resources: { limits: { memory: '64Gi', 'amd.com/gpu': '2' } },
                volumeMounts: [{ name: 'store', mountPath: '/store' }],
              },
            ],
            volumes: [{ name: 'store', persistentVolumeClaim: { claimName: 'store' } }],
          },
        },
      },
    });
  });

  test('of what is there already is done', async () => {
    const { kubernetes } = await setUp({ refuses: [409, 'AlreadyExists', 'jobs.batch already exists'] });
    await kubernetes.submit(JOB);
  });

  test('that is refused says why', async () => {
    const { kubernetes } = await setUp({
      refuses: [403, 'Forbidden', 'jobs.batch is forbidden: User "it" cannot create'],
    });
    await expect(kubernetes.submit(JOB)).rejects.toThrow('403 jobs.batch is forbidden: User "it" cannot create');
    await expect(kubernetes.check(JOB)).rejects.toThrow('403 jobs.batch is forbidden');
  });

  test.each([
    ['apiVersion: v1\nkind: Pod\n', 'expected apiVersion batch/v1 and kind Job'],
    ['apiVersion: batch/v1\nkind: Job\n', 'expected a container in spec.template.spec.containers'],
  ])('by a file that is no Job names the variable: %j', async (template, message) => {
    const { kubernetes, file } = await setUp({}, template);
    await expect(kubernetes.submit(JOB)).rejects.toThrow(`CRITIQUE_LOOP_KUBERNETES_JOB is ${file}, ${message}`);
  });

  test('can be tried without one', async () => {
    const { kubernetes, received } = await setUp();
    expect(await kubernetes.check(JOB)).toBe('v1.34.4 would take a fine-tune in namespace training');
    expect(received.at(-1)!.path).toBe(`${JOBS}?dryRun=All`);
  });
});

describe('a job', () => {
  const condition = (type: string, reason?: string, message?: string) => ({ type, status: 'True', reason, message });
  const UNSCHEDULABLE = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: '0/3 nodes are available',
  };
  const killed = { exitCode: 137, reason: 'OOMKilled' };
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image' };

  test.each([
    ['that is unknown', {}, { state: 'absent' }],
    ['that has no pod yet', { job: {} }, { state: 'queued', reason: `Kubernetes says Pending of job ${JOB.key}` }],
    [
      'that a queue holds back',
      { job: { spec: { suspend: true } } },
      { state: 'queued', reason: `Kubernetes says Suspended of job ${JOB.key}` },
    ],
    [
      'for which there is no node',
      { job: {}, pod: { status: { phase: 'Pending', conditions: [UNSCHEDULABLE] } } },
      { state: 'queued', reason: `Kubernetes says Unschedulable: 0/3 nodes are available of job ${JOB.key}` },
    ],
    [
      'whose image is not there',
      { job: {}, pod: { status: { phase: 'Pending', containerStatuses: [{ state: { waiting } }] } } },
      { state: 'queued', reason: `Kubernetes says ImagePullBackOff: Back-off pulling image of job ${JOB.key}` },
    ],
    ['that runs', { job: {}, pod: { status: { phase: 'Running' } } }, { state: 'running' }],
    [
      'that was asked to end',
      { job: { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, pod: { status: { phase: 'Failed' } } },
      { state: 'running' },
    ],
    [
      'that failed',
      {
        job: { status: { conditions: [condition('Failed', 'BackoffLimitExceeded')] } },
        pod: { status: { phase: 'Failed', containerStatuses: [{ state: { terminated: killed } }] } },
      },
      {
        state: 'ended',
        how: `Kubernetes says Failed, BackoffLimitExceeded, exit code 137 OOMKilled of job ${JOB.key}`,
      },
    ],
    [
      'that is complete',
      { job: { status: { conditions: [condition('SuccessCriteriaMet'), condition('Complete')] } } },
      { state: 'ended', how: `Kubernetes says Complete of job ${JOB.key}` },
    ],
  ])('%s', async (_, objects, status) => {
    const { kubernetes } = await setUp(objects);
    expect(await kubernetes.look(JOB.key)).toEqual(status);
  });

  test('of which nobody says anything is no state', async () => {
    const { kubernetes } = await setUp({ refuses: [401, 'Unauthorized', 'Unauthorized'] });
    await expect(kubernetes.look(JOB.key)).rejects.toThrow('401 the API server does not accept who asks');
  });

  test('is ended with its pods, and need not be there', async () => {
    const { kubernetes, received } = await setUp({ job: {} });
    await kubernetes.stop(JOB.key);
    expect(received[0]).toMatchObject({ method: 'DELETE', path: `${JOBS}/${JOB.key}?propagationPolicy=Foreground` });
    await (await setUp()).kubernetes.stop(JOB.key);
  });
});

describe('a TrainJob of Kubeflow Trainer', () => {
  const TRAIN_JOBS = '/apis/trainer.kubeflow.org/v1alpha1/namespaces/training/trainjobs';
  const TRAIN_JOB = `
apiVersion: trainer.kubeflow.org/v1alpha1
kind: TrainJob
metadata:
  labels: { kueue.x-k8s.io/queue-name: team }
spec:
  runtimeRef: { name: critique-loop }
  trainer:
    image: trainer:1
    numNodes: 4
    args: [not, ours]
    env: [{ name: HF_HOME, value: /models }]
    resourcesPerNode: { limits: { memory: 64Gi } }
`;

  test('is that of the file with a name, a command, one node and GPUs', async () => {
    const { kubernetes, received } = await setUp({}, TRAIN_JOB);
    await kubernetes.submit(JOB);
    expect(received[0]).toMatchObject({ method: 'POST', path: TRAIN_JOBS });
    expect(received[0]!.body).toEqual({
      apiVersion: 'trainer.kubeflow.org/v1alpha1',
      kind: 'TrainJob',
      metadata: {
        name: JOB.key,
        namespace: 'training',
        labels: { 'kueue.x-k8s.io/queue-name': 'team', 'app.kubernetes.io/managed-by': 'critique-loop' },
      },
      spec: {
        runtimeRef: { name: 'critique-loop' },
        trainer: {
          image: 'trainer:1',
          numNodes: 1,
          command: JOB.argv,
          env: [
            { name: 'HF_HOME', value: '/models' },
            { name: 'A', value: '1' },
          ],
          resourcesPerNode: { limits: { memory: '64Gi', 'nvidia.com/gpu': '2' } },
        },
      },
    });
  });

  test('runs while the pod of its JobSet does, and ends by its conditions', async () => {
    const objects: { job: object; pod?: object } = { job: {}, pod: { status: { phase: 'Running' } } };
    const { kubernetes, received } = await setUp(objects, TRAIN_JOB);
    expect(await kubernetes.look(JOB.key)).toEqual({ state: 'running' });
    const selector = encodeURIComponent(`jobset.sigs.k8s.io/jobset-name=${JOB.key}`);
    expect(received.map(({ path }) => path)).toEqual([
      `${TRAIN_JOBS}/${JOB.key}`,
      `/api/v1/namespaces/training/pods?labelSelector=${selector}`,
    ]);
    objects.job = { status: { conditions: [{ type: 'Failed', status: 'True', reason: 'TrainJobFailed' }] } };
    expect(await kubernetes.look(JOB.key)).toEqual({
      state: 'ended',
      how: `Kubernetes says Failed, TrainJobFailed of job ${JOB.key}`,
    });
    await kubernetes.stop(JOB.key);
    expect(received.at(-1)).toMatchObject({
      method: 'DELETE',
      path: `${TRAIN_JOBS}/${JOB.key}?propagationPolicy=Foreground`,
    });
  });

  test('needs a runtime', async () => {
    const { kubernetes, file } = await setUp({}, TRAIN_JOB.replace('  runtimeRef: { name: critique-loop }\n', ''));
    await expect(kubernetes.submit(JOB)).rejects.toThrow(
      `CRITIQUE_LOOP_KUBERNETES_JOB is ${file}, expected a name in spec.runtimeRef`,
    );
  });
});
