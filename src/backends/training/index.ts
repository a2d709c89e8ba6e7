import type { TrainingConfig } from '../../config/training.ts';
import type { Gpus } from '../gpus.ts';
import type { TrainingBackend } from './contract.ts';
import { LlamaFactoryBackend } from './llamafactory.ts';
import { TrlBackend } from './trl.ts';

export type TrainingBackends = Record<TrainingConfig['backend'], TrainingBackend>;

export function createTrainingBackends(options: {
  python: () => Promise<string>;
  gpus: Gpus;
  llamafactory?: readonly string[] | undefined;
}): TrainingBackends {
  const { python, gpus, llamafactory: command = ['llamafactory-cli'] } = options;
  return {
    trl: new TrlBackend({ python, gpuLocks: gpus.locks }),
    llamafactory: new LlamaFactoryBackend({ command, gpus }),
  };
}
