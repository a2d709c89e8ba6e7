import { type Cluster, type ClusterJob, type ClusterStatus, quote } from './cluster.ts';
import { type Answer, HttpApi } from './http.ts';

/** How long a job may take to end when it is asked to: Ray's own 3 seconds are too short to write a resume point. */
const GRACE_SECONDS = 300;

/** What Ray says of a job. */
interface RayJob {
  status: 'PENDING' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED' | 'FAILED';
  message: string | null;
}

/** Ray's Jobs API, as its dashboard serves it. */
export class Ray implements Cluster {
  readonly name: string;
  readonly #api: HttpApi;

  /** @param address `http://head:8265` @param token of a Ray that asks for one */
  constructor({ address, token }: { address: string; token?: string | undefined }) {
    this.name = `Ray at ${address}`;
    this.#api = new HttpApi(address, token === undefined ? {} : { authorization: `Bearer ${token}` });
  }

  async submit(job: ClusterJob): Promise<void> {
    const answer = await this.#api.ask('POST', '/api/jobs/', {
      submission_id: job.key,
      entrypoint: `exec ${quote(job.argv)}`,
      runtime_env: { env_vars: { ...job.env, RAY_JOB_STOP_WAIT_TIME_S: String(GRACE_SECONDS) } },
      metadata: { name: job.key, folder: job.folder },
      ...(job.onGpu ? { entrypoint_num_gpus: job.processes } : { entrypoint_num_cpus: job.processes }),
    });
    // It refuses a second one of the same name, with the same status as anything else.
    if (answer.status !== 200 && (await this.look(job.key)).state === 'absent') throw new Error(answer.said);
  }

  async look(key: string): Promise<ClusterStatus> {
    const answer = await this.#api.ask('GET', pathOf(key));
    if (answer.status === 404) return { state: 'absent' };
    const { status, message } = expectOk(answer) as RayJob;
    if (status === 'RUNNING') return { state: 'running' };
    if (status === 'PENDING') return { state: 'queued', reason: message ?? undefined };
    return { state: 'ended', how: `Ray says ${status}${message ? `: ${inShort(message)}` : ''}` };
  }

  async stop(key: string): Promise<void> {
    const answer = await this.#api.ask('POST', `${pathOf(key)}/stop`);
    if (answer.status !== 404) expectOk(answer);
  }

  async check(): Promise<string> {
    const { ray_version: version } = expectOk(await this.#api.ask('GET', '/api/version')) as { ray_version: string };
    expectOk(await this.#api.ask('GET', '/api/jobs/'));
    return `Ray ${version} takes jobs`;
  }
}

const pathOf = (key: string) => `/api/jobs/${key}`;

function expectOk({ status, json, said }: Answer): unknown {
  if (status !== 200 || json === null) throw new Error(said);
  return json;
}

/** Of a message with a log in it: what happened, and the log's last line. */
function inShort(message: string): string {
  const lines = message.trim().split('\n');
  return [...new Set([lines[0]!.replace(/, last available logs.*/, ''), lines.at(-1)!])].join(': ').slice(0, 500);
}
