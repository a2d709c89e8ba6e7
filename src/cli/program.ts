import { InvalidArgumentError, Option, program } from 'commander';
import { Failure } from '../backends/failures.ts';
import { versions } from '../backends/versions.ts';
import { WrongEnvironment } from '../config/environment.ts';
import { Policies } from '../config/oracle.ts';
import { formatIssues, parseInput } from '../config/parse.ts';
import { QUEUES, type Role } from '../workflows/queues.ts';
import { codecKey } from './codec-key.ts';
import { codecServer, UI_ORIGINS } from './codec-server.ts';
import { compare } from './compare.ts';
import { demoEvaluate } from './demo/evaluate.ts';
import { demoSelfImprove } from './demo/self-improve.ts';
import { demoStudy } from './demo/study.ts';
import { dev } from './dev.ts';
import { grade } from './grade.ts';
import { preflight } from './preflight.ts';
import { report } from './report.ts';
import { SetupError } from './setup/setup-error.ts';
import { setupNamespace } from './setup-namespace.ts';
import { temporal } from './temporal.ts';
import { worker } from './worker.ts';

const ROLES = Object.keys(QUEUES) as Role[];

function parseRoles(value: string): Role[] {
  if (value === 'all') return ROLES;
  const roles = value.split(',');
  for (const role of roles)
    if (!ROLES.includes(role as Role))
      throw new InvalidArgumentError(`"${role}" is no role: all, or some of ${ROLES.join(', ')}, with commas between.`);
  return roles as Role[];
}

function parseSeed(value: string): number {
  const seed = Number(value);
  if (!Number.isInteger(seed) || seed < 0 || seed > 2_147_483_647)
    throw new InvalidArgumentError('Expected a whole number from 0 to 2147483647.');
  return seed;
}

function parsePort(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('Expected a port from 1 to 65535.');
  return port;
}

function parseDays(value: string): number {
  const days = Number(value);
  if (!Number.isInteger(days) || days < 1)
    throw new InvalidArgumentError('Expected a whole number of days, 1 at least.');
  return days;
}

function parseGpus(value: string): number {
  const gpus = Number(value);
  if (!Number.isInteger(gpus) || gpus < 1)
    throw new InvalidArgumentError('Expected a whole number of GPUs, 1 at least.');
  return gpus;
}

function parseGpuMemory(value: string): number {
  const gib = Number(value);
  if (!Number.isFinite(gib) || gib <= 0) throw new InvalidArgumentError('Expected GiB, like 80.');
  return gib;
}

function parsePolicies(value: string) {
  let policies: unknown;
  try {
    policies = JSON.parse(value);
  } catch (error) {
    throw new InvalidArgumentError(`Expected JSON: ${(error as Error).message}`);
  }
  const parsed = parseInput(Policies, policies);
  if (parsed.issues) throw new InvalidArgumentError(`${formatIssues(parsed.issues)}.`);
  return parsed.value;
}

program
  .name('critique-loop')
  .version(versions()['critique-loop']!, '-V, --version', 'print the version')
  .description('Critique-in-the-loop self-improvement of language models as durable Temporal workflows.')
  .enablePositionalOptions()
  .showHelpAfterError();

program
  .command('demo')
  .description('improve a small model before your eyes: sets up, starts all it needs, runs one file to its report')
  .option('--vanilla', 'the same run without critic, to compare')
  .option('--seed <n>', "instead of the file's: other samples, other numbers", parseSeed)
  .option('--input-file <file>', 'a run file for selfImprove', 'runs/demo.json')
  .option('--json', 'end standard output with one line of JSON')
  .action(demoSelfImprove);

program
  .command('demo-evaluate')
  .description('measure a small model before your eyes, with and without its critic: runs one file to its report')
  .option('--seed <n>', "instead of the file's: other samples, other numbers", parseSeed)
  .option('--input-file <file>', 'a run file for evaluate', 'runs/evaluate-demo.json')
  .option('--json', 'end standard output with one line of JSON')
  .action(demoEvaluate);

