import type { ClusterAddress } from '../../../config/cluster.ts';
import type { Cluster } from './cluster.ts';
import { Kubernetes } from './kubernetes.ts';
import { Ray } from './ray.ts';
import { Slurm } from './slurm.ts';
import { SlurmCommands } from './slurm-commands.ts';
import { SlurmRest } from './slurm-rest.ts';

export function openCluster(at: ClusterAddress): Cluster {
  switch (at.kind) {
    case 'ray':
      return new Ray(at);
    case 'slurm':
      return new Slurm(new SlurmCommands(at));
    case 'slurmrestd':
      return new Slurm(new SlurmRest(at));
    case 'kubernetes':
      return new Kubernetes(at);
  }
}
