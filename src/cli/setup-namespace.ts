import { connect } from './connect.ts';
import { setUpNamespace } from './setup/namespace.ts';

/** Makes the namespace that the TEMPORAL_* variables, or a profile, name ready for runs, and says what it did. */
export async function setupNamespace({ retentionDays }: { retentionDays: number }): Promise<void> {
  const { connection, namespace } = await connect();
  try {
    const log = (line: string) => void process.stdout.write(`${line}\n`);
    await setUpNamespace({ connection, namespace, retentionDays, log });
  } finally {
    await connection.close();
  }
}
