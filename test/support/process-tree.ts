import { readdir, readFile } from 'node:fs/promises';

export interface ProcessInfo {
  pid: number;
  parent: number;
  /** Its arguments, or the title that it gave itself. */
  command: string;
  /** Seconds of all its threads so far. */
  cpu: number;
}

/** All that there are now. */
export async function processes(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map(read))).filter((found) => found !== null);
}

/** A process and all below it, as they are now. */
export const processTree = async (root: number): Promise<ProcessInfo[]> => treeIn(await processes(), root);

/** The same, by what was read before. */
export function treeIn(all: readonly ProcessInfo[], root: number): ProcessInfo[] {
  const below = new Map<number, ProcessInfo[]>();
  for (const one of all) below.set(one.parent, [...(below.get(one.parent) ?? []), one]);
  const tree = all.filter(({ pid }) => pid === root);
  for (let i = 0; i < tree.length; i++) tree.push(...(below.get(tree[i]!.pid) ?? []));
  return tree;
}

async function read(name: string): Promise<ProcessInfo | null> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${name}/stat`, 'utf8'),
      readFile(`/proc/${name}/cmdline`, 'utf8'),
    ]);
    // After the name of the program: the parent second, user and system time 12th and 13th, in hundredths of a second.
    const fields = stat.replace(/^.*\) /s, '').split(' ');
    return {
      pid: Number(name),
      parent: Number(fields[1]),
      command: command.replaceAll('\0', ' ').trim(),
      cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    };
  } catch {
    return null;
  }
}
