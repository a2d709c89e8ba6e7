import type { ClusterAddress } from '../../../config/environment.ts';
import type { Cluster } from './cluster.ts';
import { Ray } from './ray.ts';
import { SlurmCommands } from './slurm-commands.ts';

export function openCluster(at: ClusterAddress): Cluster {
  switch (at.kind) {
    case 'ray':
      return new Ray(at);
    case 'slurm':
      return new SlurmCommands(at);
    default:
      throw new Error(at.kind);
  }
}
