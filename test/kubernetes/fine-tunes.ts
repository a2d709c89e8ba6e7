import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { testFineTunes } from '../support/training-clusters/fine-tunes.ts';
import { kubernetes } from './support/cluster.ts';
import { installKubeflow } from './support/kubeflow.ts';
import { TEST_IMAGE } from './support/node.ts';

/** A cluster that takes fine-tunes as what stands in a file. */
async function takes(file: object) {
  const cluster = await kubernetes();
  process.env.KUBECONFIG = cluster.kubeconfig;
  const path = join(cluster.folder, 'job.yaml');
  await writeFile(path, JSON.stringify(file));
  return { ...cluster, at: { kind: 'kubernetes' as const, file: path }, stop: async () => {} };
}

describe('on Kubernetes, as Jobs', () => {
  testFineTunes(async () => {
    const spec = { template: { spec: await podOfThisMachine() } };
    return await takes({ apiVersion: 'batch/v1', kind: 'Job', spec });
  });
});

describe('on Kubernetes, as TrainJobs of Kubeflow Trainer', () => {
  testFineTunes(async () => {
    const cluster = await kubernetes();
    await installKubeflow(cluster);
    const metadata = { labels: { 'trainer.kubeflow.org/trainjob-ancestor-step': 'trainer' } };
    const template = { spec: { backoffLimit: 0, template: { spec: await podOfThisMachine() } }, metadata };
    const runtime = {
      apiVersion: 'trainer.kubeflow.org/v1alpha1',
      kind: 'ClusterTrainingRuntime',
      metadata: { name: 'critique-loop' },
      spec: { mlPolicy: { numNodes: 1 }, template: { spec: { replicatedJobs: [{ name: 'node', template }] } } },
    };
    await cluster.create(runtime);
    const spec = { runtimeRef: { name: 'critique-loop' } };
    return await takes({ apiVersion: 'trainer.kubeflow.org/v1alpha1', kind: 'TrainJob', spec });
  });
});

/** It has all folders and processes of this machine, so that what is started and killed there is seen here. */
async function podOfThisMachine() {
  const entries = await readdir('/', { withFileTypes: true });
  const mounts = entries
    .filter((entry) => !entry.isFile() && !['dev', 'proc', 'sys'].includes(entry.name))
    .map((entry, i) => ({ name: `folder-${i}`, path: `/${entry.name}` }));
  const volumes = mounts.map(({ name, path }) => ({ name, hostPath: { path } }));
  const volumeMounts = mounts.map(({ name, path }) => ({ name, mountPath: path }));
  const container = { name: 'node', image: TEST_IMAGE, volumeMounts };
  return { hostPID: true, restartPolicy: 'Never', containers: [container], volumes };
}
