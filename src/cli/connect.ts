import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { SetupError } from './setup/setup-error.ts';

export interface Connected {
  connection: NativeConnection;
  address: string;
  namespace: string;
}

/**
 * Connects to the Temporal that the TEMPORAL_* variables, or a profile, name.
 *
 * @throws SetupError that says what is wrong: the profile, its certificates or its key, or that nothing answers.
 */
export async function connect(): Promise<Connected> {
  const { connectionOptions, namespace = 'default' } = readProfile();
  const address = connectionOptions.address ?? 'localhost:7233';
  const connection = await NativeConnection.connect(connectionOptions).catch(({ message }: Error) => {
    throw new SetupError(whyNot(address, connectionOptions, message));
  });
  return { connection, address, namespace };
}

function readProfile() {
  try {
    return loadClientConnectConfig();
  } catch (error) {
    const { TEMPORAL_PROFILE: profile } = process.env;
    const where = profile ? `TEMPORAL_PROFILE: got "${profile}"` : 'TEMPORAL_* variables or profile';
    throw new SetupError(`wrong environment: ${where}: ${(error as Error).message}`);
  }
}

/** How the native client calls the end of a connection, by when it comes. */
const CLOSED = /^(transport error|operation was canceled|connection (closed|error).*)$/;

/** The native client tells only by its text what happened. */
function whyNot(address: string, { tls }: NativeConnectionOptions, message: string): string {
  if (message.includes('NotValidForName'))
    return `the certificate of ${address} is for other names: set server_name of the profile's tls (TEMPORAL_TLS_SERVER_NAME) to one of ${namesIn(message)}`;
  if (message.includes('InvalidCertificate'))
    return `the certificate of ${address} is not trusted (${reasonIn(message)}): server_ca_cert_path of the profile's tls (TEMPORAL_TLS_SERVER_CA_CERT_PATH) must name the authority that signed it`;
  if (message.includes('KeyMismatch'))
    return `client_cert_path and client_key_path of the profile's tls (TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH) do not belong together`;
  const refusal = /^Failed to call GetSystemInfo: .*?message: "(.*?)"/.exec(message)?.[1];
  if (refusal !== undefined && !CLOSED.test(refusal))
    return `${address} refuses this client: ${refusal}. Check api_key of the profile (TEMPORAL_API_KEY)`;
  if (refusal !== undefined)
    return typeof tls === 'object' && tls?.clientCertPair
      ? `${address} refuses the client certificate: client_cert_path of the profile's tls (TEMPORAL_TLS_CLIENT_CERT_PATH) must be signed by an authority that the server trusts`
      : `${address} closes the connection: it may want TLS (TEMPORAL_TLS), or a client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH)`;
  return `nothing answers at ${address}: set TEMPORAL_ADDRESS to the host:port of a Temporal server, or TEMPORAL_PROFILE to a profile; "npx critique-loop dev" starts one here`;
}

/** `expected: DnsName("a"), presented: ["DnsName(\\"b\\")", "IpAddress(127.0.0.1)"]` gives b and 127.0.0.1. */
const namesIn = (message: string) =>
  [...message.slice(message.indexOf('presented')).matchAll(/(?:DnsName|IpAddress)\([\\"]*([^"\\)]+)/g)]
    .map(([, name]) => name)
    .join(', ');

const reasonIn = (message: string) => /InvalidCertificate\((\w+)/.exec(message)?.[1];
