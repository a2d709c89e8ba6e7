import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../backends/package.ts';
import { cacheFolder } from './cache.ts';
import { withLock } from './lock.ts';
import { findOnPath, run } from './process.ts';
import { type Log, withProgress } from './progress.ts';
import { SetupError } from './setup-error.ts';

export interface TemporalCliOptions {
  log: Log;
  env?: NodeJS.ProcessEnv;
}

const MODULE = 'github.com/temporalio/cli';
const GO_FOLDER = join(packageRoot, 'deploy', 'temporal-cli');

/**
 * Path of a working `temporal` program: `$TEMPORAL_CLI`, else the first on PATH, else from our cache, else the SDK's
 * download, else built from Go modules; the last two fill the cache.
 *
 * @throws SetupError with the ways to get one, where none is possible.
 */
export async function ensureTemporalCli({ log, env = process.env }: TemporalCliOptions): Promise<string> {
  if (env.TEMPORAL_CLI) return fromVariable(env.TEMPORAL_CLI, env);

  for (const candidate of await findOnPath('temporal', env)) {
    if (await answers(candidate, env)) return candidate;
    log(`${candidate} is not a working Temporal CLI; passing it over`);
  }

  const cache = cacheFolder(env, 'temporal-cli');
  const built = join(cache, `built-${await modulesHash()}`);
  const cached = await inCache(cache, built, env);
  if (cached) return cached;

  await mkdir(cache, { recursive: true });
  return withLock(
    join(cache, 'lock'),
    ({ pid }) => log(`waiting for process ${pid}, which is getting the Temporal CLI`),
    async () => {
      const meanwhile = await inCache(cache, built, env);
      if (meanwhile) return meanwhile;
      const failures: string[] = [];
      const fail = (why: string) => {
        failures.push(why);
        log(why);
        return null;
      };
      const path = (await download(cache, env, log, fail)) ?? (await build(built, env, log, fail));
      if (path === null) throw new SetupError(advice(failures));
      log(`Temporal CLI ready: ${path}`);
      return path;
    },
  );
}

async function fromVariable(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { code, lines } = await run(path, ['--version'], { env, signal: AbortSignal.timeout(20_000) });
  if (code === 0 && isTemporal(lines)) return path;
  throw new SetupError(
    `TEMPORAL_CLI is ${path}, but \`${path} --version\` does not answer like the Temporal CLI` +
      ` (${lines.at(-1) ?? 'no output'}). Correct the variable, or unset it to let set-up find or make one.`,
  );
}

const isTemporal = (lines: string[]) => lines.some((line) => line.startsWith('temporal version'));

async function answers(path: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const { code, lines } = await run(path, ['--version'], { env, signal: AbortSignal.timeout(20_000) });
  return code === 0 && isTemporal(lines);
}

async function inCache(cache: string, built: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const candidate of [...(await downloaded(cache)), built]) if (await answers(candidate, env)) return candidate;
  return null;
}

const PARTIAL = '.downloading';

/** The SDK names its download `temporal-sdk-typescript-VERSION`, and a partial one with a suffix. */
async function downloaded(cache: string): Promise<string[]> {
  const names = await readdir(cache).catch(() => []);
  return names.filter((n) => n.startsWith('temporal-') && !n.endsWith(PARTIAL)).map((n) => join(cache, n));
}

/**
 * The SDK downloads the CLI only as the first step of starting a test server, and hands out the server, not the path. So
 * a process of its own starts one, with our cache as its download folder, and ends it: the program stays in the folder.
 */
const DOWNLOAD = `
import { TestWorkflowEnvironment } from '@temporalio/testing';
const executable = { type: 'cached-download', downloadDir: process.argv[1] };
const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
await environment.teardown();
`;

