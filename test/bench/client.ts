import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { questions } from '../../src/backends/datasets/arithmetic/index.ts';
import { ensurePython } from '../../src/cli/setup/python.ts';
import { questionPrompt } from '../../src/method/prompts/index.ts';

const LATENCIES = [0, 200];
const ROUNDS = 3;
const folder = join(import.meta.dirname, 'client');

/** What a contender says about one go, in milliseconds and MiB. */
interface Go {
  /** From before the first request until all rows are durable. */
  wall: number;
  /** Until the last answer. */
  generation: number;
  cpu: number;
  rss: number;
}

interface Contender {
  name: string;
  command: string[];
}

/**
 * `npm run bench -- client [--requests 2000] [--in-flight 512] [--json]`: this client, as a shard uses it, beside what people write, against
 * the same server. Each in a process of its own, in turns; medians.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      requests: { type: 'string', default: '2000' },
      'in-flight': { type: 'string', default: '512' },
      json: { type: 'boolean', default: false },
    },
  });
  const requests = Number(values.requests);
  const inFlight = Number(values['in-flight']);
  const log = (line: string) => process.stderr.write(`${line}\n`);
  const requirements = join(folder, 'requirements.txt');
  const variable = 'CRITIQUE_LOOP_BENCH_PYTHON';
  const python = await ensurePython({ log, requirements, variable, cost: "with OpenAI's client (10 seconds, once)" });
  const node = (file: string) => [process.execPath, join(folder, file)];
  const contenders: Contender[] = [
    { name: 'critique-loop', command: node('ours.mjs') },
    { name: 'undici.request', command: node('undici.mjs') },
    { name: 'openai (Node)', command: node('openai.mjs') },
    { name: 'openai (Python, gather)', command: [python, join(folder, 'gather.py')] },
  ];
  const work = await mkdtemp(join(tmpdir(), 'critique-loop-bench-'));
  try {
    const asked = join(work, 'questions.jsonl');
    await writeFile(asked, linesOf(requests));
    const found = [];
    for (const latency of LATENCIES) {
      const goes = new Map<string, Go[]>(contenders.map(({ name }) => [name, []]));
      for (let round = 0; round < ROUNDS; round++)
        for (const { name, command } of contenders) {
          const output = join(work, `${latency}-${round}-${name}`);
          goes.get(name)!.push(await goOnce(latency, [...command], [asked, output, String(inFlight)]));
        }
      found.push({ latency, contenders: summaries(goes, requests) });
    }
    if (values.json) console.log(JSON.stringify({ requests, inFlight, rounds: ROUNDS, latencies: found }));
    else for (const { latency, contenders } of found) print(latency, contenders);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function linesOf(count: number): string {
  return [...questions({ seed: 1, split: 'train', count })]
    .map((question) => `${JSON.stringify({ question, prompt: questionPrompt('base', 'solution', question) })}\n`)
    .join('');
}

async function goOnce(latency: number, [command, ...first]: string[], rest: string[]): Promise<Go> {
  const server = spawn(process.execPath, [join(folder, 'server.mjs'), String(latency)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const port = await new Promise<string>((resolve) => createInterface(server.stdout).once('line', resolve));
    const { stdout } = await promisify(execFile)(command!, [...first, `http://127.0.0.1:${port}/v1`, ...rest]);
    return JSON.parse(stdout) as Go;
  } finally {
    server.kill();
  }
}

interface Summary {
  name: string;
  wallSeconds: number;
  generationSeconds: number;
  cpuMsPerRow: number;
  rssMiB: number;
  /** How often our wall time it takes. */
  timesOurs: number;
}

function summaries(goes: Map<string, Go[]>, requests: number): Summary[] {
  const summary = [...goes].map(([name, all]) => ({
    name,
    wallSeconds: median(all.map(({ wall }) => wall)) / 1000,
    generationSeconds: median(all.map(({ generation }) => generation)) / 1000,
    cpuMsPerRow: median(all.map(({ cpu }) => cpu)) / requests,
    rssMiB: median(all.map(({ rss }) => rss)),
  }));
  const ours = summary[0]!.wallSeconds;
  return summary.map((it) => ({ ...it, timesOurs: it.wallSeconds / ours }));
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

function print(latency: number, contenders: Summary[]): void {
  console.log(`\n${latency} ms`);
  console.table(
    Object.fromEntries(
      contenders.map(({ name, ...numbers }) => [
        name,
        Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, Number(value.toFixed(2))])),
      ]),
    ),
  );
}
