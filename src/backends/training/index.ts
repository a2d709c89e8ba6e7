import type { TrainingConfig } from '../../config/training.ts';
import type { TrainingBackend } from './contract.ts';
import { TrlBackend } from './trl.ts';

export type TrainingBackends = Record<TrainingConfig['backend'], TrainingBackend>;

export function createTrainingBackends(options: {
  python: () => Promise<string>;
  gpuLocks?: readonly string[];
}): TrainingBackends {
  return { trl: new TrlBackend(options) };
}
