import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const TOKEN = 'hf_do-not-tell';

interface Asked {
  path: string;
  token: string | undefined;
  body: Buffer;
}

/** Answers as the hub does to who writes: creation, which files are large, where these go, and the commit. */
export async function startWritableHub(options: { exists?: boolean; refuse?: number } = {}) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const path = request.url!;
    asked.push({ path, token: request.headers.authorization, body });
    const reply = (value: object, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const authorized = request.headers.authorization === `Bearer ${TOKEN}`;
    if (!authorized && !path.startsWith('/storage'))
      return reply({ error: `no right for ${request.headers.authorization}` }, 401);
    if (options.refuse && path !== '/api/repos/create') return reply({ error: `not today, ${TOKEN}` }, options.refuse);
    if (path === '/api/repos/create')
      return options.exists
        ? reply({ error: 'You already created this dataset repo' }, 409)
        : reply({ url: '', id: '1' });
    if (path.includes('/preupload/')) {
      const files = (JSON.parse(body.toString()) as { files: { path: string; size: number }[] }).files;
      return reply({ files: files.map(({ path, size }) => ({ path, uploadMode: size > 1000 ? 'lfs' : 'regular' })) });
    }
    if (path.endsWith('/info/lfs/objects/batch')) {
      const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
      const href = (oid: string) => `${storage.origin}/storage/${oid}`;
      return reply({
        transfer: 'basic',
        objects: objects.map((it) => ({ ...it, actions: { upload: { href: href(it.oid) } } })),
      });
    }
    if (path.startsWith('/storage/')) return reply({});
    return reply({ commitOid: 'c0ffee', commitUrl: '' });
  });
  const storage = { origin: '' };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  // Another origin than the hub's.
  storage.origin = `http://localhost:${port}`;
  return { url: `http://127.0.0.1:${port}`, asked };
}
