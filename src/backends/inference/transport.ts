import { Agent, fetch, Response } from 'undici';

/** One for all clients: no time limit on headers or bodies (a long generation is not an error) and no cap on connections. */
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, connections: null });

/** What an engine says about an error goes into rows, histories and logs: no more than this of it. */
const LONGEST_MESSAGE = 500;

/** The `fetch` of an OpenAI client. Errors come in OpenAI's form whatever the server's, and never with the key in them. */
export function createFetch(apiKey: string | undefined): typeof globalThis.fetch {
  const openAiFetch = async (url: string, init: object) => {
    const response = await fetch(url, { ...init, dispatcher });
    if (response.ok) return response;
    const text = await response.text();
    const message = readMessage(apiKey ? text.replaceAll(apiKey, '[key]') : text);
    const { status, headers } = response;
    return new Response(JSON.stringify({ error: { message } }), { status, headers });
  };
  return openAiFetch as unknown as typeof globalThis.fetch;
}

/** OpenAI and vLLM nest it in `error`, older vLLM and proxies do not, FastAPI calls it `detail`, gateways send a page. */
function readMessage(text: string): string {
  const body = parse(text);
  const error = body?.error ?? body;
  const found = error?.message ?? error?.detail ?? (typeof error === 'string' ? error : text);
  const message = typeof found === 'string' ? found : JSON.stringify(found);
  const code = typeof error?.code === 'string' && !message.includes(error.code) ? ` [${error.code}]` : '';
  return message.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_MESSAGE) + code;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a server may answer
function parse(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
