import { isGrpcServiceError } from '@temporalio/client';
import { hasSearchAttributes } from '../../workers/search-attributes.ts';
import { connect } from '../connect.ts';
import { SetupError } from '../setup/setup-error.ts';
import type { Check } from './check.ts';

export async function checkTemporal(): Promise<Check[]> {
  const connected = await connect().catch((error: unknown) => {
    if (error instanceof SetupError) return error;
    throw error;
  });
  if (connected instanceof SetupError) return [{ what: 'Temporal', ok: false, detail: connected.message }];
  const { connection, address, namespace } = connected;
  try {
    const registered = await hasSearchAttributes(connection, namespace);
    return [
      { what: 'Temporal', ok: true, detail: `${address}, namespace ${namespace}` },
      {
        what: 'search attributes',
        ok: registered,
        detail: registered ? 'registered' : 'not registered: `npx critique-loop setup-namespace` does it',
      },
    ];
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    const detail = `${address}, namespace ${namespace}: ${error.details}. \`npx critique-loop setup-namespace\` registers one`;
    return [{ what: 'Temporal', ok: false, detail }];
  } finally {
    await connection.close();
  }
}
