import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Encryption } from '../../src/cli/codec/encryption.ts';
import { addKey, readKeys } from '../../src/cli/codec/keys.ts';
import { openPayloads } from '../../src/cli/payloads.ts';
import { run } from '../../src/cli/setup/process.ts';
import type { evaluate } from '../../src/workflows/evaluate.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import { eventually } from '../support/bench.ts';
import { launchBrowser } from '../support/browser.ts';
import { startCommandWith } from '../support/command.ts';
import { anEvaluation, questionsOf } from '../support/evaluate-input.ts';
import { FakeOpenAi } from '../support/fake-openai.ts';
import { temporaryFolder } from '../support/folder.ts';
import { temporalAddress, temporalCli } from '../support/temporal.ts';
import { installLogger, spawnWorker } from '../support/workers.ts';

/** What is looked for in the server's database, by where it was put. */
const PLANTED = {
  field: 'planted-in-a-field',
  question: 'planted-in-a-question',
  error: 'planted-in-a-wrong-field',
  reason: 'planted-in-a-reason',
  summary: 'planted-in-a-summary',
  memo: 'planted-in-a-memo',
};

interface Site {
  folder: string;
  uiUrl: string;
  codecEndpoint: string | undefined;
  /** `critique-loop temporal ...`, or the Temporal CLI by itself. */
  temporal(...args: string[]): Promise<string>;
  plain(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** `critique-loop dev` in a folder, and a terminal beside it. */
async function startSite(folder: string, keys: string): Promise<Site> {
  const env = { CRITIQUE_LOOP_CODEC_KEYS: keys };
  const { child, output } = startCommandWith(env, folder, 'dev');
  await eventually('its start', async () => /^Ready/m.test(output()), 120_000);
  const address = /--address (\S+)/.exec(output())?.[1] ?? '127.0.0.1:7233';
  const terminal = { ...env, TEMPORAL_ADDRESS: address };
  return {
    folder,
    uiUrl: /^UI: (\S+)/m.exec(output())![1]!,
    codecEndpoint: /TEMPORAL_CODEC_ENDPOINT=(\S+)/.exec(output())?.[1],
    temporal: (...args) => finished(startCommandWith(terminal, folder, 'temporal', ...args)),
    plain: async (...args) => (await run(temporalCli, ['--address', address, ...args])).stdout,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function finished({ child, output }: ReturnType<typeof startCommandWith>): Promise<string> {
  await once(child, 'close');
  return output();
}

const start = ['workflow', 'start', '--task-queue', QUEUES.workflows, '--type', 'evaluate', '--fail-existing'];

async function startFake(models: string[]): Promise<FakeOpenAi> {
  const fake = await FakeOpenAi.start({ questions: questionsOf(40), models });
  onTestFinished(() => fake.close());
  return fake;
}

/** A run that fails, one whose questions are wrong, and one that is stopped; all as people start them, with something planted. */
async function use(site: Site): Promise<void> {
  const { folder, temporal } = site;
  const fake = await startFake(['actor', PLANTED.field]);
  fake.hold(() => true);
  const input = anEvaluation({ url: fake.url, critic: { model: PLANTED.field } });
  const bad = join(folder, 'bad.jsonl');
  await writeFile(bad, `${JSON.stringify({ question: PLANTED.question, answer: PLANTED.question })}\n`);
  const files = {
    wrong: { ...input, [PLANTED.error]: 1 },
    questions: { ...input, questions: { source: 'file', path: bad } },
    stopped: input,
  };
  for (const [id, file] of Object.entries(files)) {
    await writeFile(join(folder, `${id}.json`), JSON.stringify(file));
    const notes = ['--static-summary', PLANTED.summary, '--memo', `note="${PLANTED.memo}"`];
    const told = await temporal(...start, '--workflow-id', id, '--input-file', `${id}.json`, ...notes);
    expect(told).toContain(id);
  }
  const stop = JSON.stringify({ mode: 'now', reason: PLANTED.reason });
  await temporal('workflow', 'signal', '--workflow-id', 'stopped', '--name', 'stop', '--input', stop);
  const ends = await Promise.all(Object.keys(files).map((id) => temporal('workflow', 'result', '--workflow-id', id)));
  expect(ends.map((end) => /Status\s+(\w+)/.exec(end)?.[1])).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
}

/** The names of what is in the bytes of the server's database as it was written, journals included. */
async function foundIn(folder: string): Promise<string[]> {
  const own = join(folder, '.critique-loop');
  const entries = await readdir(own, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && entry.name.startsWith('temporal.')).map(({ name }) => name);
  expect(names).toContain('temporal.db');
  const bytes = Buffer.concat(await Promise.all(names.map((name) => readFile(join(own, name)))));
  expect(bytes.length).toBeGreaterThan(100_000);
  return Object.entries(PLANTED)
    .filter(([, phrase]) => bytes.includes(phrase))
    .map(([name]) => name);
}

async function newKeys(folder: string): Promise<string> {
  const file = join(folder, 'keys');
  await addKey(file);
  return file;
}

it("without keys, all that is planted is in the server's database", async () => {
  const site = await startSite(await temporaryFolder(), '');
  onTestFinished(site.stop);
  await use(site);
  expect(site.codecEndpoint).toBeUndefined();
  expect(await foundIn(site.folder)).toEqual(Object.keys(PLANTED));
});

describe('with keys', () => {
  let site: Site;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'critique-loop-test-'));
    site = await startSite(folder, await newKeys(folder));
  });

  afterAll(async () => {
    await site.stop();
    await rm(site.folder, { recursive: true, force: true });
  });

  it("none of it is in the server's database", async () => {
    await use(site);
    expect(await foundIn(site.folder)).toEqual([]);
  });

  it('the CLI shows it, through a codec server of its own or one that is named', async () => {
    const result = ['workflow', 'result', '--workflow-id', 'stopped'];
    expect(await site.temporal(...result)).toContain(PLANTED.reason);
    expect(await site.plain(...result, '--codec-endpoint', site.codecEndpoint!)).toContain(PLANTED.reason);
    expect(await site.plain(...result)).not.toContain(PLANTED.reason);
  });

  it('the UI shows it', async (context) => {
    const browser = await launchBrowser(context);
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${site.uiUrl}/namespaces/default/workflows/wrong`);
    for (const text of [`"${PLANTED.error}": 1`, `${PLANTED.error}: is not a known field`, PLANTED.summary])
      await page.waitForFunction(`document.body.innerText.includes(${JSON.stringify(text)})`, { timeout: 90_000 });
  });
});

it('a run goes on under a new key, and waits for a worker that has none', async () => {
  const file = await newKeys(await temporaryFolder());
  const [first] = await readKeys(file);
  const keys = { CRITIQUE_LOOP_CODEC_KEYS: file };
  const store = await temporaryFolder();
  const fake = await startFake(['actor', 'critic']);
  const connection = await Connection.connect({ address: temporalAddress });
  onTestFinished(() => connection.close());
  const client = new Client({ connection, dataConverter: { payloadCodecs: [await Encryption.open(file)] } });
  const worker = (env: Record<string, string>) => spawnWorker({ roles: 'all', address: temporalAddress, store, env });

  const before = await worker(keys);
  const held = fake.hold(() => true);
  const handle = await client.workflow.start<typeof evaluate>('evaluate', {
    workflowId: 'rotated',
    taskQueue: QUEUES.workflows,
    args: [anEvaluation({ url: fake.url })],
  });
  onTestFinished(() =>
    handle.terminate().then(
      () => {},
      () => {},
    ),
  );
  await held.reached();
  await before.stop();
  held.release();

  const none = await worker({ CRITIQUE_LOOP_CODEC_KEYS: '' });
  const missing = `encrypted under the key "${first!.id}": CRITIQUE_LOOP_CODEC_KEYS is not set here`;
  await eventually('the worker without a key says so', async () =>
    (await failuresOf(client, 'rotated')).includes(missing),
  );
  await none.stop();

  const second = await addKey(file);
  const after = await worker(keys);
  onTestFinished(() => after.kill());
  expect((await handle.result()).status).toBe('completed');
  expect(fake.repeated).toEqual([]);
  const history = await handle.fetchHistory();
  for (const id of [first!.id, second]) expect(historyToJSON(history)).toContain(Buffer.from(id).toString('base64'));
  installLogger();
  const { dataConverter, workflowBundle } = await openPayloads({ codecKeys: file });
  await Worker.runReplayHistory({ workflowBundle: { codePath: workflowBundle }, dataConverter }, history, 'rotated');
});

/** Of what is pending, and of the last workflow task of each of a run's workflows: as the server has them. */
async function failuresOf(client: Client, run: string): Promise<string> {
  const texts: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query: `WorkflowId STARTS_WITH '${run}'` })) {
    const handle = client.workflow.getHandle(workflowId);
    const { raw } = await handle.describe();
    const { events } = await handle.fetchHistory();
    texts.push(...(raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? ''));
    texts.push(...(events ?? []).map((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? ''));
  }
  return texts.join('\n');
}
