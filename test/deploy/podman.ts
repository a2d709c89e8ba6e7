import { findOnPath, run } from '../../src/cli/setup/process.ts';
import { storageOptions, whyNoImages } from '../support/images.ts';
import { succeed } from '../support/succeed.ts';
import type { Service } from './tools.ts';

/** Why no container of our images can be started on this machine; null where they can. */
export async function whyNoContainers(): Promise<string | null> {
  const reason = await whyNoImages();
  if (reason) return reason;
  return (await findOnPath('podman', process.env)).length === 0 ? 'there is no podman' : null;
}

const OPTIONS = [...storageOptions(), '--cgroup-manager=cgroupfs', '--events-backend=file'];
/** There need not be a systemd, by whose timers podman asks for health: a test asks itself. */
const env = { ...process.env, DISABLE_HC_SYSTEMD: 'true' };

export const tryPodman = (...args: string[]) => run('podman', [...OPTIONS, ...args], { env });

export const podman = async (...args: string[]): Promise<string> =>
  (await succeed('podman', [...OPTIONS, ...args], { env })).stdout.trim();

/** Podman's own limits are higher than a root without CAP_SYS_RESOURCE may set. */
export const LIMITS = ['--ulimit=nofile=16384:16384', '--ulimit=nproc=16384:16384'];

/** Flags of podman that say what a service of Compose says, on the network of this machine. */
export function flagsOf(service: Service): string[] {
  const { read_only, tmpfs, cap_drop, security_opt, volumes, environment } = service;
  return [
    '--network=host',
    ...LIMITS,
    ...(read_only ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(tmpfs ?? []).map((one) => `--tmpfs=${one}`),
    ...(cap_drop ?? []).map((one) => `--cap-drop=${one}`),
    ...(security_opt ?? []).map((one) => `--security-opt=${one.replace(/:true$/, '')}`),
    ...(volumes ?? []).map(({ source, target }) => `--volume=critique-loop-check-${source}:${target}`),
    ...Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`),
  ];
}
