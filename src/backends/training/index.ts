import { join, posix } from 'node:path';
import type { ClusterEnvironment } from '../../config/cluster.ts';
import type { TrainingConfig } from '../../config/training.ts';
import type { Gpus } from '../gpus.ts';
import { trainerFile } from '../package.ts';
import { openCluster } from './clusters/index.ts';
import { type Command, OnCluster } from './clusters/on-cluster.ts';
import type { TrainingBackend } from './contract.ts';
import { LlamaFactoryBackend } from './llamafactory.ts';
import { configIn, processEnvironment } from './llamafactory-files.ts';
import { LlamaFactoryHere } from './llamafactory-here.ts';
import type { Work } from './place.ts';
import { TrlBackend } from './trl.ts';
import { TrlHere } from './trl-here.ts';

export type TrainingBackends = Record<TrainingConfig['backend'], TrainingBackend>;

export function createTrainingBackends(options: {
  python: () => Promise<string>;
  gpus: Gpus;
  llamafactory?: readonly string[] | undefined;
  cluster?: ClusterEnvironment | undefined;
}): TrainingBackends {
  const { python, gpus, llamafactory: command = ['llamafactory-cli'], cluster } = options;
  if (cluster) return onCluster(cluster, command);
  return {
    trl: new TrlBackend(new TrlHere({ python, gpuLocks: gpus.locks })),
    llamafactory: new LlamaFactoryBackend(new LlamaFactoryHere({ command, gpus })),
  };
}

function onCluster({ at, python, trainer, onGpu }: ClusterEnvironment, llamafactory: readonly string[]) {
  const cluster = openCluster(at);
  const on = (commandOf: (work: Work) => Command) => new OnCluster({ cluster, onGpu, commandOf });
  const script = trainer === undefined ? trainerFile('train.py') : posix.join(trainer, 'train.py');
  return {
    trl: new TrlBackend(on(({ folder }) => ({ argv: [python, script, join(folder, 'job.json')], env: {} }))),
    llamafactory: new LlamaFactoryBackend(
      on(({ folder, processes }) => ({
        argv: [...llamafactory, 'train', configIn(folder)],
        env: processEnvironment(processes),
      })),
    ),
  };
}
