import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowFailedError, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { packageRoot } from '../backends/package.ts';
import type { SelfImproveInput } from '../config/self-improve.ts';
import type { Progress } from '../workflows/contract.ts';
import { QUEUES } from '../workflows/queues.ts';
import type { SelfImproveResult, selfImprove } from '../workflows/self-improve.ts';
import { type Local, startLocal } from './local.ts';
import { SetupError } from './setup/setup-error.ts';

export interface DemoOptions {
  vanilla?: boolean;
  seed?: number;
  inputFile: string;
  json?: boolean;
}

type Handle = Pick<WorkflowHandleWithFirstExecutionRunId<typeof selfImprove>, 'workflowId' | 'query' | 'result'>;

/** One `selfImprove` run on this machine from nothing to its report. Killed and called again, it goes on where it was. */
export async function demo(options: DemoOptions): Promise<void> {
  const input = await readInput(options);
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const local = await startLocal({ log: say });
  try {
    const { handle, resumed } = await startOrResume(local.client, input, options);
    say(introduction(local, handle.workflowId, resumed));
    const following = follow(handle, say);
    const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => null);
    const result = await Promise.race([handle.result(), interrupted, local.failed]).finally(following.stop);
    if (result === null) {
      say('\nInterrupted. The same command goes on from here.');
      process.exitCode = 130;
      return;
    }
    say(await conclusion(result));
    if (options.json) say(JSON.stringify(summarize(result)));
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw new SetupError(`the run failed: ${causes(error)}`);
    throw error;
  } finally {
    await local.stop();
  }
}

async function readInput({ vanilla, seed, inputFile }: DemoOptions): Promise<SelfImproveInput> {
  const file = [resolve(inputFile), join(packageRoot, inputFile)].find((path) => existsSync(path));
  if (!file) throw new SetupError(`there is no file ${inputFile}`);
  const text = await readFile(file, 'utf8');
  let input: SelfImproveInput;
  try {
    input = JSON.parse(text);
  } catch (error) {
    throw new SetupError(`${file}: expected JSON: ${(error as Error).message}`);
  }
  return { ...input, ...(vanilla && { critic: null }), ...(seed !== undefined && { seed }) };
}

/** An unfinished demo of the same input is taken up again; else a new one starts. */
async function startOrResume(
  client: Client,
  input: SelfImproveInput,
  { vanilla }: DemoOptions,
): Promise<{ handle: Handle; resumed: boolean }> {
  const wanted = JSON.stringify(input);
  const running = client.workflow.list({ query: `WorkflowType = 'selfImprove' AND ExecutionStatus = 'Running'` });
  for await (const { workflowId, memo } of running)
    if (memo?.demo === wanted)
      return { handle: client.workflow.getHandle<typeof selfImprove>(workflowId), resumed: true };
  const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const handle = await client.workflow.start<typeof selfImprove>('selfImprove', {
    workflowId: `demo${vanilla ? '-vanilla' : ''}-${stamp}`,
    taskQueue: QUEUES.workflows,
    args: [input],
    memo: { demo: wanted },
    staticSummary: vanilla ? 'demo, vanilla self-improvement' : 'demo, critique in the loop',
  });
  return { handle, resumed: false };
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

/** Prints each stage as it begins, and each iteration's accuracy as it comes. */
function follow(handle: Handle, say: (line: string) => void): { stop: () => void } {
  const started = Date.now();
  let going = true;
  let last = '';
  let told = 0;
  void (async () => {
    for (; going; await sleep(500)) {
      const progress = await handle.query<Progress>('progress').catch(() => null);
      if (!progress || !going) continue;
      for (const line of progress.accuracy.slice(told)) say(`${elapsed(started)}  ${line}`);
      told = progress.accuracy.length;
      const now = `iteration ${progress.iteration}  ${progress.stage}`;
      if (now !== last && progress.state === 'running' && progress.rows.total > 0)
        say(`${elapsed(started)}  ${now}: ${progress.rows.total} rows`);
      last = now;
    }
  })();
  return {
    stop: () => {
      going = false;
    },
  };
}

const elapsed = (since: number) => `${String(Math.round((Date.now() - since) / 1000)).padStart(4)} s`;

async function conclusion(result: SelfImproveResult): Promise<string> {
  const lines = result.iterations.map(({ iteration, accuracy, withCritic }) => {
    const alone = `${percent(accuracy.value)} (${percent(accuracy.low)} to ${percent(accuracy.high)}, n = ${accuracy.n})`;
    const critic = withCritic ? `, with critic ${percent(withCritic.accuracy.value)} (${points(withCritic.gain)})` : '';
    return `  iteration ${iteration}: ${alone}${critic}`;
  });
  const warnings = result.warnings.map((warning) => `  warning: ${warning}`);
  return [
    '',
    `${result.run} ${result.status}. Accuracy on the test set with 95 % intervals:`,
    ...lines,
    ...(result.gain ? [`  last over iteration 0: ${points(result.gain)}`] : []),
    ...warnings,
    '',
    `Report:      ${result.report}`,
    ...(result.checkpoint ? [`Checkpoint:  ${result.checkpoint.name} in the store, ${result.checkpoint.uri}`] : []),
    'Browse it:   npx critique-loop dev   (the UI shows this run and earlier ones)',
  ].join('\n');
}

/** The line that programs read. */
function summarize(result: SelfImproveResult): object {
  const difference = (gain: SelfImproveResult['gain']) =>
    gain && { difference: gain.difference, low: gain.low, high: gain.high, n: gain.n };
  return {
    run: result.run,
    status: result.status,
    iterations: result.iterations.map(({ iteration, accuracy, withCritic }) => ({
      iteration,
      accuracy: accuracy.value,
      low: accuracy.low,
      high: accuracy.high,
      n: accuracy.n,
      ...(withCritic && { withCritic: withCritic.accuracy.value, criticGain: difference(withCritic.gain) }),
    })),
    gain: difference(result.gain),
    criticGain: difference(result.iterations.at(-1)?.withCritic?.gain ?? null),
    report: result.report,
  };
}

const percent = (share: number | null) => (share === null ? 'unknown' : `${(100 * share).toFixed(1)} %`);

const signed = (share: number | null) =>
  share === null ? 'unknown' : `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)}`;

const points = ({ difference, low, high }: NonNullable<SelfImproveResult['gain']>) =>
  `${signed(difference)} points, paired 95 % interval ${signed(low)} to ${signed(high)}`;

/** The messages of an error and of what caused it, the innermost being the one that helps. */
function causes(error: Error): string {
  const messages: string[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) messages.push(cause.message);
  return [...new Set(messages)].join(': ');
}
