import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { QUEUES } from '../../src/workflows/queues.ts';
import { FakeOpenAi } from './fake-openai.ts';
import { FakeVllmFolder } from './fake-vllm.ts';
import { temporaryFolder } from './folder.ts';
import { freePort } from './own-server.ts';
import { allQuestions, aRun } from './run-input.ts';
import { spawnWorker } from './workers.ts';

export interface ObservedRun {
  /** Where the worker's metrics are: host:port. */
  metrics: string;
  /** Resolves when the run has completed. */
  completed: Promise<void>;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');

/**
 * A small run on one real worker that does a bit of everything: the actor is behind an endpoint that fails now and then, the critic in
 * the worker's own (fake) vLLM, and what trains is a fake, too. Beside it a run that is refused.
 */
export async function startObservedRun(options: {
  id: string;
  address: string;
  pool?: number;
  iterations?: number;
}): Promise<ObservedRun> {
  const { id, address, pool = 20, iterations = 1 } = options;
  const folder = await temporaryFolder();
  const store = join(folder, 'store');
  const fake = await FakeOpenAi.start({ questions: allQuestions(), store });
  let asked = 0;
  fake.fault = () => {
    asked++;
    if (asked === 5) return { status: 429 };
    return asked === 9 ? { status: 500 } : { delayMs: 20 };
  };
  const vllm = new FakeVllmFolder(folder);
  const critic = await vllm.model('critic');
  const metrics = `127.0.0.1:${await freePort()}`;
  const worker = await spawnWorker({
    roles: 'all',
    address,
    store,
    env: {
      CRITIQUE_LOOP_METRICS: metrics,
      CRITIQUE_LOOP_ENGINE: 'vllm',
      CRITIQUE_LOOP_VLLM: vllm.command.join(' '),
      CRITIQUE_LOOP_CACHE: join(folder, 'cache'),
      CRITIQUE_LOOP_PYTHON: 'python3',
      CRITIQUE_LOOP_LLAMAFACTORY: `${process.execPath} ${join(root, 'test/support/fake-llamafactory.mjs')}`,
    },
  });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const start = async (workflowId: string, input: object) =>
    await client.workflow.start('selfImprove', { workflowId, taskQueue: QUEUES.workflows, args: [input] });
  const input = aRun({
    actorFolder: join(root, 'models/actor'),
    url: fake.url,
    pool,
    tested: 10,
    iterations,
    actor: { maxTokens: 64 },
    training: { backend: 'llamafactory' },
    critic: { ...critic.config, endpoint: undefined, maxTokens: 64 },
  });
  const refused = await start(`${id}-refused`, { ...input, iterations: -1 });
  const run = await start(id, input);
  const completed = refused.result().then(
    () => Promise.reject(new Error('a wrong input was taken')),
    async () => {
      await run.result();
    },
  );
  completed.catch(() => {});
  return {
    metrics,
    completed,
    stop: async () => {
      await run.terminate().catch(() => {});
      await worker.stop();
      await fake.close();
      await client.connection.close();
    },
  };
}
