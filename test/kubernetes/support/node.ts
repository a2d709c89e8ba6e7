import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CoreV1Api } from '@kubernetes/client-node';
import { succeed } from '../../support/succeed.ts';
import { writeTestImage } from './images.ts';
import type { Machine } from './machine.ts';
import { NODE_ADDRESS } from './network.ts';
import { pauseProgram } from './programs.ts';

const NODE = 'node';
/** An image of nothing but what a sandbox runs: pods with it mount what they need of this machine. */
export const TEST_IMAGE = 'docker.io/library/critique-loop-test:1';

/** Starts kubelet and containerd, and waits until pods may come. Returns how the images of an archive are made known to it. */
export async function startNode(machine: Machine, core: CoreV1Api): Promise<(archive: string) => Promise<void>> {
  const { folder, kubeconfig } = machine;
  const socket = join(folder, 'containerd.sock');
  const settings = await machine.file('containerd.toml', containerdConfig(folder, socket));
  machine.run('containerd', 'containerd', ['--config', settings]);
  const ctr = (...args: string[]) => succeed('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args]);
  const load = async (archive: string) => void (await ctr('images', 'import', archive));
  while (!(await ctr('version').catch(() => null))) await sleep(200);
  await load(await writeTestImage(join(folder, 'test-image'), await pauseProgram(), TEST_IMAGE));
  await mkdir(join(folder, 'cni'), { recursive: true });
  await machine.file('cni/bridge.conf', CNI);
  await machine.kube('kubelet', {
    kubeconfig,
    config: await machine.file('kubelet.json', kubeletConfig(folder, socket)),
    'root-dir': join(folder, 'kubelet'),
    'cert-dir': join(folder, 'kubelet-certificates'),
    'hostname-override': NODE,
    'node-ip': NODE_ADDRESS,
  });
  const isReady = async () => {
    const node = await core.readNode({ name: NODE });
    await core.readNamespacedServiceAccount({ name: 'default', namespace: 'default' });
    return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  };
  while (!(await isReady().catch(() => false))) await sleep(200);
  return load;
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
