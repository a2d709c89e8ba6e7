/** The task queues of design.md 3. */
export const QUEUES = {
  workflows: 'critique-loop',
  cpu: 'critique-loop-cpu',
  inference: 'critique-loop-inference',
  train: 'critique-loop-train',
} as const;

export type Role = keyof typeof QUEUES;
