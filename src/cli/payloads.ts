import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { packageRoot } from '../backends/package.ts';
import type { WorkerEnvironment } from '../config/environment.ts';
import { Encryption } from './codec/encryption.ts';

export interface Payloads {
  encryption: Encryption;
  /** For workers and clients alike. */
  dataConverter: DataConverter;
  /** Where the workflows are, which have to write failures in the same way as the activities, as they are or traced. */
  workflowBundle(traced: boolean): string;
}

const built = (name: string) => join(packageRoot, 'dist', name);

/** How what goes to Temporal's server is written. @throws SetupError where the keys can't be used */
export async function openPayloads({ codecKeys }: Pick<WorkerEnvironment, 'codecKeys'>): Promise<Payloads> {
  const encryption = await Encryption.open(codecKeys);
  const payloadCodecs = [encryption];
  if (!encryption.on) return { encryption, dataConverter: { payloadCodecs }, workflowBundle: bundle('') };
  const failureConverterPath = built('workflows/encoded-failures.js');
  return {
    encryption,
    dataConverter: { payloadCodecs, failureConverterPath },
    workflowBundle: bundle('-encoded'),
  };
}

/** OpenTelemetry would cost those memory that nobody traces. */
const bundle = (kind: string) => (traced: boolean) => built(`workflow-bundle${kind}${traced ? '-traced' : ''}.js`);
