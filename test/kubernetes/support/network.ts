import { succeed } from '../../support/succeed.ts';

/** Where pods find this machine. */
export const NODE_ADDRESS = '192.0.2.1';
/** The first of the services' addresses, which is that of the API server: without kube-proxy, this machine's own. */
export const SERVICE_ADDRESS = '10.0.0.1';

/** Gives a new network namespace its addresses. */
export async function addressNetwork(): Promise<void> {
  await succeed('ip', ['link', 'set', 'lo', 'up']);
  for (const address of [NODE_ADDRESS, SERVICE_ADDRESS])
    await succeed('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
}
