import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded } from '../../../src/backends/has-ended.ts';
import { findOnPath, run, spawnBound } from '../../../src/cli/setup/process.ts';
import { freePort } from '../own-server.ts';
import type { TestCluster } from './test-cluster.ts';

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'slurmrestd', 'sbatch'];

/** Debian's user without rights: slurmrestd will not be root's. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/** A Slurm of one node, this machine, with two CPUs to give. `env` is what its commands need in their environment. */
export async function startSlurm(): Promise<
  TestCluster & { env: Record<string, string>; rest: { url: string; token: string } }
> {
  // Debian has its daemons there.
  process.env.PATH += ':/usr/sbin';
  for (const name of PROGRAMS)
    if ((await findOnPath(name, process.env)).length === 0)
      throw new Error(
        `there is no ${name}: apt-get install slurmctld slurmd slurm-client slurmrestd slurm-wlm-jwt-plugin munge`,
      );
  const folder = await mkdtemp(join(tmpdir(), 'slurm-'));
  // For slurmrestd, which reads the configuration.
  await chmod(folder, 0o755);
  const [run_, state, spool] = ['run', 'state', 'spool'].map((name) => join(folder, name)) as [string, string, string];
  for (const each of [run_, state, spool]) await mkdir(each);
  const node = hostname().split('.')[0]!;
  const munge = join(run_, 'munge.socket');
  const settings = {
    ClusterName: 'test',
    SlurmctldHost: `${node}(127.0.0.1)`,
    SlurmctldPort: await freePort(),
    SlurmdPort: await freePort(),
    SlurmUser: 'root',
    AuthType: 'auth/munge',
    AuthInfo: `socket=${munge}`,
    AuthAltTypes: 'auth/jwt',
    AuthAltParameters: `jwt_key=${join(folder, 'jwt.key')}`,
    StateSaveLocation: state,
    SlurmdSpoolDir: spool,
    SlurmctldPidFile: join(run_, 'slurmctld.pid'),
    SlurmdPidFile: join(run_, 'slurmd.pid'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_Core',
    MpiDefault: 'none',
    ReturnToService: 2,
    KillWait: 60,
  };
  const config = join(folder, 'slurm.conf');
  await writeFile(
    config,
    [
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      `NodeName=${node} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
      'PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n',
    ].join('\n'),
  );
  await writeFile(join(folder, 'jwt.key'), randomBytes(32), { mode: 0o600 });
  await writeFile(join(folder, 'munge.key'), randomBytes(1024), { mode: 0o600 });
  const env = { SLURM_CONF: config };
  const log = await open(join(folder, 'log'), 'a');
  const daemon = (program: string, args: string[], user = {}, more = {}): ChildProcess =>
    spawnBound(program, args, { stdio: ['ignore', log.fd, log.fd], env: { ...process.env, ...env, ...more }, ...user });
  const key = ['--key-file', join(folder, 'munge.key'), '--seed-file', join(run_, 'munge.seed')];
  const own = ['--pid-file', join(run_, 'munge.pid'), '--log-file', join(folder, 'munge.log')];
  const munged = daemon('munged', ['--foreground', '--force', '--socket', munge, ...key, ...own]);
  while (!existsSync(munge)) await sleep(50);

  let controller = daemon('slurmctld', ['-D']);
  const slurmd = daemon('slurmd', ['-D', '-N', node]);
  const rest = `127.0.0.1:${await freePort()}`;
  const restd = daemon('slurmrestd', ['-a', 'rest_auth/jwt', '-s', 'openapi/v0.0.38', rest], NOBODY, {
    SLURM_JWT: 'daemon',
  });
  const answers = async () => (await run('sinfo', ['-h', '-o', '%T'], { env: { ...process.env, ...env } })).stdout;
  while (!(await answers()).startsWith('idle')) await sleep(200);
  const token = await run('scontrol', ['token', 'username=root', 'lifespan=86400'], {
    env: { ...process.env, ...env },
  });
  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    if (hasEnded(child)) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    env,
    rest: { url: `http://${rest}`, token: token.stdout.replace('SLURM_JWT=', '').trim() },
    outage: () => end(controller, 'SIGKILL'),
    recovery: async () => {
      controller = daemon('slurmctld', ['-D']);
      while (!(await answers())) await sleep(200);
    },
    stop: async () => {
      for (const child of [restd, slurmd, controller, munged]) await end(child, 'SIGTERM');
      await log.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
