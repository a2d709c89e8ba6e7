import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ShardResult } from '../../../src/activities/shard.ts';
import type { evaluate } from '../../../src/workflows/evaluate.ts';
import { QUEUES } from '../../../src/workflows/queues.ts';
import { cutShards } from '../../../src/workflows/shards.ts';
import { type ActivityRun, activityRuns } from '../../support/activity-runs.ts';
import { startBenchServer } from '../../support/bench-server.ts';
import { CpuWatch } from '../../support/cpu-watch.ts';
import type { ProcessInfo } from '../../support/process-tree.ts';
import type { Span } from '../../support/spans.ts';
import { type SpawnedWorker, spawnWorker } from '../../support/workers.ts';
import { type Asked, TEMPERATURE, tested } from './asked.ts';

/** How the service answered the samples of an evaluation. */
export interface Drawn {
  completionTokens: number;
  /** From the start of the first activity that samples to the end of the last, by the history. */
  seconds: number;
  span: Span;
  shards: (ShardResult & { worker: string })[];
}

/** Temporal's server, a worker for workflows and cpu, and for each GPU an inference worker with an engine of its own. */
export class Service {
  readonly client: Client;
  readonly store: string;
  readonly inference: readonly SpawnedWorker[];
  readonly #asked: Asked & { model: string };
  readonly #others: SpawnedWorker;
  readonly #server: { stop(): Promise<void> };

  private constructor(
    parts: Pick<Service, 'client' | 'store' | 'inference'> & {
      asked: Asked & { model: string };
      others: SpawnedWorker;
      server: { stop(): Promise<void> };
    },
  ) {
    this.client = parts.client;
    this.store = parts.store;
    this.inference = parts.inference;
    this.#asked = parts.asked;
    this.#others = parts.others;
    this.#server = parts.server;
  }

  /** Resolves once every engine has answered. */
  static async start(options: {
    asked: Asked & { model: string };
    gpus: readonly string[];
    args: readonly string[];
    log: (line: string) => void;
  }): Promise<Service> {
    const { asked, gpus, args, log } = options;
    const server = await startBenchServer();
    const { address, folder } = server;
    const store = join(folder, 'store');
    const others = await spawnWorker({ roles: ['workflows', 'cpu'], address, store });
    const inference = await Promise.all(
      gpus.map((gpu) =>
        spawnWorker({
          roles: ['inference'],
          address,
          store,
          onLog: ({ msg }) => {
            if (String(msg).includes('vLLM')) log(String(msg));
          },
          env: {
            CRITIQUE_LOOP_ENGINE: process.env.CRITIQUE_LOOP_ENGINE ?? 'vllm',
            CRITIQUE_LOOP_VLLM_ARGS: args.join(' '),
            CRITIQUE_LOOP_VLLM_MODEL: asked.model,
            // The GPU is this bench's, and several of its engines share it.
            CRITIQUE_LOOP_GPU_LOCKS: join(folder, `locks-${gpu}`),
            CRITIQUE_LOOP_CACHE: join(folder, `cache-${gpu}`),
            CUDA_VISIBLE_DEVICES: gpu,
          },
        }),
      ),
    );
    const client = new Client({ connection: await Connection.connect({ address }) });
    const service = new Service({ client, store, inference, asked, others, server });
    try {
      await service.#evaluate('warm-up', { questions: WARM_UP, samples: asked.samples });
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  /** An evaluation: of each question a greedy answer, then the samples. */
  async draw(id: string, meanwhile: () => Promise<void> = async () => {}): Promise<Drawn> {
    await Promise.all([this.#evaluate(id, this.#asked), meanwhile()]);
    const sampled = (await activityRuns(this.client, `${id}/samples`)).filter(({ name }) => name === 'sampleResponses');
    return drawn(sampled);
  }

  /** Of the samples of an evaluation that runs, by the heartbeats; 0 before there are any. @throws Error once they are all drawn */
  async questionsDone(id: string): Promise<number> {
    const described = await this.client.workflow
      .getHandle(`${id}/samples`)
      .describe()
      .catch(() => null);
    if (described && described.status.name !== 'RUNNING')
      throw new Error(`${id} was over too soon: ask more questions`);
    const pending = described?.raw.pendingActivities ?? [];
    if (pending.length === 0) return 0;
    const { questions } = this.#asked;
    const inShard = questions / cutShards(questions).length;
    const left = pending.map(({ heartbeatDetails }) => {
      const [payload] = heartbeatDetails?.payloads ?? [];
      return inShard - (payload ? (defaultPayloadConverter.fromPayload<{ done?: number }>(payload).done ?? 0) : 0);
    });
    return Math.round(questions - left.reduce((total, items) => total + items, 0));
  }

  /** Cores that the parts of an inference worker take meanwhile. */
  watch(): CpuWatch {
    return new CpuWatch(
      this.inference.map(({ pid }) => pid),
      partOf,
    );
  }

  async stop(): Promise<void> {
    await this.client.connection.close();
    await Promise.all([...this.inference, this.#others].map((worker) => worker.stop()));
    await this.#server.stop();
  }

  async #evaluate(id: string, { questions, samples }: Pick<Asked, 'questions' | 'samples'>): Promise<void> {
    const { model, maxTokens } = this.#asked;
    await this.client.workflow.execute<typeof evaluate>('evaluate', {
      workflowId: id,
      taskQueue: QUEUES.workflows,
      // What an engine lacks is waited for, and may never come.
      workflowExecutionTimeout: '6 minutes',
      args: [
        {
          seed: 1,
          actor: { model, temperature: TEMPERATURE, maxTokens },
          critic: null,
          questions: tested({ questions }),
          samples,
        },
      ],
    });
  }
}

/** As many shards as there are at most, so that every worker gets some. What draws samples is compiled when it is first needed, too. */
const WARM_UP = 400;

function drawn(sampled: ActivityRun[]): Drawn {
  const shards = sampled.map(({ worker, result }) => ({ ...(result as ShardResult), worker }));
  const span: Span = [
    Math.min(...sampled.map(({ span: [from] }) => from)),
    Math.max(...sampled.map(({ span: [, to] }) => to)),
  ];
  return {
    completionTokens: shards.reduce((total, { tokens }) => total + tokens.completion, 0),
    seconds: (span[1] - span[0]) / 1000,
    span,
    shards,
  };
}

function partOf({ command }: ProcessInfo): string | null {
  if (command.includes('EngineCore')) return 'engineCore';
  if (command.includes('APIServer') || /\bserve\b.* --port /.test(command)) return 'apiServer';
  return command.includes('main.js worker') ? 'worker' : null;
}
