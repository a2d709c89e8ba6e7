import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { Workflow, WorkflowResultType } from '@temporalio/common';
import { packageRoot } from '../../backends/package.ts';
import type { CommonProgress } from '../../workflows/contract.ts';
import { QUEUES } from '../../workflows/queues.ts';
import { type Local, startLocal } from '../local.ts';
import { mistakeInPath } from '../read-file.ts';
import { SetupError } from '../setup/setup-error.ts';

export interface DemoOptions {
  seed?: number;
  inputFile: string;
  json?: boolean;
}

/** What is particular to the demo of one workflow. */
export interface Demo<W extends Workflow, P extends CommonProgress> {
  workflow: string;
  /** Its workflow ID begins so. */
  name: string;
  /** What the UI calls it. */
  summary: string;
  /** What differs from the file. */
  change?: object;
  /** Where it is, without the stage. */
  place(progress: P): string;
  /** Lines that tell what has come out so far; more with time. */
  news(progress: P): string[];
  conclusion(result: WorkflowResultType<W>): string;
  /** The line that programs read. */
  summarize(result: WorkflowResultType<W>): object;
}

/** One run on this machine from nothing to its report. Killed and called again, it goes on where it was. */
export async function runDemo<W extends Workflow, P extends CommonProgress>(
  demo: Demo<W, P>,
  options: DemoOptions,
): Promise<void> {
  const input = { ...(await readInput(options)), ...demo.change };
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const local = await startLocal({ log: say });
  try {
    const { handle, resumed } = await startOrResume(local.client, input, demo);
    say(introduction(local, handle.workflowId, resumed));
    const following = follow(handle, demo, say);
    const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => null);
    const result = await Promise.race([handle.result(), interrupted, local.failed]).finally(following.stop);
    if (result === null) {
      say('\nInterrupted. The same command goes on from here.');
      process.exitCode = 130;
      return;
    }
    say(demo.conclusion(result));
    if (options.json) say(JSON.stringify(demo.summarize(result)));
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw new SetupError(`the run failed: ${causes(error)}`);
    throw error;
  } finally {
    await local.stop();
  }
}

async function readInput({ seed, inputFile }: DemoOptions): Promise<object> {
  const file = [resolve(inputFile), join(packageRoot, inputFile)].find((path) => existsSync(path)) ?? inputFile;
  const mistake = mistakeInPath(file);
  if (mistake !== null) throw new SetupError(mistake);
  const text = await readFile(file, 'utf8');
  try {
    return { ...JSON.parse(text), ...(seed !== undefined && { seed }) };
  } catch (error) {
    throw new SetupError(`${file}: expected JSON: ${(error as Error).message}`);
  }
}

/** An unfinished demo of the same input is taken up again; else a new one starts. */
async function startOrResume<W extends Workflow>(
  client: Client,
  input: object,
  { workflow, name, summary }: Pick<Demo<W, never>, 'workflow' | 'name' | 'summary'>,
): Promise<{ handle: WorkflowHandle<W>; resumed: boolean }> {
  const wanted = JSON.stringify(input);
  const running = client.workflow.list({ query: `WorkflowType = '${workflow}' AND ExecutionStatus = 'Running'` });
  for await (const { workflowId, memo } of running)
    if (memo?.demo === wanted) return { handle: client.workflow.getHandle<W>(workflowId), resumed: true };
  const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const { workflowId } = await client.workflow.start(workflow, {
    workflowId: `${name}-${stamp}`,
    taskQueue: QUEUES.workflows,
    args: [input],
    memo: { demo: wanted },
    staticSummary: summary,
  });
  return { handle: client.workflow.getHandle<W>(workflowId), resumed: false };
}

function introduction({ server }: Local, workflowId: string, resumed: boolean): string {
  const address = server.address === '127.0.0.1:7233' ? '' : ` --address ${server.address}`;
  const temporal = (command: string) => `  npx critique-loop temporal workflow ${command}${address}`;
  return `
${resumed ? 'Going on with' : 'Started'} ${workflowId}
Watch it:  ${server.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}
${temporal(`query --workflow-id ${workflowId} --name progress`)}
${temporal(`signal --workflow-id ${workflowId} --name stop --input '{"mode":"drain"}'`)}
`;
}

/** Prints each stage as it begins, and what has come out as it comes. */
function follow<P extends CommonProgress>(
  handle: Pick<WorkflowHandle, 'query'>,
  demo: Pick<Demo<Workflow, P>, 'place' | 'news'>,
  say: (line: string) => void,
): { stop: () => void } {
  const started = Date.now();
  const elapsed = () => `${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s`;
  let going = true;
  let last = '';
  let told = 0;
  void (async () => {
    for (; going; await sleep(500)) {
      const progress = await handle.query<P>('progress').catch(() => null);
      if (!progress || !going) continue;
      const news = demo.news(progress);
      for (const line of news.slice(told)) say(`${elapsed()}  ${line}`);
      told = news.length;
      const now = `${demo.place(progress)}  ${progress.stage}`;
      if (now !== last && progress.state === 'running' && progress.rows.total > 0)
        say(`${elapsed()}  ${now}: ${progress.rows.total} rows`);
      last = now;
    }
  })();
  return {
    stop: () => {
      going = false;
    },
  };
}

export const BROWSE = 'Browse it:   npx critique-loop dev   (the UI shows this run and earlier ones)';

/** The messages of an error and of what caused it, the innermost being the one that helps. */
function causes(error: Error): string {
  const messages: string[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) messages.push(cause.message);
  return [...new Set(messages)].join(': ');
}
