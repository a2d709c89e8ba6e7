import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { checkBuildCritiques, modelsOf } from '../activities/check-build-critiques.ts';
import { checkFineTune } from '../activities/check-fine-tune.ts';
import { checkEvaluate, checkSelfImprove, fieldsOf } from '../activities/check-input.ts';
import { checkSelfTalk } from '../activities/check-self-talk.ts';
import { checkStudy } from '../activities/check-study.ts';
import { Failure } from '../backends/failures.ts';
import { EndpointEngine } from '../backends/inference/endpoint.ts';
import { openStore } from '../backends/storage/open-store.ts';
import { FolderStore, type Store } from '../backends/storage/store.ts';
import { BuildCritiques } from '../config/build-critiques.ts';
import { readEnvironment } from '../config/environment.ts';
import { Evaluate, type EvaluateConfig } from '../config/evaluate.ts';
import { FineTune } from '../config/fine-tune.ts';
import { type ModelConfig, urlsOf } from '../config/models.ts';
import type { JudgeConfig } from '../config/oracle.ts';
import { type Parsed, parseInput } from '../config/parse.ts';
import { SelfImprove, type SelfImproveConfig } from '../config/self-improve.ts';
import { SelfTalk } from '../config/self-talk.ts';
import { Study, type StudyConfig } from '../config/study.ts';
import { hasSearchAttributes } from '../workers/search-attributes.ts';

interface Check {
  what: string;
  ok: boolean;
  detail: string;
}

/** Less than this is told before a run fills the disk. */
const FREE_GB = 5;
const PATIENCE_MS = 10_000;

/** Prints one line per check; exit code 1 when any failed. */
export async function preflight(file: string): Promise<void> {
  const environment = readEnvironment();
  const store = await openStore(environment);
  const { checks: inputChecks, models } = await checkFile(file, store);
  const checks = [
    ...inputChecks,
    ...(await checkEndpoints(models, store)),
    await checkStore(store),
    ...(await checkTemporal()),
  ];
  for (const { what, ok, detail } of checks) process.stdout.write(`${ok ? 'ok   ' : 'WRONG'}  ${what}: ${detail}\n`);
  const wrong = checks.filter(({ ok }) => !ok).length;
  process.stdout.write(wrong === 0 ? 'ready to start\n' : `${wrong} to mend before this can run\n`);
  if (wrong > 0) process.exitCode = 1;
}

/** A workflow that has run files. */
interface Kind {
  name: string;
  /** By what only its inputs have. */
  detect: (fields: Record<string, unknown>) => boolean;
  check: (input: unknown, store: Store) => Parsed<unknown>;
  /** The models that it asks, by the fields that name them; as far as a wrong input can be read. */
  models: (input: unknown) => Models;
}

type Models = Record<string, Model | null | undefined>;

/** The last one is what everything else is taken for. */
const KINDS: readonly Kind[] = [
  {
    name: 'buildCritiques',
    detect: (fields) => 'annotator' in fields,
    check: checkBuildCritiques,
    models: (input) =>
      modelsIn(parseInput(BuildCritiques, input), (config) => ({
        ...modelsOf(config),
        'oracle.judge': config.oracle.judge,
      })),
  },
  {
    name: 'fineTune',
    detect: (fields) => 'base' in fields && 'data' in fields,
    check: checkFineTune,
    models: (input) =>
      modelsIn(parseInput(FineTune, input), ({ evaluation }) => ({
        'evaluation.actor': evaluation?.actor,
        'evaluation.oracle.judge': evaluation?.oracle.judge,
      })),
  },
  {
    name: 'selfTalk',
    detect: (fields) => ['rounds', 'smoother', 'perQuestion', 'minYield'].some((field) => field in fields),
    check: checkSelfTalk,
    models: (input) =>
      modelsIn(parseInput(SelfTalk, input), ({ actor, critic, smoother, oracle }) => ({
        actor,
        critic,
        smoother: smoother.source === 'model' ? smoother : null,
        'oracle.judge': oracle.judge,
      })),
  },
  {
    name: 'study',
    detect: (fields) => 'selfTalk' in fields || typeof fields.critiques === 'object',
    check: checkStudy,
    models: (input) => modelsIn(parseInput(Study, input), studyModels),
  },
  {
    name: 'selfImprove',
    detect: (fields) => ['iterations', 'reason', 'test'].some((field) => field in fields),
    check: checkSelfImprove,
    models: (input) => modelsIn(parseInput(SelfImprove, input), loopModels),
  },
  {
    name: 'evaluate',
    detect: () => true,
    check: checkEvaluate,
    models: (input) => modelsIn(parseInput(Evaluate, input), loopModels),
  },
];

