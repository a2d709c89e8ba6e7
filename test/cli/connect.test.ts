import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createSecureServer, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { connect } from '../../src/cli/connect.ts';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';

beforeAll(() => Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] }));
afterEach(() => vi.unstubAllEnvs());

/** A server over TLS that refuses every call with a status of gRPC, or answers it with an empty message. */
async function startServer(options: { clientsMustShow?: boolean; refuse?: string } = {}) {
  const folder = await temporaryFolder();
  const authority = new Authority(folder);
  const { certificate, key } = authority.sign('server', 'DNS:localhost');
  const calls: IncomingHttpHeaders[] = [];
  const server = createSecureServer({
    cert: readFileSync(certificate),
    key: readFileSync(key),
    ca: readFileSync(authority.certificate),
    requestCert: options.clientsMustShow ?? false,
  });
  server.on('stream', (stream, headers) => {
    calls.push(headers);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () =>
      stream.sendTrailers(
        options.refuse ? { 'grpc-status': '16', 'grpc-message': options.refuse } : { 'grpc-status': '0' },
      ),
    );
    // Uncompressed, of no bytes.
    stream.end(options.refuse ? undefined : Buffer.alloc(5));
  });
  server.on('sessionError', () => {});
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  onTestFinished(() => void server.close());
  return { address: `localhost:${(server.address() as AddressInfo).port}`, authority, folder, calls };
}

/** Connects by a profile with these lines. */
async function byProfile(...lines: string[]) {
  const folder = await temporaryFolder();
  const file = join(folder, 'temporal.toml');
  await writeFile(file, ['[profile.cloud]', ...lines].join('\n'));
  vi.stubEnv('TEMPORAL_CONFIG_FILE', file);
  vi.stubEnv('TEMPORAL_PROFILE', 'cloud');
  return await connect();
}

test("a profile's api_key is sent with every call", async () => {
  const { address, authority, calls } = await startServer();
  const { connection, namespace } = await byProfile(
    `address = "${address}"`,
    'namespace = "research.a1b2c"',
    'api_key = "very-secret"',
    `tls.server_ca_cert_path = "${authority.certificate}"`,
  );
  await connection.workflowService.describeNamespace({ namespace });
  await connection.close();
  expect(namespace).toBe('research.a1b2c');
  expect(calls.map((headers) => [headers[':path'], headers.authorization])).toEqual([
    ['/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo', 'Bearer very-secret'],
    ['/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace', 'Bearer very-secret'],
  ]);
});

test('what is wrong is one sentence', async () => {
  const open = await startServer();
  const closed = await startServer({ clientsMustShow: true });
  const keyed = await startServer({ refuse: 'the key is expired' });
  const trusting = ({ authority }: typeof open) => `tls.server_ca_cert_path = "${authority.certificate}"`;
  const at = ({ address }: typeof open) => `address = "${address}"`;
  await mkdir(join(closed.folder, 'elsewhere'));
  const stranger = new Authority(join(closed.folder, 'elsewhere')).sign('stranger');
  const showing = (certificate: string, key: string) => [
    `tls.client_cert_path = "${certificate}"`,
    `tls.client_key_path = "${key}"`,
  ];
  const { key: another } = closed.authority.sign('another');

  const cases: [string[], RegExp][] = [
    [
      ['address = "127.0.0.1:9"'],
      /^nothing answers at 127.0.0.1:9: set TEMPORAL_ADDRESS to the host:port of a Temporal server, or TEMPORAL_PROFILE/,
    ],
    [[at(open)], /closes the connection: it may want TLS/],
    [[at(open), trusting(closed)], /^the certificate of .* is not trusted \(UnknownIssuer\): server_ca_cert_path/],
    [
      [at(open), trusting(open), 'tls.server_name = "temporal.example"'],
      /is for other names: set server_name .* to one of localhost$/,
    ],
    [[at(closed), trusting(closed)], /closes the connection: .* or a client certificate/],
    [
      [at(closed), trusting(closed), ...showing(stranger.certificate, stranger.key)],
      /refuses the client certificate: client_cert_path/,
    ],
    [[at(closed), trusting(closed), ...showing(stranger.certificate, another)], /do not belong together$/],
    [[at(keyed), trusting(keyed), 'api_key = "old"'], /refuses this client: the key is expired. Check api_key/],
    [
      ['tls.client_cert_path = "/nowhere.pem"'],
      /^wrong environment: TEMPORAL_PROFILE: got "cloud": ENOENT.*nowhere\.pem/,
    ],
  ];
  for (const [lines, sentence] of cases) await expect(byProfile(...lines), lines.join('\n')).rejects.toThrow(sentence);
}, 60_000);
