import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Listening {
  pid: number;
  /** As the kernel writes it: the bytes of each word from the last to the first. */
  address: string;
  port: number;
}

/** Where a process and all that it started listen. Linux only. */
export function listening(root: number): Listening[] {
  const inodes = new Map(processTree(root).flatMap((pid) => socketsOf(pid).map((inode) => [inode, pid] as const)));
  return ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        const pid = inodes.get(inode);
        const [address = '', port = ''] = local.split(':');
        return state === LISTEN && pid !== undefined ? [{ pid, address, port: Number.parseInt(port, 16) }] : [];
      }),
  );
}

const LISTEN = '0A';

/** 127.0.0.0/8, the same as an IPv6 address, and ::1. */
export const isLoopback = ({ address }: Listening): boolean =>
  /^(?:0{16}FFFF0000)?[0-9A-F]{6}7F$/.test(address) || /^0{24}01000000$/.test(address);

/** A process and its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(name));
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** null: it is gone. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
    });
  } catch {
    return [];
  }
}
