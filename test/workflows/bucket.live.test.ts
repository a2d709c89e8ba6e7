import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { report } from '../../src/cli/report.ts';
import { Bench, eventually, fingerprint } from '../support/bench.ts';
import { anEvaluation } from '../support/evaluate-input.ts';
import type { FakeOpenAi } from '../support/fake-openai.ts';
import { temporaryFolder } from '../support/folder.ts';
import { expectNone, leftBehind } from '../support/left-behind.ts';
import { type OwnServer, startOwnServer } from '../support/own-server.ts';
import { allQuestions, aRun } from '../support/run-input.ts';
import { S3_KEYS, startS3Server } from '../support/s3-server.ts';
import { aStudy } from '../support/study-input.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';

const server = await startS3Server();
if (server) Object.assign(process.env, server.env);
let temporal: OwnServer;
beforeAll(async () => {
  temporal = await startOwnServer(temporalCli, {});
});
const inFolder = Bench.use(() => temporalAddress);
const inBucket = Bench.use(() => temporal.address, { store: 's3://bucket/loop' });
afterAll(async () => {
  await temporal.stop();
  await server?.remove();
});

/** Where the files of a bench's store are on this disk. */
const filesOf = (bench: Bench) => (bench === inFolder ? bench.workers.store.root : join(server!.bucketFolder, 'loop'));

const engine = (bench: Bench): Promise<FakeOpenAi> =>
  bench.fake({
    questions: allQuestions(),
    models: ['actor', 'critic', inFolder.actorFolder],
    store: filesOf(bench),
    names: 'keys',
  });

type Start = (bench: Bench, url: string) => Promise<WorkflowHandle>;

const improve: Start = (bench, url) =>
  bench.start('improve', aRun({ actorFolder: inFolder.actorFolder, url, pool: 30, tested: 20, iterations: 1 }));

const tune: Start = async (bench, url) => {
  const endpoint = { baseUrl: url };
  const questions = { source: 'arithmetic', split: 'test', seed: 1, count: 20 } as const;
  return await bench.startFineTune('tune', {
    base: inFolder.actorFolder,
    data: 'runs/improve/iteration-1/sft.jsonl',
    evaluation: { questions, endpoint, against: 'runs/improve/iteration-0/fine-tune/checkpoint' },
    promote: { as: 'actor', when: 'always' },
  });
};

const next: Start = async (bench, url) =>
  await bench.startFineTune('next', {
    base: 'promoted/actor',
    data: 'runs/tune/sft.jsonl',
    evaluation: {
      questions: { source: 'file', path: 'runs/improve/datasets/test.jsonl', answers: 'plain', fields: FIELDS },
      endpoint: { baseUrl: url },
    },
  });
const FIELDS = { question: 'question', answer: 'reference', id: 'id' };

const evaluation: Start = async (bench, url) =>
  await bench.startEvaluation(
    'evaluation',
    anEvaluation({ url, tested: 20, actor: { model: 'promoted/actor' }, critic: { model: 'critic' } }),
  );

const study: Start = async (bench, url) =>
  await bench.startStudy(
    'study',
    aStudy({ actorFolder: inFolder.actorFolder, url, pool: 20, tested: 10, evaluation: { samples: 2 } }),
  );

/** Hashes of all rows of a run and of those that it started. */
async function rowsOf(bench: Bench, { workflowId }: WorkflowHandle): Promise<Record<string, string>> {
  const folder = filesOf(bench);
  const report = join(folder, 'runs', workflowId, 'study.json');
  const steps = existsSync(report) ? JSON.parse(await readFile(report, 'utf8')).steps : [];
  const children = workflowId === 'tune' ? ['tune-candidate', 'tune-against'] : [];
  const ids = [workflowId, ...steps.map((step: { workflowId: string }) => step.workflowId), ...children];
  const found = ids.filter((id) => existsSync(join(folder, 'runs', id)));
  return Object.fromEntries(await Promise.all(found.map(async (id) => [id, await fingerprint(folder, id)])));
}

/** Every SHA-256 in a result. */
const hashesIn = (result: unknown): string[] => JSON.stringify(result).match(/"sha256":"[0-9a-f]{64}"/g) ?? [];

