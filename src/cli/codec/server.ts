import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { type JSONPayload, JSONToPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js';
import { SetupError } from '../setup/setup-error.ts';

export interface CodecServerOptions {
  codec: PayloadCodec;
  /** 0: any. */
  port: number;
  /** 127.0.0.1 by default. */
  host?: string | undefined;
  /** Of the UIs that may ask from a browser, as they are now: `http://127.0.0.1:8233`. */
  origins: ReadonlySet<string>;
  /** Asked for as `Authorization: Bearer TOKEN`; absent: of nobody. */
  token?: string | undefined;
}

export interface CodecServer {
  /** For `--codec-endpoint`. */
  url: string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
/** A gRPC message of Temporal has 4 MB at most, which base64 makes a third longer. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Temporal's protocol of remote codecs: POST /encode and /decode with `{"payloads":[...]}` in the JSON of protobuf.
 * @throws SetupError where the port is taken
 */
export async function serveCodec(options: CodecServerOptions): Promise<CodecServer> {
  const { codec, port, host = LOOPBACK, origins, token } = options;
  const work: Record<string, PayloadCodec['encode']> = {
    '/encode': (payloads) => codec.encode(payloads),
    '/decode': (payloads) => codec.decode(payloads),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const { origin, authorization } = request.headers;
    if (origin !== undefined) {
      // Also a page elsewhere whose name was made to lead to this machine.
      if (!origins.has(origin)) return { status: 403, text: `the origin ${origin} is not that of a known UI` };
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('vary', 'origin');
      if (request.method === 'OPTIONS') {
        response.setHeader('access-control-allow-methods', 'POST');
        response.setHeader('access-control-allow-headers', 'authorization, content-type, x-namespace');
        return { status: 204 };
      }
    }
    const convert = work[request.url ?? ''];
    if (!convert) return { status: 404, text: `there are ${Object.keys(work).join(' and ')}` };
    if (request.method !== 'POST') return { status: 405, text: 'expected POST' };
    if (token !== undefined && !same(authorization ?? '', `Bearer ${token}`))
      return { status: 401, text: 'expected "Authorization: Bearer TOKEN" with the token of this server' };
    const body = await readBody(request);
    if (body === null) return { status: 413, text: `expected at most ${MOST_BYTES} bytes` };
    const payloads = parse(body);
    if (payloads === null) return { status: 400, text: 'expected {"payloads":[{"metadata":{...},"data":"..."}]}' };
    try {
      return { status: 200, json: { payloads: (await convert(payloads)).map(payloadToJSON) } };
    } catch (error) {
      return { status: 400, text: (error as Error).message };
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).then(
      ({ status, text, json }) => {
        response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/plain; charset=utf-8' });
        response.end(json ? JSON.stringify(json) : text);
      },
      // It has gone.
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new SetupError(`the codec server can't start: ${error.message}`)));
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Answer {
  status: number;
  text?: string;
  json?: { payloads: JSONPayload[] };
}

/** A browser's address bar may have either name of this machine. */
export const originsOf = (uiUrl: string): string[] => {
  const { protocol, port } = new URL(uiUrl);
  return [LOOPBACK, 'localhost'].map((name) => `${protocol}//${name}:${port}`);
};

const same = (one: string, other: string): boolean => timingSafeEqual(hash(one), hash(other));

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** null where it is too long. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(body: string): Payload[] | null {
  try {
    return (JSON.parse(body) as { payloads: JSONPayload[] }).payloads.map(JSONToPayload);
  } catch {
    return null;
  }
}
