import { subscribe } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startLocal } from '../../src/cli/local.ts';
import type { SelfImproveInput } from '../../src/config/self-improve.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import type { selfImprove } from '../../src/workflows/self-improve.ts';
import { activityRuns } from '../support/activity-runs.ts';
import { startEngine } from '../support/engine-process.ts';
import { attribute, latestFirst, type Span, sum, without } from '../support/spans.ts';
import { type TrainerSpans, trainerSpans } from '../support/trainer-spans.ts';

const root = join(import.meta.dirname, '../..');

/** Of the long run: an engine that takes so long for each answer, and so many of them side by side. */
const LATENCY_MS = 200;
const SIDE_BY_SIDE = 64;
const POOL = 12_000;

interface Measured {
  run: string;
  /** From the start of the workflow to its result. */
  wallSeconds: number;
  /** While at least one request was with the engine. */
  engineSeconds: number;
  /** While a trainer process ran, from its start to its result, and of that until it began its first step: Python and its imports. */
  trainerSeconds: number;
  trainerStartSeconds: number;
  /** Share of the wall time in which neither worked. */
  overhead: number;
  /** The same where a trainer works from its first step on. */
  overheadWithTrainerStarts: number;
  /** Seconds of the overhead by what ran then: an activity, or nothing but Temporal. */
  causes: Record<string, number>;
}

/**
 * `npm run bench -- overhead [--run demo|long] [--json]`: a whole run by real parts, and how much of it neither the engine nor the trainer
 * worked. `demo` is runs/demo.json with the embedded engine. `long` has a larger pool, and an engine that takes 200 ms for each answer.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { run: { type: 'string', default: 'demo' }, json: { type: 'boolean', default: false } },
  });
  const folder = await mkdtemp(join(tmpdir(), 'critique-loop-bench-'));
  process.chdir(folder);
  const demo = JSON.parse(await readFile(join(root, 'runs/demo.json'), 'utf8')) as SelfImproveInput;
  const engine = values.run === 'long' ? await startEngine(longEngine(demo, folder)) : null;
  const requests = watchRequests();
  const local = await startLocal({ log: (line) => process.stderr.write(`${line}\n`) });
  try {
    const started = Date.now();
    await local.client.workflow.execute<typeof selfImprove>('selfImprove', {
      workflowId: 'bench',
      taskQueue: QUEUES.workflows,
      args: [engine ? longRun(demo, engine.url) : demo],
    });
    const wall: Span = [started, Date.now()];
    const trainers = await trainerSpans(join(folder, '.critique-loop/store/runs/bench'));
    const measured = compare(values.run, wall, requests(), trainers, await activityRuns(local.client, 'bench'));
    if (values.json) console.log(JSON.stringify(measured));
    else console.log(measured);
  } finally {
    await local.stop();
    await engine?.kill();
    process.chdir(root);
    await rm(folder, { recursive: true, force: true });
  }
}

const longEngine = (demo: SelfImproveInput, folder: string) => ({
  store: join(folder, '.critique-loop/store'),
  train: POOL,
  test: demo.test.count!,
  latencyMs: LATENCY_MS,
});

function longRun(demo: SelfImproveInput, url: string): SelfImproveInput {
  const endpoint = { baseUrl: url, maxInFlight: SIDE_BY_SIDE };
  return {
    ...demo,
    samples: 1,
    actor: { ...demo.actor, endpoint },
    critic: { ...demo.critic!, model: 'critic', endpoint },
    questions: { ...demo.questions, count: POOL },
    test: { ...demo.test, seed: 1 },
  } as SelfImproveInput;
}

/** Watches this process's requests for generations. Gives the spans in which at least one was under way. */
function watchRequests(): () => Span[] {
  const spans: Span[] = [];
  const underWay = new Set<unknown>();
  let since = 0;
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { path: string; method: string } };
    if (request.method !== 'POST' || !/completions$/.test(request.path)) return;
    if (underWay.size === 0) since = Date.now();
    underWay.add(request);
  });
  for (const end of ['undici:request:trailers', 'undici:request:error'])
    subscribe(end, (message) => {
      const { request } = message as { request: unknown };
      if (underWay.delete(request) && underWay.size === 0) spans.push([since, Date.now()]);
    });
  return () => spans;
}

function compare(
  run: string,
  wall: Span,
  requests: Span[],
  trainers: TrainerSpans[],
  activities: { name: string; span: Span }[],
): Measured {
  const whole = trainers.map(({ whole }) => whole);
  const starts = trainers.map(({ start }) => start);
  const idle = without(wall, [...requests, ...whole]);
  const [wallMs, idleMs] = [sum([wall]), sum(idle)];
  const { byName, rest } = attribute(idle, latestFirst(activities));
  const causes = [...byName, ['Temporal', rest] as const];
  return {
    run,
    wallSeconds: seconds(wallMs),
    engineSeconds: seconds(sum(requests)),
    trainerSeconds: seconds(sum(whole)),
    trainerStartSeconds: seconds(sum(starts)),
    overhead: share(idleMs, wallMs),
    overheadWithTrainerStarts: share(idleMs + sum(starts), wallMs),
    causes: Object.fromEntries(
      causes
        .filter(([, ms]) => ms >= 1)
        .sort(([, a], [, b]) => b - a)
        .map(([name, ms]) => [name, seconds(ms)]),
    ),
  };
}

const seconds = (ms: number) => Math.round(ms / 10) / 100;
const share = (part: number, whole: number) => Math.round((10_000 * part) / whole) / 10_000;
