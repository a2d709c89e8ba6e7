import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, CustomObjectsApi, KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import { hasEnded } from '../../../src/backends/has-ended.ts';
import { spawnBound } from '../../../src/cli/setup/process.ts';
import { Authority } from '../../support/certificates.ts';
import { succeed } from '../../support/succeed.ts';
import { writeTestImage } from './images.ts';
import { addressNetwork, NODE_ADDRESS, SERVICE_ADDRESS } from './network.ts';
import { kubernetesProgram, pauseProgram } from './programs.ts';

const TOKEN = 'of-who-may-everything';
const NODE = 'node';
/** An image of nothing but what a sandbox runs: pods with it mount what they need of this machine. */
export const TEST_IMAGE = 'docker.io/library/critique-loop-test:1';

/** A Kubernetes of one node, this machine: its real API server, controllers, scheduler and kubelet, with containerd. */
export interface Kubernetes {
  /** Of somebody who may do everything. */
  kubeconfig: string;
  core: CoreV1Api;
  custom: CustomObjectsApi;
  objects: KubernetesObjectApi;
  /** Makes the images of an archive known to the node. */
  load(archive: string): Promise<void>;
  /** The API server is gone; what runs goes on. */
  outage(): Promise<void>;
  recovery(): Promise<void>;
  /** What its programs wrote. */
  folder: string;
}

let started: Promise<Kubernetes> | undefined;

/** The one of all tests, in namespaces of its own (main.mjs), whose end is also its end. */
export function kubernetes(): Promise<Kubernetes> {
  started ??= start();
  return started;
}

async function start(): Promise<Kubernetes> {
  const folder = process.env.KUBERNETES_FOLDER!;
  await addressNetwork();
  const program = await kubernetesProgram();
  const run = (name: string, command: string, args: string[]): ChildProcess => {
    const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
    const child = spawnBound(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout!, child.stderr!]) stream.pipe(log, { end: false });
    return child;
  };
  const kube = (name: string, flags: Record<string, string>) =>
    run(name, program, [name, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)]);
  const file = async (name: string, content: string | object) => {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    return join(folder, name);
  };

  const authority = new Authority(folder);
  const server = authority.sign('apiserver', `IP:127.0.0.1,IP:${NODE_ADDRESS},IP:${SERVICE_ADDRESS}`);
  const accounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const accountsKey = await file('accounts.key', accounts.privateKey);
  const kubeconfig = await file('kubeconfig', {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: [
      { name: 'it', cluster: { server: 'https://127.0.0.1:443', 'certificate-authority': authority.certificate } },
    ],
    users: [{ name: 'it', user: { token: TOKEN } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it', namespace: 'default' } }],
  });

  run('etcd', 'etcd', ['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync']);
  const apiserverFlags = {
    'etcd-servers': 'http://127.0.0.1:2379',
    'secure-port': '443',
    'advertise-address': NODE_ADDRESS,
    'service-cluster-ip-range': '10.0.0.0/24',
    'tls-cert-file': server.certificate,
    'tls-private-key-file': server.key,
    'token-auth-file': await file('tokens.csv', `${TOKEN},admin,admin,system:masters\n`),
    'authorization-mode': 'RBAC',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': await file('accounts.pub', accounts.publicKey),
    'service-account-signing-key-file': accountsKey,
  };
  let apiserver = kube('kube-apiserver', apiserverFlags);
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
  kube('kube-controller-manager', {
    ...ours,
    'service-account-private-key-file': accountsKey,
    'root-ca-file': authority.certificate,
  });
  kube('kube-scheduler', ours);

  const socket = join(folder, 'containerd.sock');
  run('containerd', 'containerd', ['--config', await file('containerd.toml', containerdConfig(folder, socket))]);
  const ctr = (...args: string[]) => succeed('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args]);
  const load = async (archive: string) => void (await ctr('images', 'import', archive));
  while (!(await ctr('version').catch(() => null))) await sleep(200);
  await load(await writeTestImage(join(folder, 'test-image'), await pauseProgram(), TEST_IMAGE));
  await mkdir(join(folder, 'cni'), { recursive: true });
  await file('cni/bridge.conf', CNI);
  kube('kubelet', {
    kubeconfig,
    config: await file('kubelet.json', kubeletConfig(folder, socket)),
    'root-dir': join(folder, 'kubelet'),
    'cert-dir': join(folder, 'kubelet-certificates'),
    'hostname-override': NODE,
    'node-ip': NODE_ADDRESS,
  });
  const isReady = async () => {
    const node = await core.readNode({ name: NODE }).catch(() => null);
    const account = await core
      .readNamespacedServiceAccount({ name: 'default', namespace: 'default' })
      .catch(() => null);
    return account && node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  };
  while (!(await isReady())) await sleep(200);

  return {
    kubeconfig,
    folder,
    core,
    custom: config.makeApiClient(CustomObjectsApi),
    objects: KubernetesObjectApi.makeApiClient(config),
    load,
    outage: async () => {
      const exited = once(apiserver, 'exit');
      apiserver.kill('SIGKILL');
      await exited;
    },
    recovery: async () => {
      apiserver = kube('kube-apiserver', apiserverFlags);
      await answers();
    },
  };
}

const CNI = {
  cniVersion: '0.4.0',
  name: 'pods',
  type: 'bridge',
  bridge: 'pods',
  isGateway: true,
  ipam: { type: 'host-local', subnet: '10.244.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
};

const containerdConfig = (folder: string, socket: string) => `
version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${TEST_IMAGE}"
  # Not every root may protect a process from running out of memory.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
`;

const kubeletConfig = (folder: string, socket: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  containerRuntimeEndpoint: `unix://${socket}`,
  podLogsDir: join(folder, 'pod-logs'),
  cgroupDriver: 'cgroupfs',
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  failSwapOn: false,
  failCgroupV1: false,
  resolvConf: '',
  // A machine that is short of disk is no reason to kill a test's pods.
  evictionHard: { 'memory.available': '100Mi' },
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
});
