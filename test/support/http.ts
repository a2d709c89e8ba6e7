import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: what a client sent
  body: any;
}

export interface HttpServer {
  /** Without a path. */
  origin: string;
  received: Received[];
  /** Sockets that are open now, and the most there ever were. */
  connections: { open: number; most: number };
}

/** Answers with JSON, or with text and a status. */
export function reply(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string';
  response.writeHead(status, { 'content-type': text ? 'text/plain' : 'application/json', ...headers });
  response.end(text ? body : JSON.stringify(body));
}

/**
 * A real server on a free port for the running test; `answer` gets each request with its number, from 0.
 * @param finish that of the test's context where tests run at once
 */
export async function startHttp(
  answer: (request: Received, response: ServerResponse, index: number) => unknown,
  finish = onTestFinished,
): Promise<HttpServer> {
  const received: Received[] = [];
  const connections = { open: 0, most: 0 };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { method = '', url: path = '', headers } = request;
    const asked = { method, path, headers, body: text === '' ? null : JSON.parse(text) };
    received.push(asked);
    try {
      await answer(asked, response, received.length - 1);
    } catch (error) {
      reply(response, `the test's server failed: ${error}`, 500);
    }
  });
  server.on('connection', (socket) => {
    connections.most = Math.max(connections.most, ++connections.open);
    socket.once('close', () => connections.open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1024, resolve));
  finish(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, connections };
}

/** OpenAI's answer to a request for completions or chat: n texts. */
export function completion(request: Received, text = 'The answer is 5.', finishReason = 'stop'): object {
  const chat = request.path.endsWith('/chat/completions');
  return {
    id: 'cmpl-1',
    object: chat ? 'chat.completion' : 'text_completion',
    model: request.body.model,
    choices: Array.from({ length: request.body.n }, (_, index) => ({
      index,
      finish_reason: finishReason,
      ...(chat ? { message: { role: 'assistant', content: `${text} ${index}` } } : { text: `${text} ${index}` }),
    })),
    usage: { prompt_tokens: 7, completion_tokens: 5 * request.body.n, total_tokens: 7 + 5 * request.body.n },
  };
}
