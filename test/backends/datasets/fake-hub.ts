import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type HttpServer, type Received, reply, startHttp } from '../../support/http.ts';

export interface FakeRepository {
  /** What main means. */
  commit: string;
  files: Record<string, Buffer | string>;
  /** Only for who has it. */
  token?: string;
}

export interface FakeHub {
  origin: string;
  repositories: Record<string, FakeRepository>;
  /** What was asked of the hub, and of where it sends for large files. */
  hub: HttpServer;
  cdn: HttpServer;
  /** Answers in the hub's or the other server's place; true where it did. */
  fault: (request: Received, response: ServerResponse, index: number) => boolean;
}

/** Larger files are in LFS, elsewhere. */
const LARGE = 1000;
const PAGE = 2;

/** A server that answers as the Hugging Face hub does: revision, tree in pages, resolve with redirects and ranges. */
export async function startFakeHub(repositories: Record<string, FakeRepository>): Promise<FakeHub> {
  const cdn = await startHttp((request, response, index) => {
    if (fake.fault(request, response, index)) return undefined;
    if (request.headers.authorization) return reply(response, 'a token that is none of our business', 400);
    const [, name, ...path] = decodeURIComponent(request.path).split('/');
    return sendFile(request, response, fake.repositories[name!.replace('--', '/')]!.files[path.join('/')]!);
  });
  const hub = await startHttp((request, response, index) => {
    if (!fake.fault(request, response, index)) answer(fake, request, response);
  });
  const fake: FakeHub = { origin: hub.origin, repositories, hub, cdn, fault: () => false };
  return fake;
}

function answer({ repositories, origin, cdn }: FakeHub, request: Received, response: ServerResponse): unknown {
  const url = new URL(request.path, origin);
  const found =
    /^(?:\/api)?(?:\/(?:datasets|models))?\/([^/]+\/[^/]+)\/(revision|tree|resolve|cache)\/([^/]+)(?:\/(.*))?$/.exec(
      url.pathname,
    );
  if (!found) return reply(response, { error: 'Not Found' }, 404);
  const [, name, what, revision, path = ''] = found.map((part) => part && decodeURIComponent(part));
  const repository = repositories[name!];
  if (!repository || (repository.token && request.headers.authorization !== `Bearer ${repository.token}`))
    return reply(response, { error: 'Invalid username or password.' }, 401, { 'x-error-code': 'RepoNotFound' });
  const { commit, files } = repository;
  if (revision !== 'main' && revision !== commit)
    return reply(response, { error: `Invalid rev id: ${revision}` }, 404, { 'x-error-code': 'RevisionNotFound' });
  switch (what) {
    case 'revision':
      return reply(response, { _id: '1', id: name, sha: commit, lastModified: '2025-01-01T00:00:00.000Z' });
    case 'tree':
      return sendTree(url, response, files);
    case 'cache':
      return sendFile(request, response, files[path]!);
  }
  const content = files[path];
  if (content === undefined)
    return reply(response, { error: 'Entry not found' }, 404, { 'x-error-code': 'EntryNotFound' });
  const elsewhere = content.length > LARGE;
  const location = elsewhere
    ? `${cdn.origin}/${name!.replace('/', '--')}/${path}`
    : `/api/datasets/${name}/cache/${commit}/${path}`;
  return response.writeHead(elsewhere ? 302 : 307, { location, 'x-repo-commit': commit }).end();
}

function sendTree(url: URL, response: ServerResponse, files: FakeRepository['files']): void {
  const entries = [
    { type: 'directory', path: 'main', size: 0, oid: '0'.repeat(40) },
    ...Object.entries(files).map(entry),
  ];
  const from = Number(url.searchParams.get('cursor') ?? 0);
  url.searchParams.set('cursor', String(from + PAGE));
  const next = from + PAGE < entries.length ? { link: `<${url}>; rel="next"` } : undefined;
  reply(response, entries.slice(from, from + PAGE), 200, next);
}

function entry([path, content]: [string, Buffer | string]) {
  const bytes = Buffer.from(content);
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const lfs = { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 };
  return { type: 'file', path, size: bytes.length, oid, ...(bytes.length > LARGE && { lfs, oid: '1'.repeat(40) }) };
}

function sendFile(request: Received, response: ServerResponse, content: Buffer | string): void {
  const bytes = Buffer.from(content);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const [from, to] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, bytes.length];
  response.writeHead(range ? 206 : 200, {
    etag: '"1"',
    'x-cache': 'Hit from cloudfront',
    'content-length': to - from,
    ...(range && { 'content-range': `bytes ${from}-${to - 1}/${bytes.length}` }),
  });
  response.end(bytes.subarray(from, to));
}
