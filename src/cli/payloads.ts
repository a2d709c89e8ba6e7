import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { packageRoot } from '../backends/package.ts';
import type { WorkerEnvironment } from '../config/environment.ts';
import { Encryption } from './codec/encryption.ts';

export interface Payloads {
  encryption: Encryption;
  /** For workers and clients alike. */
  dataConverter: DataConverter;
  /** The workflows, which have to write failures in the same way as the activities. */
  workflowBundle: string;
}

const built = (name: string) => join(packageRoot, 'dist', name);

/** How what goes to Temporal's server is written. @throws SetupError where the keys can't be used */
export async function openPayloads({ codecKeys }: Pick<WorkerEnvironment, 'codecKeys'>): Promise<Payloads> {
  const encryption = await Encryption.open(codecKeys);
  const payloadCodecs = [encryption];
  if (!encryption.on)
    return { encryption, dataConverter: { payloadCodecs }, workflowBundle: built('workflow-bundle.js') };
  return {
    encryption,
    dataConverter: { payloadCodecs, failureConverterPath: built('workflows/encoded-failures.js') },
    workflowBundle: built('workflow-bundle-encoded-failures.js'),
  };
}
