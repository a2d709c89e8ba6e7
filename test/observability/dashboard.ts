import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { spawnBound } from '../../src/cli/setup/process.ts';
import { ensureTemporalCli } from '../../src/cli/setup/temporal-cli.ts';
import { launchBrowser } from '../support/browser.ts';
import { queriesOf } from '../support/dashboard.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startObservedRun } from '../support/observed-run.ts';
import { freePort, startOwnServer } from '../support/own-server.ts';

const root = join(import.meta.dirname, '../..');
const deployed = join(root, 'deploy/observability');

/** This machine needs no GPU for the test, so nobody holds the lease of one. */
const WITHOUT_GPU = new Set(['GPU leases']);

const isInstalled = spawnSync('prometheus', ['--version']).status === 0;
const NEEDED = 'needs Prometheus (Debian: apt install prometheus)';

/** What the picture of docs/observability.md shows. */
const SHOWN = ['Rows by stage', 'In flight and limit', 'Graded'];

/** A Prometheus with the configuration of deploy/observability, but for the addresses and how often it looks. */
async function startPrometheus(targets: { worker: string; temporal: string }): Promise<string> {
  const folder = await temporaryFolder();
  const config = readFileSync(join(deployed, 'prometheus.yml'), 'utf8')
    .replaceAll('interval: 15s', 'interval: 1s')
    .replaceAll('127.0.0.1:9464', targets.worker)
    .replaceAll('127.0.0.1:9466', targets.temporal);
  await writeFile(join(folder, 'prometheus.yml'), config);
  await copyFile(join(deployed, 'alerts.yml'), join(folder, 'alerts.yml'));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawnBound(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const isReady = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) await sleep(200);
  return `http://${address}`;
}

async function get<T>(url: string): Promise<T> {
  const { status, data, error } = (await (await fetch(url)).json()) as { status: string; data: T; error?: string };
  if (status !== 'success') throw new Error(`${url}: ${error}`);
  return data;
}

async function ask(prometheus: string, query: string): Promise<unknown[]> {
  const { result } = await get<{ result: { value: [number, string] }[] }>(
    `${prometheus}/api/v1/query?${new URLSearchParams({ query })}`,
  );
  return result.filter(({ value }) => value[1] !== 'NaN');
}

test('alerts fire as alerts.test.yml says', (context) => {
  if (!isInstalled) context.skip(NEEDED);
  const args = ['test', 'rules', 'alerts.test.yml'];
  expect(execFileSync('promtool', args, { cwd: deployed, encoding: 'utf8' })).toContain('SUCCESS');
});

test('every query of the dashboard has data of a run, and every alert can be asked', async (context) => {
  if (!isInstalled) context.skip(NEEDED);
  const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
  const temporalMetrics = await freePort();
  // Else it tells of backlogs once a minute.
  const settings = { 'matching.updateAckInterval': '2s' };
  const server = await startOwnServer(await ensureTemporalCli({ log }), settings, {
    flags: ['--metrics-port', String(temporalMetrics)],
  });
  onTestFinished(server.stop);
  const run = await startObservedRun({
    id: 'observed',
    address: server.address,
    pool: 150,
    iterations: 2,
  });
  onTestFinished(run.stop);
  const prometheus = await startPrometheus({ worker: run.metrics, temporal: `127.0.0.1:${temporalMetrics}` });

  const queries = queriesOf(readFileSync(join(deployed, 'grafana/dashboard.json'), 'utf8'));
  const seen = new Set<string>();
  let running = true;
  const done = run.completed.finally(() => {
    running = false;
  });
  done.catch(() => {});
  do {
    await sleep(2_000);
    for (const { query } of queries) if (!seen.has(query) && (await ask(prometheus, query)).length > 0) seen.add(query);
  } while (running);
  await done;
  const targets = await get<{ activeTargets: { labels: { job: string }; lastError: string }[] }>(
    `${prometheus}/api/v1/targets`,
  );
  const refused = targets.activeTargets.filter(({ labels, lastError }) => labels.job !== 'vllm' && lastError !== '');
  expect(refused).toEqual([]);

  const empty = queries.filter(({ panel, query }) => !seen.has(query) && !WITHOUT_GPU.has(panel));
  expect(empty).toEqual([]);

  const { groups } = await get<{ groups: { rules: { name: string; health: string; state: string }[] }[] }>(
    `${prometheus}/api/v1/rules`,
  );
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  // The fake run's store may be on a small disk.
  const firing = rules.filter(({ state, name }) => state === 'firing' && name !== 'StoreAlmostFull');
  expect(firing.map(({ name }) => name)).toEqual(['RunFailed']);

  if (process.env.PICTURE) await photograph(prometheus, queries, process.env.PICTURE);

  async function photograph(from: string, all: typeof queries, path: string): Promise<void> {
    const browser = await launchBrowser(context);
    const page = await browser.newPage();
    await page.setViewport({ width: 1200, height: 800 });
    const shown = SHOWN.flatMap((title) => all.find(({ panel }) => panel === title) ?? []);
    const graphs = shown.flatMap(({ query }, i): [string, string][] => [
      [`g${i}.expr`, query],
      [`g${i}.tab`, '0'],
      [`g${i}.stacked`, '0'],
      [`g${i}.range_input`, '1m'],
    ]);
    await page.goto(`${from}/graph?${new URLSearchParams(graphs)}`, { waitUntil: 'networkidle0' });
    await sleep(2_000);
    // Of the whole page, in which the bar at its top would stay where it was scrolled to.
    await page.evaluate('scrollTo(0, 0); document.activeElement.blur()');
    await page.screenshot({ path: path as `${string}.png`, fullPage: true });
    await browser.close();
  }
});
