import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { hasEnded } from '../../../src/backends/has-ended.ts';
import { Authority } from '../../support/certificates.ts';
import type { Machine } from './machine.ts';
import { NODE_ADDRESS, SERVICE_ADDRESS } from './network.ts';

const TOKEN = 'of-who-may-everything';

export interface ControlPlane {
  config: KubeConfig;
  core: CoreV1Api;
  /** The API server is gone; what runs goes on. */
  outage(): Promise<void>;
  recovery(): Promise<void>;
}

/** etcd, the API server, the controllers and the scheduler. */
export async function startControlPlane(machine: Machine): Promise<ControlPlane> {
  const { folder, kubeconfig } = machine;
  const authority = new Authority(folder);
  const server = authority.sign('apiserver', `IP:127.0.0.1,IP:${NODE_ADDRESS},IP:${SERVICE_ADDRESS}`);
  const accounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const accountsKey = await machine.file('accounts.key', accounts.privateKey);
  const address = { server: 'https://127.0.0.1:443', 'certificate-authority': authority.certificate };
  await machine.file('kubeconfig', {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: [{ name: 'it', cluster: address }],
    users: [{ name: 'it', user: { token: TOKEN } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it', namespace: 'default' } }],
  });

  machine.run('etcd', 'etcd', ['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync']);
  const flags = {
    'etcd-servers': 'http://127.0.0.1:2379',
    'secure-port': '443',
    'advertise-address': NODE_ADDRESS,
    'service-cluster-ip-range': '10.0.0.0/24',
    'tls-cert-file': server.certificate,
    'tls-private-key-file': server.key,
    'token-auth-file': await machine.file('tokens.csv', `${TOKEN},admin,admin,system:masters\n`),
    'authorization-mode': 'RBAC',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': await machine.file('accounts.pub', accounts.publicKey),
    'service-account-signing-key-file': accountsKey,
  };
  let apiserver = await machine.kube('kube-apiserver', flags);
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const answers = async () => {
    while (!(await core.readNamespace({ name: 'default' }).catch(() => null))) {
      if (hasEnded(apiserver))
        throw new Error(`the API server ended: ${await readFile(join(folder, 'kube-apiserver.log'), 'utf8')}`);
      await sleep(200);
    }
  };
  await answers();

  const ours = { kubeconfig, 'leader-elect': 'false' };
  await machine.kube('kube-controller-manager', {
    ...ours,
    'service-account-private-key-file': accountsKey,
    'root-ca-file': authority.certificate,
  });
  await machine.kube('kube-scheduler', ours);
  return {
    config,
    core,
    outage: async () => {
      const exited = once(apiserver, 'exit');
      apiserver.kill('SIGKILL');
      await exited;
    },
    recovery: async () => {
      apiserver = await machine.kube('kube-apiserver', flags);
      await answers();
    },
  };
}
