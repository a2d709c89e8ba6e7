import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesObject, loadAllYaml } from '@kubernetes/client-node';
import { hasEnded } from '../../../src/backends/has-ended.ts';
import { spawnBound } from '../../../src/cli/setup/process.ts';
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
        await kubernetes.objects.create(one);
      }
  }
  // A kind is served some time after it is made known.
  const kinds = { 'jobset.x-k8s.io/v1alpha2': 'jobsets', 'trainer.kubeflow.org/v1alpha1': 'trainjobs' };
  for (const [api, plural] of Object.entries(kinds)) {
    const [group, version] = api.split('/') as [string, string];
    const isServed = async () => {
      const known = await kubernetes.custom.getAPIResources({ group, version }).catch(() => null);
      return known?.resources.some(({ name }) => name === plural);
    };
    while (!(await isServed())) await sleep(200);
  }
  const child = spawnBound(await kubeflowProgram(), ['--certificates', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, KUBECONFIG: kubernetes.kubeconfig },
  });
  const log = join(kubernetes.folder, 'kubeflow.log');
  for (const stream of [child.stdout!, child.stderr!])
    stream.pipe(createWriteStream(log, { flags: 'a' }), { end: false });
  const answers = async () =>
    await fetch('https://127.0.0.1:9443').catch(({ cause }) => (cause?.code === 'ECONNREFUSED' ? null : cause));
  while (!(await answers())) {
    if (hasEnded(child)) throw new Error(`Kubeflow Trainer ended: ${await readFile(log, 'utf8')}`);
    await sleep(200);
  }
}
