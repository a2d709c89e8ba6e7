import { Agent, request } from 'undici';

const TIMEOUT_MS = 30_000;
const LONGEST_MESSAGE = 500;

export interface Answer {
  status: number;
  /** What was answered, where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever a server may answer
  json: any;
  /** Of an error, for people. */
  said: string;
}

/** One server that is asked for JSON, by a URL or at a Unix socket. Not by `fetch`: Ray refuses its headers as a browser's. */
export class HttpApi {
  readonly #origin: string;
  readonly #headers: Record<string, string>;
  readonly #agent: Agent;

  /** @param address `http://host:port`, with a path or without, or `unix:/path/of/socket` */
  constructor(address: string, headers: Record<string, string> = {}) {
    const socketPath = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
    this.#origin = socketPath ? 'http://localhost' : address.replace(/\/+$/, '');
    this.#headers = headers;
    this.#agent = new Agent({
      connect: { timeout: TIMEOUT_MS, ...(socketPath && { socketPath }) },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
  }

  /** Any answer at all. @throws Error where there is none */
  async ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Answer> {
    const response = await request(`${this.#origin}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { ...this.#headers, ...(body && { 'content-type': 'application/json' }) },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await response.body.text();
    // A traceback ends with what happened.
    const words = text.split('\n').findLast((line) => /\w/.test(line)) ?? '';
    const said = `${response.statusCode} ${words.trim().slice(0, LONGEST_MESSAGE)}`.trim();
    return { status: response.statusCode, json: parse(text), said };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
