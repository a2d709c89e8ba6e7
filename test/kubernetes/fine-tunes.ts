import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, vi } from 'vitest';
import { testFineTunes } from '../support/fine-tunes.ts';
import { startKubernetes, TEST_IMAGE } from './support/cluster.ts';

describe('on Kubernetes, as Jobs', () => {
  testFineTunes(async () => {
    const cluster = await startKubernetes();
    vi.stubEnv('KUBECONFIG', cluster.kubeconfig);
    const file = join(cluster.folder, 'job.yaml');
    await writeFile(file, JSON.stringify(await jobOfThisMachine()));
    return { ...cluster, at: { kind: 'kubernetes', file }, stop: async () => {} };
  });
});

/** Its pod has all folders and processes of this machine, so that what is started and killed there is seen here. */
async function jobOfThisMachine() {
  const names = (await readdir('/')).filter((name) => !['dev', 'proc', 'sys'].includes(name));
  const volumes = names.map((name) => ({
    name: name.toLowerCase().replaceAll('.', '-'),
    hostPath: { path: `/${name}` },
  }));
  const volumeMounts = names.map((name, i) => ({ name: volumes[i]!.name, mountPath: `/${name}` }));
  const container = { name: 'trainer', image: TEST_IMAGE, volumeMounts };
  const spec = { template: { spec: { hostPID: true, containers: [container], volumes } } };
  return { apiVersion: 'batch/v1', kind: 'Job', spec };
}
