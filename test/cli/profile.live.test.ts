import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { temporalAddress } from '../support/temporal.ts';
import { spawnWorker } from '../support/workers.ts';

const hasOpenssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0;
  } catch {
    return false;
  }
})();

/** Temporal behind TLS that takes only clients with a certificate of the folder's authority. @returns its port, and who came */
async function serveMutualTls(folder: string): Promise<{ port: number; clients: string[] }> {
  const file = (name: string) => readFileSync(join(folder, name));
  const [host, port] = temporalAddress.split(':');
  const clients: string[] = [];
  const server = createServer(
    {
      key: file('server.key'),
      cert: file('server.pem'),
      ca: file('ca.pem'),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    },
    (socket: TLSSocket) => {
      clients.push(String(socket.getPeerCertificate().subject.CN));
      const behind = connect(Number(port), host);
      socket.pipe(behind).pipe(socket);
      for (const end of [socket, behind]) end.on('error', () => {});
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, clients };
}

it.skipIf(!hasOpenssl)('a worker shows the certificate of its profile (needs openssl)', async () => {
  const folder = await temporaryFolder();
  const authority = new Authority(folder);
  authority.sign('server', 'DNS:localhost');
  const own = authority.sign('client');
  const { port, clients } = await serveMutualTls(folder);
  const profile = (name: string, client: string) => `
[profile.${name}]
address = "localhost:${port}"
namespace = "default"

[profile.${name}.tls]
server_ca_cert_path = "${authority.certificate}"
${client}`;
  const client = `client_cert_path = "${own.certificate}"\nclient_key_path = "${own.key}"\n`;
  writeFileSync(join(folder, 'temporal.toml'), profile('own', client) + profile('stranger', ''));
  const start = (name: string) => {
    const env = { TEMPORAL_PROFILE: name, TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml') };
    return spawnWorker({ roles: ['cpu'], address: `localhost:${port}`, store: join(folder, 'store'), env });
  };
  const worker = await start('own');
  expect((await worker.stop()).code).toBe(0);
  expect(clients).toContain('client');
  await expect(start('stranger')).rejects.toThrow(`localhost:${port} closes the connection`);
});

it('a worker that is told a namespace that is not there says how to get it', async () => {
  const store = await temporaryFolder();
  const env = { TEMPORAL_NAMESPACE: 'nowhere' };
  await expect(spawnWorker({ roles: ['cpu'], address: temporalAddress, store, env })).rejects.toThrow(
    `${temporalAddress} has no namespace nowhere: "npx critique-loop setup-namespace" registers it`,
  );
});
