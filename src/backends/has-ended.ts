import type { ChildProcess } from 'node:child_process';

export const hasEnded = (child: Pick<ChildProcess, 'exitCode' | 'signalCode'>): boolean =>
  child.exitCode !== null || child.signalCode !== null;
