import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Gpus {
  /** As CUDA is told of them: indices or UUIDs. */
  names: string[];
  /** The file of each for deploy/trainer/lease.py. */
  locks: string[];
}

const LOCKS = '/tmp/critique-loop-gpu';

/**
 * The GPUs that this process and its children may use: those of CUDA_VISIBLE_DEVICES, or all of the machine. Their lock files are in the
 * folder CRITIQUE_LOOP_GPU_LOCKS, which all workers of a machine share, and named as the GPUs are.
 */
export function findGpus(env: NodeJS.ProcessEnv, devices = '/dev'): Gpus {
  const present = indicesIn(devices);
  const visible = env.CUDA_VISIBLE_DEVICES;
  const names = present.length === 0 || visible === undefined ? present : namesIn(visible);
  const folder = env.CRITIQUE_LOOP_GPU_LOCKS || LOCKS;
  // The name of a part of a GPU has slashes in older drivers.
  return { names, locks: names.map((name) => join(folder, `${name.replaceAll('/', '-')}.lock`)) };
}

/** Who may hold a GPU's lease, by what deploy/trainer/lease.py writes of the holder. */
const USERS = {
  vllm: /^vLLM$/,
  trl: /^fine-tune into /,
  llamafactory: / train /,
  other: /^/,
} as const;

export const GPU_USERS = Object.keys(USERS) as (keyof typeof USERS)[];

/** Who holds the lease of a GPU now; null: nobody. @param lock one of `Gpus.locks` */
export async function holderOf(lock: string): Promise<(typeof GPU_USERS)[number] | null> {
  const text = await readFile(lock, 'utf8').catch(() => '');
  try {
    const { pid, what } = JSON.parse(text) as { pid: number; what: string };
    // A holder that was killed can't clear the file.
    if (!existsSync(`/proc/${pid}`)) return null;
    return GPU_USERS.find((user) => USERS[user].test(what))!;
  } catch {
    return null;
  }
}

function indicesIn(devices: string): string[] {
  const indices = readdirSync(devices).flatMap((name) => /^nvidia(\d+)$/.exec(name)?.[1] ?? []);
  return indices.sort((a, b) => Number(a) - Number(b));
}

/** As CUDA reads it: what comes after a name that can't be one is not used, so that "-1" and "" are none. */
function namesIn(visible: string): string[] {
  const names = visible.split(',').map((name) => name.trim());
  const wrong = names.findIndex((name) => !/^(\d+|(GPU|MIG)-[\w/-]+)$/.test(name));
  return wrong === -1 ? names : names.slice(0, wrong);
}
