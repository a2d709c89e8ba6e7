import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { SetupError } from './setup/setup-error.ts';

export interface TemporalConfig extends Pick<ClientConnectConfig, 'connectionOptions'> {
  /** `host:port` */
  address: string;
  namespace: string;
}

/**
 * Where Temporal is, by its TEMPORAL_* variables and profiles.
 * @throws SetupError where these can't be read
 */
export function readTemporalConfig(): TemporalConfig {
  try {
    const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
    return { connectionOptions, namespace, address: connectionOptions.address ?? 'localhost:7233' };
  } catch (error) {
    const { TEMPORAL_PROFILE: profile } = process.env;
    const where = profile ? `TEMPORAL_PROFILE: got "${profile}"` : 'TEMPORAL_* variables or profile';
    throw new SetupError(`wrong environment: ${where}: ${(error as Error).message}`);
  }
}
