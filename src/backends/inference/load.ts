import { request } from 'undici';
import type { EngineLoad } from './concurrency.ts';

const EVERY_MS = 2_000;

/** By engine: what its `/metrics` calls the numbers, newest name first. */
const NAMES: Record<keyof EngineLoad, string[]>[] = [
  {
    running: ['vllm:num_requests_running'],
    waiting: ['vllm:num_requests_waiting'],
    preemptions: ['vllm:num_preemptions_total', 'vllm:num_preemptions'],
  },
  {
    running: ['sglang:num_running_reqs'],
    waiting: ['sglang:num_queue_reqs'],
    preemptions: ['sglang:num_retracted_requests_total'],
  },
];

/** Looks at an engine's `/metrics` every two seconds while requests are made, and never again where there are none to understand. */
export class LoadWatch {
  readonly #url: URL;
  readonly #tell: (load: EngineLoad) => void;
  #next = 0;

  constructor(baseUrl: string, tell: (load: EngineLoad) => void) {
    this.#url = new URL('/metrics', baseUrl);
    this.#tell = tell;
  }

  /** To be called with each request. */
  look(): void {
    if (Date.now() < this.#next) return;
    this.#next = Date.now() + EVERY_MS;
    read(this.#url).then(
      (load) => {
        if (load) this.#tell(load);
        else this.#next = Number.POSITIVE_INFINITY;
      },
      // Whether it can't be reached is for the requests to find out.
      () => {},
    );
  }
}

async function read(url: URL): Promise<EngineLoad | null> {
  const { statusCode, body } = await request(url, { headersTimeout: 10_000, bodyTimeout: 10_000 });
  const text = await body.text();
  return statusCode === 200 ? parseLoad(text) : null;
}

/** From Prometheus' text format; each number is the sum over its labels: one server may run several engines. */
export function parseLoad(text: string): EngineLoad | null {
  const sums = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^([a-z_:]+)(?:\{.*\})? ([\d.eE+-]+)/gm))
    sums.set(name!, (sums.get(name!) ?? 0) + Number(value));
  for (const names of NAMES) {
    const find = (field: keyof EngineLoad) =>
      names[field].map((name) => sums.get(name)).find((sum) => sum !== undefined);
    const running = find('running');
    const waiting = find('waiting');
    if (running !== undefined && waiting !== undefined)
      return { running, waiting, preemptions: find('preemptions') ?? 0 };
  }
  return null;
}
