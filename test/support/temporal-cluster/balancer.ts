import { connect, createServer, type Server, type Socket } from 'node:net';

/** As in front of a real cluster: takes connections, and hands each to the next host that accepts it. */
export async function startBalancer(hosts: readonly string[], port: number): Promise<Server> {
  let turn = 0;
  const server = createServer((client) => {
    client.on('error', () => {});
    hand(client, hosts.length);
  });
  const hand = (client: Socket, left: number) => {
    if (left === 0) return client.destroy();
    const host = connect(7233, hosts[turn++ % hosts.length]!);
    const next = () => hand(client, left - 1);
    host.once('error', next);
    host.once('connect', () => {
      host.off('error', next);
      host.on('error', () => client.destroy());
      host.on('close', () => client.destroy());
      client.on('close', () => host.destroy());
      client.pipe(host).pipe(client);
    });
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
