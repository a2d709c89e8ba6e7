import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KubernetesObject, loadAllYaml } from '@kubernetes/client-node';
import { Authority } from '../../support/certificates.ts';
import type { Kubernetes } from './cluster.ts';
import { kedaProgram, prepared } from './programs.ts';

/** Installs KEDA's kinds and its operator, which scales from none to one, and back; beyond one it takes its metrics server. */
export async function installKeda(kubernetes: Kubernetes): Promise<void> {
  const bases = join(prepared().keda, 'config/crd/bases');
  for (const name of await readdir(bases))
    await kubernetes.create(...(loadAllYaml(await readFile(join(bases, name), 'utf8')) as KubernetesObject[]));
  const folder = join(kubernetes.folder, 'keda');
  await mkdir(folder);
  const authority = new Authority(folder);
  const { certificate } = authority.sign('tls');
  await copyFile(certificate, join(folder, 'tls.crt'));
  await copyFile(authority.certificate, join(folder, 'ca.crt'));
  // All of them.
  process.env.WATCH_NAMESPACE = '';
  process.env.KEDA_CLUSTER_OBJECT_NAMESPACE = 'default';
  const own = ['--cert-dir', folder, '--health-probe-bind-address', '127.0.0.1:8082'];
  kubernetes.run('keda', await kedaProgram(), own);
}
