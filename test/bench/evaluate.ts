import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { EvaluateInput } from '../../src/config/evaluate.ts';
import type { evaluate } from '../../src/workflows/evaluate.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import { startBenchServer, usageOf } from '../support/bench-server.ts';
import { questionsOf } from '../support/evaluate-input.ts';
import { FakeOpenAi } from '../support/fake-openai.ts';
import { spawnWorker } from '../support/workers.ts';

/**
 * `npm run bench -- evaluate [--questions 2000] [--samples 64] [--json]`: a whole evaluation with a server that answers at once. Prints
 * the worker's largest memory, the length of every history, and how long scoring took.
 */
export async function bench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      questions: { type: 'string', default: '2000' },
      samples: { type: 'string', default: '64' },
      json: { type: 'boolean', default: false },
    },
  });
  const count = Number(values.questions);
  const server = await startBenchServer();
  const fake = await FakeOpenAi.start({ questions: questionsOf(count), models: ['actor', 'critic'] });
  const store = join(server.folder, 'store');
  const worker = await spawnWorker({ roles: 'all', address: server.address, store });
  try {
    const client = new Client({ connection: await Connection.connect({ address: server.address }) });
    const endpoint = { baseUrl: fake.url };
    const input: EvaluateInput = {
      actor: { model: 'actor', endpoint },
      critic: { model: 'critic', endpoint },
      questions: { source: 'arithmetic', split: 'test', count, seed: 1 },
      samples: Number(values.samples),
      gates: ['always', 'verdict', 'oracle'],
      sequential: { rounds: 2 },
    };
    const started = Date.now();
    const result = await client.workflow.execute<typeof evaluate>('evaluate', {
      workflowId: 'bench',
      taskQueue: QUEUES.workflows,
      args: [input],
    });
    const seconds = (Date.now() - started) / 1000;
    const lengths: Record<string, number> = {};
    for await (const { workflowId } of client.workflow.list({ query: "WorkflowId STARTS_WITH 'bench'" }))
      lengths[workflowId] = (await client.workflow.getHandle(workflowId).describe()).historyLength;
    const found = {
      questions: result.questions,
      samples: input.samples,
      requests: fake.requests.length,
      seconds,
      scoreVotesSeconds: await activitySeconds(client, 'scoreVotes'),
      workerPeakMB: (await usageOf(worker.pid)).peakMB,
      events: lengths,
    };
    if (values.json) console.log(JSON.stringify(found));
    else console.log(found);
    await client.connection.close();
  } finally {
    await worker.stop();
    await fake.close();
    await server.stop();
  }
}

/** From its start to its end, by the history. */
async function activitySeconds(client: Client, name: string): Promise<number> {
  const { events } = await client.workflow.getHandle('bench').fetchHistory();
  const scheduled = events!.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name)!;
  const of = (id: unknown) => String(id) === String(scheduled.eventId);
  const started = events!.find((event) => of(event.activityTaskStartedEventAttributes?.scheduledEventId))!;
  const completed = events!.find((event) => of(event.activityTaskCompletedEventAttributes?.scheduledEventId))!;
  const ms = ({ eventTime }: typeof started) => Number(eventTime!.seconds) * 1000 + eventTime!.nanos! / 1e6;
  return (ms(completed) - ms(started)) / 1000;
}
