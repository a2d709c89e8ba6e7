import { runningTrainer } from '../../../src/backends/training/process.ts';
import type { FineTune } from '../../support/fine-tune-record.ts';
import { type ProcessInfo, treeIn } from '../../support/process-tree.ts';
import type { Generating } from './progress.ts';

/** All but the trainer in the order in which they are killed. */
export const VICTIMS = ['trainer', 'api-server', 'supervisor', 'engine-core', 'worker'] as const;

export type Victim = (typeof VICTIMS)[number];

export const isVictim = (name: string): name is Victim => (VICTIMS as readonly string[]).includes(name);

/** The run as it is now. */
export interface Look {
  /** The worker and all below it. */
  tree: readonly ProcessInfo[];
  stage: Generating | null;
  /** The fine-tune that trains. */
  training: { folder: string; tune: FineTune } | null;
}

/** What is killed, and what shall be gone soon after. */
export interface Target {
  pid: number;
  doomed: readonly ProcessInfo[];
}

/** Something is asked of vLLM in the stage of that name, and some of it has been answered. */
const generates = ({ stage }: Look, name: RegExp) => stage?.isUnderWay === true && name.test(stage.name);

/**
 * Whether this is the moment to kill it. A vLLM of each architecture is up once both actor and critic have been asked, and two of the
 * victims take all of them along: so the supervisor is killed before the critic is asked, and the worker when it will not be any more.
 */
export function isMoment(victim: Victim, look: Look, iterations: number): boolean {
  switch (victim) {
    case 'trainer':
      return look.training !== null && look.training.tune.step > 0;
    case 'api-server':
    case 'supervisor':
      return generates(look, /\/sample$/);
    case 'engine-core':
      return generates(look, /\/critique$/);
    case 'worker':
      return look.stage?.name === `iteration-${iterations}/evaluate/refine` && look.stage.isBegun;
  }
}

/** Its process; null where it is not there. */
export async function find(victim: Victim, { tree, training }: Look): Promise<Target | null> {
  const below = (pid: number): Target => ({ pid, doomed: treeIn(tree, pid) });
  if (victim === 'trainer') {
    const trainer = training && (await runningTrainer(training.folder));
    return trainer && below(trainer.pid);
  }
  if (victim === 'worker') return tree[0] ? below(tree[0].pid) : null;
  const supervisor = tree.find(({ command }) => / \S*supervise\.py /.test(command) && !command.includes('--guard'));
  if (victim === 'supervisor') return supervisor ? below(supervisor.pid) : null;
  const server = await busiest(servers(tree));
  if (!server) return null;
  // Its guard goes with it.
  const doomed = treeIn(tree, server.parent);
  if (victim === 'api-server') return { pid: server.pid, doomed };
  const core = doomed.find(({ command }) => command.includes('EngineCore'));
  return core ? { pid: core.pid, doomed } : null;
}

/** The processes of `vllm serve` itself. */
export const servers = (tree: readonly ProcessInfo[]): ProcessInfo[] =>
  tree.filter(({ command }) => PORT.test(command));

const PORT = /\bserve\b.* --port (\d+)/;

/** The others sleep, and say so at once, while it has much to do. */
async function busiest(found: readonly ProcessInfo[]): Promise<ProcessInfo | undefined> {
  if (found.length < 2) return found[0];
  const asleep = found.map(async (one) => ((await isAsleep(one)) ? one : Promise.reject(new Error('it is awake'))));
  const sleeper = await Promise.any(asleep).catch(() => null);
  return sleeper ? await busiest(found.filter((one) => one !== sleeper)) : undefined;
}

async function isAsleep({ command }: ProcessInfo): Promise<boolean> {
  const url = `http://127.0.0.1:${PORT.exec(command)![1]}/is_sleeping`;
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return ((await response.json()) as { is_sleeping: boolean }).is_sleeping;
}