describe.skipIf(!server)('a store in a bucket', () => {
  it.each([
    ['selfImprove', improve],
    ['fineTune with evaluation and promotion', tune],
    ['fineTune of what another promoted', next],
    ['evaluate', evaluation],
    ['study', study],
  ] as const)('%s ends with the rows and hashes of one in a folder', { timeout: 900_000 }, async (_, start) => {
    const fake = await engine(inFolder);
    const inOne = await start(inFolder, fake.url);
    const result = await inOne.result();
    const port = Number(new URL(fake.url).port);
    await fake.close();
    // The same URL: it is part of what a study's children are called after.
    const again = await inBucket.fake(
      {
        questions: allQuestions(),
        models: ['actor', 'critic', inFolder.actorFolder],
        store: filesOf(inBucket),
        names: 'keys',
      },
      port,
    );
    const inOther = await start(inBucket, again.url);
    const other = await inOther.result();
    expect(other).toMatchObject({ status: 'completed' });
    expect(hashesIn(other)).toEqual(hashesIn(result));
    const rows = await rowsOf(inBucket, inOther);
    expect(rows).toEqual(await rowsOf(inFolder, inOne));
    expect(Object.keys(rows).length).toBeGreaterThan(0);
    const left = await leftBehind(inBucket.client, inOther.workflowId, filesOf(inBucket));
    expect(left.join()).toContain('s3://bucket/loop/runs/');
    expectNone(Object.values(S3_KEYS), left);
  });

  it('gives a report that a browser opens, with the pages that it links to', async () => {
    vi.stubEnv('CRITIQUE_LOOP_STORE', 's3://bucket/loop');
    vi.stubEnv('CRITIQUE_LOOP_CACHE', await temporaryFolder());
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await report('study');
    const lines = written.mock.calls.join('').trimEnd().split('\n');
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    expect(lines.at(-2)).toBe('s3://bucket/loop/runs/study/report.html');
    const path = lines.at(-1)!;
    const links = [...(await readFile(path, 'utf8')).matchAll(/href="([^"#]+report\.html)"/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(existsSync(join(dirname(path), link))).toBe(true);
  });
});

/** What the newest attempt of an activity of a run or its children failed of. */
async function failures(bench: Bench, workflowId: string): Promise<string[]> {
  const all: string[] = [];
  for await (const { workflowId: id } of bench.client.workflow.list({
    query: `ExecutionStatus = 'Running' AND (WorkflowId = '${workflowId}' OR WorkflowId STARTS_WITH '${workflowId}/')`,
  })) {
    const { raw } = await bench.client.workflow.getHandle(id).describe();
    all.push(...(raw.pendingActivities ?? []).flatMap(({ lastFailure }) => lastFailure?.message ?? []));
  }
  return all;
}

const OUTAGE_MS = 8_000;

describe.skipIf(!server)('a bucket whose server is killed', () => {
  it('while a run samples, trains and evaluates: it is waited for, and nothing is lost', {
    timeout: 600_000,
  }, async () => {
    const fake = await engine(inBucket);
    fake.fault = () => ({ delayMs: 100 });
    const endpoint = { baseUrl: fake.url, maxInFlight: 8 };
    const input = (seed: number) =>
      aRun({
        actorFolder: inFolder.actorFolder,
        url: fake.url,
        pool: 60,
        tested: 60,
        seed,
        actor: { endpoint },
        critic: { endpoint },
      });
    const handle = await inBucket.start('outages', input(7));
    const answered = (stage: (question: string) => boolean) => {
      const before = fake.requests.length;
      return eventually(
        '20 answers',
        async () => {
          const since = fake.requests
            .slice(before)
            .filter(({ state, question }) => state === 'answered' && stage(question.id));
          return since.length >= 20;
        },
        120_000,
      );
    };
    const outage = async (during: string) => {
      await server!.stop();
      const said = await eventually(
        `a failure while it ${during}`,
        async () => {
          const messages = await failures(inBucket, 'outages');
          return messages.find((message) => message.includes('s3://bucket/loop/'));
        },
        60_000,
      );
      expect(said).toMatch(/S3 does not answer as it should: the run goes on by itself when it does/);
      await sleep(OUTAGE_MS);
      await server!.start();
    };
    const { training } = inBucket.workers;
    await answered((id) => id.startsWith('arithmetic-train'));
    await outage('samples');
    training.held = true;
    await eventually(
      'the second fine-tune',
      async () => training.submitted.some(({ output }) => output.includes('outages/iteration-1')),
      120_000,
    );
    training.held = false;
    await outage('trains');
    await answered((id) => id.startsWith('arithmetic-test'));
    await outage('evaluates');
    expect(await handle.result()).toMatchObject({ status: 'completed' });

    fake.fault = () => null;
    const calm = await inBucket.start('calm', input(7));
    await calm.result();
    expect(await fingerprint(filesOf(inBucket), 'outages')).toBe(await fingerprint(filesOf(inBucket), 'calm'));
  });
});
