import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/backends/package.ts';
import { ensureTemporalCli } from '../../src/cli/setup/temporal-cli.ts';
import type { Progress } from '../../src/workflows/contract.ts';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.ts';
import type { selfImprove } from '../../src/workflows/self-improve.ts';
import { eventually } from '../support/bench.ts';
import { temporaryFolder } from '../support/folder.ts';
import { ensureImages, type Images, storedImages } from '../support/images.ts';
import { freePort, type OwnServer, startOwnServer } from '../support/own-server.ts';
import { succeed } from '../support/succeed.ts';
import { tinyDemo } from '../support/tiny-demo.ts';
import { flagsOf, LIMITS, podman, tryPodman, whyNoContainers } from './podman.ts';
import { go, readCompose, type Service } from './tools.ts';

const NAMESPACE = 'containers';
const WORKERS = ['workflows', 'inference', 'train'];
/** Of compose.yaml, in seconds. */
const GRACE = 60;

const why = (await whyNoContainers()) ?? (go ? null : 'there is no Go, with which Compose files are read');
if (why) console.warn(`containers: skipped: ${why}`);

const nameOf = (service: string) => `critique-loop-check-${service}`;
const inside = (service: string, ...command: string[]) => tryPodman('exec', nameOf(service), ...command);

describe.skipIf(why !== null)('containers of the images, started as compose.yaml says', () => {
  let temporal: string;
  let server: OwnServer;
  let client: Client;
  let services: Record<string, Service>;
  let images: Images;

  const imageOf = (service: string) => images[['workflows', 'setup'].includes(service) ? 'worker' : 'trainer'];

  beforeAll(async () => {
    await ensureImages();
    images = await storedImages();
    services = await readCompose(['compose.yaml']);
    temporal = await ensureTemporalCli({ log: console.log });
    server = await startOwnServer(temporal, {});
    const connection = await Connection.connect({ address: server.address });
    client = new Client({ connection, namespace: NAMESPACE });
    await remove();
  });
  afterAll(async () => {
    if (server) await remove();
    await client?.connection.close();
    await server?.stop();
  });

  async function remove(): Promise<void> {
    for (const service of [...WORKERS, 'setup']) await podman('rm', '--force', '--ignore', nameOf(service));
    await podman('volume', 'prune', '--force');
  }

  /** What podman's command line says of a service; ports are free ones, for all containers have this machine's. */
  async function commandOf(service: string): Promise<string[]> {
    const own = {
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      CRITIQUE_LOOP_METRICS: `127.0.0.1:${await freePort()}`,
      CRITIQUE_LOOP_HEALTH_PORT: String(await freePort()),
    };
    const told = services[service]!;
    const flags = flagsOf({ ...told, environment: { ...told.environment, ...own } });
    return [...flags, '--replace', '--name', nameOf(service), imageOf(service), ...told.command];
  }

  async function startAll(): Promise<void> {
    for (const service of WORKERS) await podman('run', '--detach', ...(await commandOf(service)));
    for (const service of WORKERS)
      await eventually(`readiness of ${service}`, () => isHealthy(service, 'readyz'), 120_000);
  }

  const isHealthy = async (service: string, path: string) =>
    (await inside(service, 'node', 'deploy/docker/health.mjs', path)).code === 0;

  async function startRun(workflowId: string) {
    const file = join(await temporaryFolder(), 'run.json');
    await writeFile(file, JSON.stringify(await tinyDemo()));
    await succeed(temporal, [
      ...['workflow', 'start', '--address', server.address, '--namespace', NAMESPACE, '--type', 'selfImprove'],
      ...['--task-queue', 'critique-loop', '--workflow-id', workflowId, '--input-file', file],
    ]);
    return client.workflow.getHandle<typeof selfImprove>(workflowId);
  }

  test('each image says its version, as user 1000', async () => {
    const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8'));
    for (const service of ['workflows', 'train']) {
      const run = (...args: string[]) => podman('run', '--rm', '--network=none', '--read-only', ...LIMITS, ...args);
      expect(await run(imageOf(service), '--version')).toBe(version);
      expect(await run('--entrypoint=id', imageOf(service), '-u')).toBe('1000');
    }
  });

  test('the one for set-up registers the namespace and the search attributes, and ends well the second time, too', async () => {
    for (const _ of ['first', 'second']) await podman('run', ...(await commandOf('setup')));
    const found = await client.connection.operatorService.listSearchAttributes({ namespace: NAMESPACE });
    expect(Object.keys(found.customAttributes ?? {})).toEqual(
      expect.arrayContaining(SEARCH_ATTRIBUTES.map(({ name }) => name)),
    );
  });

  test('workers become ready and healthy, and may no more than they must', async () => {
    await startAll();
    for (const service of WORKERS) {
      await podman('healthcheck', 'run', nameOf(service));
      const { stdout } = await inside(service, 'cat', '/proc/1/status');
      expect(stdout).toMatch(/^Uid:\s+1000\s/m);
      expect(stdout).toMatch(/^CapEff:\s+0+$/m);
      expect(stdout).toMatch(/^CapBnd:\s+0+$/m);
      expect(stdout).toMatch(/^NoNewPrivs:\s+1$/m);
      expect((await inside(service, 'touch', '/app/written')).lines.join()).toContain('Read-only file system');
    }
  });

  test('the grader in them has Math-Verify', async () => {
    const task = JSON.stringify({ answer: '\\frac12', reference: '0.5' });
    const grade = `printf '%s\\n' "$0" | "$CRITIQUE_LOOP_GRADER_PYTHON" deploy/grader/verify.py`;
    for (const service of WORKERS) {
      const { code, stdout, lines } = await inside(service, 'sh', '-c', grade, task);
      expect(code, lines.join('\n')).toBe(0);
      expect(JSON.parse(stdout.split('\n')[1]!)).toMatchObject({ equal: true });
    }
  });

  test('a run comes to its end, and its report is in the volume that they share', async () => {
    const result = await (await startRun('calm')).result();
    expect(result.status).toBe('completed');
    const { stdout } = await inside('workflows', 'sh', '-c', 'stat -c "%u %n" /store/runs/calm/*');
    expect(stdout).toContain('1000 /store/runs/calm/report.html');
  });

  test(`SIGTERM in the middle of a fine-tune ends each within ${GRACE} s with 0; new ones finish the run, though one is killed in the next`, async () => {
    const run = await startRun('interrupted');
    const isTraining = async (iteration: number) => {
      const progress = await run.query<Progress>('progress');
      return progress.iteration === iteration && progress.stage === 'fine-tune';
    };
    await eventually('a fine-tune', () => isTraining(0), 300_000);
    const ended = WORKERS.map(async (service) => {
      expect(services[service]!.stop_grace_period).toBe('1m0s');
      const began = Date.now();
      await podman('stop', '--time', String(GRACE), nameOf(service));
      const code = await podman('inspect', '--format', '{{.State.ExitCode}}', nameOf(service));
      return { service, code, seconds: (Date.now() - began) / 1000 };
    });
    const all = await Promise.all(ended);
    console.table(all);
    for (const { service, code, seconds } of all) {
      expect(code, service).toBe('0');
      expect(seconds, service).toBeLessThan(GRACE);
    }
    await startAll();
    await eventually('the next fine-tune', () => isTraining(1), 300_000);
    await podman('kill', '--signal=KILL', nameOf('train'));
    await podman('wait', nameOf('train'));
    expect(await podman('inspect', '--format', '{{.State.ExitCode}}', nameOf('train'))).toBe('137');
    expect(await isTraining(1)).toBe(true);
    // As Compose does by `restart: unless-stopped`: the same container, with the same host name and process ids.
    await podman('start', nameOf('train'));
    const [calm, interrupted] = await Promise.all([client.workflow.getHandle('calm').result(), run.result()]);
    expect(interrupted.status).toBe('completed');
    expect(interrupted.iterations).toEqual(calm.iterations);
  });
});
