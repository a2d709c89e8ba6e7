import { startS3Server } from '../support/s3-server.ts';
import { python } from '../support/temporal.ts';
import { startCluster } from '../support/temporal-cluster/cluster.ts';
import { startRay } from '../support/training-clusters/ray-head.ts';
import { startSlurm } from '../support/training-clusters/slurm-node.ts';

/** What the demo runs on, besides this machine. */
export interface Place {
  /** For its worker. */
  env: Record<string, string>;
  /** Of a Temporal that is there. Without one the demo brings its own. */
  temporal?: string;
  /** Where the store is on this disk, if it is none in the demo's folder. */
  store?: string;
  /** Where the demo's folder has what it trains. */
  trains: string;
  /** Whether its fine-tunes are jobs of a cluster. */
  isCluster: boolean;
  stop(): Promise<void>;
}

const STORE = '.critique-loop/store';

export const DEFAULTS: Place = { env: {}, trains: STORE, isCluster: false, stop: async () => {} };

const onCpus = { CRITIQUE_LOOP_CLUSTER_PYTHON: python, CRITIQUE_LOOP_CLUSTER_DEVICE: 'cpu' };

async function ray(): Promise<Place> {
  const { address, stop } = await startRay();
  const env = { CRITIQUE_LOOP_TRAIN_ON: 'ray', CRITIQUE_LOOP_RAY_ADDRESS: address };
  return { ...DEFAULTS, env: { ...onCpus, ...env }, isCluster: true, stop };
}

async function slurm(): Promise<Place> {
  const { env, stop } = await startSlurm();
  // For its commands, also from here.
  Object.assign(process.env, env);
  return { ...DEFAULTS, env: { ...onCpus, CRITIQUE_LOOP_TRAIN_ON: 'slurm' }, isCluster: true, stop };
}

async function bucket(): Promise<Place> {
  const server = await startS3Server();
  if (!server) throw new Error('the S3 server is built with Go: install it (https://go.dev/dl)');
  return {
    ...DEFAULTS,
    env: { ...server.env, CRITIQUE_LOOP_STORE: 's3://bucket/loop' },
    store: `${server.bucketFolder}/loop`,
    trains: '.critique-loop/cache/bucket/loop',
    stop: server.remove,
  };
}

async function postgres(): Promise<Place> {
  const { address, remove } = await startCluster();
  return { ...DEFAULTS, temporal: address, stop: remove };
}

export const PLACES: Record<string, () => Promise<Place>> = {
  'training on Ray': ray,
  'training on Slurm': slurm,
  'store in a bucket (S3)': bucket,
  'Temporal cluster on PostgreSQL': postgres,
};