async function download(cache: string, env: NodeJS.ProcessEnv, log: Log, fail: (why: string) => null) {
  log('no Temporal CLI on PATH; downloading it from temporal.download (about 100 MB, once)');
  await removeEnding(cache, PARTIAL);
  const stalled = new AbortController();
  const over = new AbortController();
  let megabytes = 0;

  const watch = async () => {
    let quietSince = Date.now();
    let size = -1;
    while (!over.signal.aborted) {
      await sleep(500);
      const now = await sizeOfPartial(cache);
      if (now > size) {
        size = now;
        quietSince = Date.now();
      }
      megabytes = Math.round(Math.max(0, now) / 1e6);
      if (Date.now() - quietSince > (size < 0 ? 15_000 : 30_000)) stalled.abort();
    }
  };
  const watching = watch();
  const { lines } = await withProgress(
    log,
    () => `downloading the Temporal CLI: ${megabytes} MB`,
    () =>
      run(process.execPath, ['--input-type=module', '--eval', DOWNLOAD, cache], {
        cwd: packageRoot,
        env,
        signal: stalled.signal,
      }),
  );
  over.abort();
  await watching;

  for (const candidate of await downloaded(cache)) {
    if (await answers(candidate, env)) return candidate;
    await rm(candidate, { force: true });
  }
  const error = lines.findLast((line) => /error|fail/i.test(line)) ?? 'no reason given';
  const reason = error.split(': ').slice(-2).join(': ').replace(/\]$/, '');
  return fail(`the download failed: ${stalled.signal.aborted ? 'temporal.download does not answer' : reason}`);
}

async function sizeOfPartial(cache: string): Promise<number> {
  const name = (await readdir(cache)).find((n) => n.endsWith(PARTIAL));
  return name === undefined
    ? -1
    : stat(join(cache, name))
        .then((s) => s.size)
        .catch(() => -1);
}

async function build(built: string, env: NodeJS.ProcessEnv, log: Log, fail: (why: string) => null) {
  const [go] = await findOnPath('go', env);
  if (!go) return fail('it could not be built either: there is no `go` on PATH');
  log('building the Temporal CLI from Go modules (about 3 minutes on 2 cores, once)');

  const version = (await readFile(join(GO_FOLDER, 'go.mod'), 'utf8')).match(/temporalio\/cli v(\S+)/)?.[1];
  const draft = `${built}.${process.pid}.tmp`;
  await removeEnding(join(built, '..'), '.tmp');
  let fetched = 0;
  let compiled = 0;
  const { code, lines } = await withProgress(
    log,
    () => `building the Temporal CLI: ${fetched} modules fetched, ${compiled} packages compiled`,
    () =>
      run(
        go,
        [
          'build',
          '-v',
          '-trimpath',
          `-ldflags=-s -w -X ${MODULE}/temporalcli.Version=${version}`,
          '-o',
          draft,
          `${MODULE}/cmd/temporal`,
        ],
        {
          cwd: GO_FOLDER,
          env: { ...env, CGO_ENABLED: '0' },
          onLine: (line) => {
            if (line.startsWith('go: downloading')) fetched++;
            else compiled++;
          },
        },
      ),
  );
  if (code !== 0) return fail(`\`go build\` failed: ${lines.slice(-3).join(' / ')}`);
  if (!(await answers(draft, env))) return fail('the program that `go build` made does not run');
  await rename(draft, built);
  return built;
}

async function removeEnding(folder: string, suffix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(suffix)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Of what is built, so that a newer go.mod is not answered with an older program. */
async function modulesHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum']) hash.update(await readFile(join(GO_FOLDER, name)));
  return hash.digest('hex').slice(0, 12);
}

const advice = (failures: string[]) => `critique-loop needs the Temporal CLI, and set-up could not get it:
${failures.map((why) => `  - ${why}`).join('\n')}
Three ways, any one of them:
  1. install it (https://docs.temporal.io/cli), so that \`temporal\` is on PATH;
  2. set TEMPORAL_CLI to the path of a \`temporal\` program;
  3. install Go 1.21 or later (https://go.dev/dl) and run this again: it will be built from source.`;