program
  .command('demo-study')
  .description(
    "run the paper's whole programme before your eyes, in about 20 minutes: its report has what the paper found beside what was measured",
  )
  .option('--seed <n>', "instead of the file's: other samples, other numbers", parseSeed)
  .option('--input-file <file>', 'a run file for study', 'runs/study-demo.json')
  .option('--json', 'end standard output with one line of JSON')
  .action(demoStudy);

program
  .command('dev')
  .description('run Temporal, its UI and a worker with every role on this machine, until Ctrl-C')
  .option('--port <n>', 'port of Temporal (default: 7233, or a free one)', parsePort)
  .option('--ui-port <n>', 'port of the UI (default: 8233, or a free one)', parsePort)
  .action(dev);

program
  .command('worker')
  .description('run a worker for a Temporal that is there (TEMPORAL_* variables or a profile), until SIGTERM')
  .requiredOption('--role <roles>', `all, or some of ${ROLES.join(', ')}, with commas between`, parseRoles)
  .action(worker);

program
  .command('setup-namespace')
  .description(
    'register the namespace (TEMPORAL_* variables or a profile) where it is absent, and the search attributes in it; once for each namespace',
  )
  .option('--retention-days <n>', 'for a new namespace: how long closed runs are kept', parseDays, 30)
  .action(setupNamespace);

program
  .command('preflight')
  .argument('<file>', 'a run file of any workflow')
  .description(
    'find every mistake of a run file before any GPU time: fields, files, models, endpoints, memory, disk, Temporal; and how many GPU hours it takes',
  )
  .option(
    '--gpus <n>',
    'GPUs of the machine that it will run on (default: those that nvidia-smi lists here)',
    parseGpus,
  )
  .option('--gpu-memory <GiB>', 'memory of each of them', parseGpuMemory)
  .action(preflight);

program
  .command('report')
  .argument('<run>', 'workflow ID')
  .description("render a run's report again from the store; prints its table and its path")
  .action(report);

program
  .command('compare')
  .argument('<run-a>', 'workflow ID of an evaluation')
  .argument('<run-b>', 'of another, on the same questions')
  .description(
    'paired differences of two evaluations, the second minus the first, for every strategy that both measured',
  )
  .option('--json', 'as JSON, with every number')
  .action(compare);

program
  .command('grade')
  .argument('<file>', 'JSON lines {"pred" | "response" | "responses", "gold"}; - is standard input')
  .description('check answers against gold ones: a line of JSON for each line, and a summary on standard error')
  .addOption(
    new Option('--answer-format <format>', 'how whole responses were asked to end: in a box, or in "The answer is ..."')
      .choices(['boxed', 'plain'])
      .default('boxed'),
  )
  .option('--policies <json>', 'conventions, as in a run file: {"units":"strict"}', parsePolicies, Policies.parse({}))
  .action(grade);

program
  .command('codec-key')
  .argument('<file>', 'of the keys, for CRITIQUE_LOOP_CODEC_KEYS; made where there is none')
  .description("put a new key on top of the file: it encrypts what goes to Temporal's server from then on")
  .action(codecKey);

program
  .command('codec-server')
  .description("decode for Temporal's UI and CLI what CRITIQUE_LOOP_CODEC_KEYS encrypted, until SIGTERM")
  .requiredOption('--port <n>', 'port to listen on', parsePort)
  .option('--host <address>', 'address to listen on; another than this needs --token-env', '127.0.0.1')
  .option('--ui-origin <origins...>', 'of the UIs that may ask from a browser', UI_ORIGINS)
  .option('--token-env <name>', 'environment variable with a token that everybody has to send')
  .action(codecServer);

program
  .command('temporal')
  .description('run the Temporal CLI that set-up found, downloaded or built: critique-loop temporal workflow list')
  .helpOption(false)
  .passThroughOptions()
  .allowUnknownOption()
  .argument('[args...]')
  .action(temporal);

const ended = program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 1;
});
// Temporal's runtime, once installed, and calls that still wait for an answer would keep the process.
ended.finally(() => process.exit());

/** What users can mend says it all; a stack would only bury it. */
const FOR_USERS = [SetupError, WrongEnvironment, Failure];

function describe(error: unknown): string {
  if (FOR_USERS.some((kind) => error instanceof kind)) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
