import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/backends/package.ts';
import { run } from '../../src/cli/setup/process.ts';
import { temporaryFolder } from '../support/folder.ts';
import { ensureHelm, ensureKeda, ensurePythonTools, go } from './tools.ts';

const CHART = join(packageRoot, 'deploy/helm/critique-loop');
const EXAMPLES = join(packageRoot, 'deploy/helm/examples');
const KUBERNETES = ['1.31', '1.37'];

interface Container {
  args: string[];
  env: { name: string; value: string }[];
  securityContext: unknown;
  resources: { requests?: object; limits?: Record<string, unknown> };
}

interface Manifest {
  kind: string;
  metadata?: { name: string };
  spec: {
    triggers: { metadata: Record<string, string> }[];
    template: {
      spec: {
        containers: Container[];
        securityContext: unknown;
        automountServiceAccountToken: boolean;
        serviceAccountName: string;
      };
    };
  };
  rules: { resources: string[]; verbs: string[] }[];
}

let helm: string;
let keda: string;
let tools: string;

const template = (...args: string[]) => run(helm, ['template', 'critique-loop', CHART, '--namespace', 'loop', ...args]);

async function validate(manifests: string, version: string) {
  const file = join(await temporaryFolder(), 'manifests.yaml');
  await writeFile(file, manifests);
  const script = join(packageRoot, 'test/deploy/manifests.py');
  const crds = join(keda, 'config/crd/bases');
  return run(join(tools, 'python'), [script, version, crds, file]);
}

/** What the chart makes of values, after all schemas have been asked. */
async function render(...args: string[]): Promise<Manifest[]> {
  const { code, stdout, lines } = await template(...args);
  expect(code, lines.join('\n')).toBe(0);
  let manifests = '[]';
  for (const version of KUBERNETES) {
    const valid = await validate(stdout, version);
    expect(valid.code, valid.lines.slice(0, 20).join('\n').slice(0, 2000)).toBe(0);
    manifests = valid.stdout;
  }
  return JSON.parse(manifests);
}

const example = (name: string) => ['--values', join(EXAMPLES, name)];
const named = (manifests: Manifest[], kind: string, name: string) =>
  manifests.find((one) => one.kind === kind && one.metadata?.name === name)!;

describe.skipIf(!go)('the chart', () => {
  beforeAll(async () => {
    [helm, keda, tools] = await Promise.all([ensureHelm(), ensureKeda(), ensurePythonTools()]);
  });

  test.each([
    ['its own values', []],
    ['GPUs', example('gpu.yaml')],
    ['a bucket', example('bucket.yaml')],
  ])('with %s is what Kubernetes and KEDA take, and no pod may more than it must', async (_, args) => {
    const pods = (await render(...args)).filter(
      ({ kind, metadata }) => metadata && ['Deployment', 'Job'].includes(kind),
    );
    expect(pods.length).toBeGreaterThanOrEqual(3);
    for (const { spec, metadata } of pods) {
      const pod = spec.template.spec;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(pod.automountServiceAccountToken, metadata!.name).toBe(pod.serviceAccountName === 'critique-loop-trainer');
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources).toMatchObject({
          requests: expect.anything(),
          limits: { memory: expect.anything() },
        });
      }
    }
  });

  test('gives rights to make Jobs only to the train worker, and only where it makes them', async () => {
    const plain = await render();
    expect(plain.map(({ kind }) => kind)).not.toContain('Role');
    const manifests = await render(...example('gpu.yaml'));
    expect(named(manifests, 'Role', 'critique-loop-trainer').rules).toMatchObject([
      { resources: ['jobs'], verbs: ['create', 'get', 'delete'] },
      { resources: ['pods'], verbs: ['list'] },
    ]);
    const using = manifests.filter(({ spec }) => spec?.template?.spec.automountServiceAccountToken);
    expect(using.map(({ metadata }) => metadata?.name)).toEqual(['critique-loop-train']);
  });

  test('asks for GPUs where there are some, and scales on a trigger whose fields KEDA knows', async () => {
    const manifests = await render(...example('gpu.yaml'));
    const [worker] = named(manifests, 'Deployment', 'critique-loop-inference').spec.template.spec.containers;
    expect(worker!.resources.limits).toMatchObject({ 'nvidia.com/gpu': 1 });
    const { triggers } = named(manifests, 'ScaledObject', 'critique-loop-inference').spec;
    const scaler = readFileSync(join(keda, 'pkg/scalers/temporal.go'), 'utf8');
    const known = [...scaler.matchAll(/keda:"name=(\w+),\s+order=triggerMetadata/g)].map(([, name]) => name);
    for (const field of Object.keys(triggers[0]!.metadata)) expect(known).toContain(field);
  });

  test('goes down at once where that is asked', async () => {
    const { stdout } = await template(...example('gpu.yaml'), '--set', 'workers.inference.scale.downAfterSeconds=0');
    expect(stdout).toContain('cooldownPeriod: 0\n');
    expect(stdout).toContain('stabilizationWindowSeconds: 0\n');
  });

  test.each([
    ['no worker for workflows', 'workers.workflows.replicas=0', 'replicas'],
    ['workflows that KEDA scales', 'workers.workflows.scale.min=0', 'workflows'],
    ['a role that there is not', 'workers.train.roles={tarin}', 'roles'],
    ['an image without a version', 'images.worker=registry.example/critique-loop', 'images'],
    ['an unknown field', 'workers.train.gpu=1', 'gpu'],
    ['a bucket that is none', 'store.bucket=my-bucket', 'bucket'],
    ['an address without a port', 'temporal.address=temporal', 'address'],
    [
      'Jobs that do not see the bucket',
      'store.bucket=s3://my-bucket,trainingJob.apiVersion=batch/v1,trainingJob.kind=Job,trainingJob.spec.a=b',
      'trainingJob',
    ],
  ])('%s is refused', async (_, values, reason) => {
    const { code, lines } = await template('--set', values);
    expect(code).toBe(1);
    expect(lines.join('\n')).toContain(reason);
  });

  test.each([
    ['batch/v1', 'Job', 'jobs'],
    ['trainer.kubeflow.org/v1alpha1', 'TrainJob', 'trainjobs'],
  ])('the train worker may make a %s %s, and nothing else', async (apiVersion, kind, resource) => {
    const job = `trainingJob.apiVersion=${apiVersion},trainingJob.kind=${kind},trainingJob.spec.a=b`;
    const { stdout } = await template('--set', job);
    const [, group] = /^([^/]*)\//.exec(apiVersion)!;
    expect(stdout).toContain(`- apiGroups: [${group}]\n    resources: [${resource}]\n    verbs: [create, get, delete]`);
    expect(stdout.match(/verbs:/g)).toHaveLength(2);
    expect((await template('--set', job.replace(kind, 'Pod'))).code).toBe(1);
  });

  test('what Kubernetes or KEDA would not take is found', async () => {
    const { stdout } = await template(...example('gpu.yaml'));
    const planted: [string, string][] = [
      ['fsGroupChangePolicy:', 'fsGroupChangePolicies:'],
      ['ttlSecondsAfterFinished', 'ttlSecondsAfterFinish'],
      ['maxUnavailable: 1\n', 'maxUnavailable: [1]\n'],
      ['minReplicaCount: 1', 'minReplicas: 1'],
      ['- type: temporal', '- kind: temporal'],
      ['kind: Role\n', 'kind: Roll\n'],
    ];
    for (const [right, wrong] of planted) {
      expect(stdout).toContain(right);
      expect(await validate(stdout.replace(right, wrong), '1.37'), wrong).toMatchObject({ code: 1 });
    }
  });
});
