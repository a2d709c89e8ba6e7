import { createHash } from 'node:crypto';

/** A run's folder in the store. A workflow ID may hold anything, a folder name may not; two IDs never share a folder. */
export function runFolder(workflowId: string): string {
  const name = workflowId
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^\.+/, '')
    .slice(0, 100);
  if (name === workflowId && !ENDS_AS_ONE_OF_OURS.test(name)) return `runs/${name}`;
  return `runs/${name}-${createHash('sha256').update(workflowId).digest('hex').slice(0, 16)}`;
}

const ENDS_AS_ONE_OF_OURS = /-[0-9a-f]{16}$/;
