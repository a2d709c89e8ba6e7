import { NativeConnection } from '@temporalio/worker';
import { hasSearchAttributes } from '../../workers/search-attributes.ts';
import { readTemporalConfig } from '../temporal-config.ts';
import type { Check } from './check.ts';

export async function checkTemporal(): Promise<Check[]> {
  const { connectionOptions, namespace, address } = readTemporalConfig();
  const connection = await NativeConnection.connect(connectionOptions).catch(() => null);
  if (!connection)
    return [
      { what: 'Temporal', ok: false, detail: `nothing answers at ${address}: "npx critique-loop dev" starts one` },
    ];
  try {
    const registered = await hasSearchAttributes(connection, namespace);
    return [
      { what: 'Temporal', ok: true, detail: `${address}, namespace ${namespace}` },
      {
        what: 'search attributes',
        ok: registered,
        detail: registered ? 'registered' : 'not registered: docs/workers.md says how (one command)',
      },
    ];
  } finally {
    await connection.close();
  }
}