const modelsIn = <Config>({ value }: Parsed<Config>, models: (config: Config) => Models): Models =>
  value === undefined ? {} : models(value);

const loopModels = ({
  actor,
  critic,
  oracle,
}: Pick<SelfImproveConfig | EvaluateConfig, 'actor' | 'critic' | 'oracle'>) => ({
  actor,
  critic,
  'oracle.judge': oracle.judge,
});

const studyModels = ({ actor, critic, critiques, selfTalk, oracle }: StudyConfig): Models => ({
  actor,
  critic,
  ...Object.fromEntries(Object.entries(modelsOf(critiques)).map(([field, model]) => [`critiques.${field}`, model])),
  'selfTalk.smoother': selfTalk?.smoother.source === 'model' ? selfTalk.smoother : null,
  'oracle.judge': oracle.judge,
});

async function checkFile(file: string, store: Store): Promise<{ checks: Check[]; models: Models }> {
  if (!existsSync(file)) return { checks: [{ what: file, ok: false, detail: 'there is no such file' }], models: {} };
  let input: unknown;
  try {
    input = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const detail = `expected JSON: ${(error as Error).message}`;
    return { checks: [{ what: file, ok: false, detail }], models: {} };
  }
  const { name, check, models } = KINDS.find(({ detect }) => detect(fieldsOf(input)))!;
  // Endpoints can be asked even where a file is missing.
  const asked = models(input);
  const { issues } = check(input, store);
  const checks = issues
    ? issues.map(({ field, message }) => ({ what: field, ok: false, detail: message }))
    : [{ what: file, ok: true, detail: `a valid input of ${name}` }];
  return { checks, models: asked };
}

type Model = ModelConfig | JudgeConfig | StudyConfig['critic'];

async function checkEndpoints(models: Models, store: Store): Promise<Check[]> {
  const engine = new EndpointEngine(store, process.env);
  const asked = Object.entries(models).flatMap(([what, model]) =>
    model?.endpoint ? urlsOf(model.endpoint).map((baseUrl) => ({ what, model, baseUrl })) : [],
  );
  const checks = asked.map(async ({ what, model, baseUrl }): Promise<Check[]> => {
    const names = await engine
      .listModels({ ...model.endpoint!, baseUrl }, AbortSignal.timeout(PATIENCE_MS))
      .catch((error: Error) => error);
    if (names instanceof Error) {
      const unneeded = 'base' in model && names instanceof Failure && names.retryable;
      const detail = unneeded
        ? `${baseUrl} does not answer yet; it is needed once iteration 0 is trained`
        : names.message;
      return [{ what, ok: unneeded, detail }];
    }
    // What a run trains is not there yet; the others have to be.
    const missing = 'model' in model && !names.includes(model.model) ? `, not "${model.model}"` : '';
    return [{ what, ok: missing === '', detail: `${baseUrl} serves ${names.join(', ')}${missing}` }];
  });
  return (await Promise.all(checks)).flat();
}

async function checkStore(store: Store): Promise<Check> {
  if (store instanceof FolderStore) return await checkDisk(store.root);
  const error = await store.holds('runs').then(
    () => null,
    (failed: Error) => failed,
  );
  return { what: 'store', ok: error === null, detail: error?.message ?? `${store.root} can be read` };
}

async function checkDisk(root: string): Promise<Check> {
  let folder = resolve(root);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = (bavail * bsize) / 1e9;
  return { what: 'disk', ok: free >= FREE_GB, detail: `${free.toFixed(1)} GB free for ${root} (at least ${FREE_GB})` };
}

async function checkTemporal(): Promise<Check[]> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  const connection = await NativeConnection.connect(connectionOptions).catch(() => null);
  if (!connection)
    return [
      { what: 'Temporal', ok: false, detail: `nothing answers at ${address}: "npx critique-loop dev" starts one` },
    ];
  try {
    const registered = await hasSearchAttributes(connection, namespace);
    return [
      { what: 'Temporal', ok: true, detail: `${address}, namespace ${namespace}` },
      {
        what: 'search attributes',
        ok: registered,
        detail: registered ? 'registered' : 'not registered: the README says how (one command)',
      },
    ];
  } finally {
    await connection.close();
  }
}
