import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesObject, loadAllYaml } from '@kubernetes/client-node';
import { hasEnded } from '../../../src/backends/has-ended.ts';
import { Authority } from '../../support/certificates.ts';
import { succeed } from '../../support/succeed.ts';
import type { Kubernetes } from './cluster.ts';
import { KUBEFLOW, kubeflowProgram } from './programs.ts';

const MANIFESTS = {
  'sigs.k8s.io/jobset': [
    'config/components/crd/bases/jobset.x-k8s.io_jobsets.yaml',
    'config/components/webhook/manifests.yaml',
  ],
  'github.com/kubeflow/trainer/v2': [
    'manifests/base/crds/trainer.kubeflow.org_clustertrainingruntimes.yaml',
    'manifests/base/crds/trainer.kubeflow.org_trainingruntimes.yaml',
    'manifests/base/crds/trainer.kubeflow.org_trainjobs.yaml',
    'manifests/base/webhook/manifests.yaml',
  ],
};

interface WebhookConfiguration extends KubernetesObject {
  webhooks?: { clientConfig: { service?: { path: string }; url?: string; caBundle?: string } }[];
}

/** Installs Kubeflow Trainer and its JobSet: their own CRDs, controllers and webhooks. */
export async function installKubeflow(kubernetes: Kubernetes): Promise<void> {
  const folder = join(kubernetes.folder, 'kubeflow');
  await mkdir(folder);
  const authority = new Authority(folder);
  const { certificate } = authority.sign('tls', 'IP:127.0.0.1');
  await copyFile(certificate, join(folder, 'tls.crt'));
  const caBundle = (await readFile(authority.certificate)).toString('base64');
  for (const [module, files] of Object.entries(MANIFESTS)) {
    const { stdout } = await succeed('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd: KUBEFLOW });
    for (const [i, file] of files.entries())
      for (const one of loadAllYaml(await readFile(join(stdout.trim(), file), 'utf8')) as WebhookConfiguration[]) {
        // Both modules have webhooks of the same name; kustomize would tell them apart.
        if (one.webhooks) one.metadata!.name = `${module.replaceAll(/\W/g, '-')}-${i}`;
        for (const { clientConfig } of one.webhooks ?? []) {
          Object.assign(clientConfig, { url: `https://127.0.0.1:9443${clientConfig.service!.path}`, caBundle });
          delete clientConfig.service;
        }
        await kubernetes.create(one);
      }
  }
  const program = kubernetes.run('kubeflow', await kubeflowProgram(), ['--certificates', folder]);
  const answers = async () =>
    await fetch('https://127.0.0.1:9443').catch(({ cause }) => (cause?.code === 'ECONNREFUSED' ? null : cause));
  while (!(await answers())) {
    if (hasEnded(program))
      throw new Error(`Kubeflow Trainer ended: ${await readFile(join(kubernetes.folder, 'kubeflow.log'), 'utf8')}`);
    await sleep(200);
  }
}
