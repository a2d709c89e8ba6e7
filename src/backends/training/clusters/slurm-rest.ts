import { join } from 'node:path';
import type { ClusterJob } from './cluster.ts';
import { HttpApi } from './http.ts';
import type { SlurmAccess, SlurmJob } from './slurm.ts';

/** A job as slurmrestd has it; from v0.0.40 on its state is a list. */
interface RestJob {
  job_id: number;
  name: string;
  job_state: string | string[];
  state_reason: string;
}

/** slurmrestd, in the newest version of its API that it offers. */
export class SlurmRest implements SlurmAccess {
  readonly name: string;
  readonly #api: HttpApi;
  readonly #job: Readonly<Record<string, unknown>>;
  #version: number | null = null;

  /** @param token a JWT of `scontrol token` @param job further properties of a job, as that version names them */
  constructor({ url, token, job }: { url: string; token?: string | undefined; job: Record<string, unknown> }) {
    this.name = `slurmrestd at ${url}`;
    this.#api = new HttpApi(url, token ? { 'x-slurm-user-token': token, 'x-slurm-user-name': userOf(token) } : {});
    this.#job = job;
  }

  async list(key: string): Promise<SlurmJob[]> {
    const { jobs } = (await this.#ask('GET', 'jobs')) as { jobs: RestJob[] };
    return jobs
      .filter(({ name }) => name === key)
      .map(({ job_id: id, job_state: state, state_reason: reason }) => ({ id, state: [state].flat()[0]!, reason }));
  }

  async batch(job: ClusterJob, script: string): Promise<void> {
    const { key, folder, processes, onGpu } = job;
    const isOld = (await this.#findVersion()) < 40;
    const properties = {
      name: key,
      dependency: 'singleton',
      current_working_directory: folder,
      // What Slurm itself has to say.
      standard_output: join(folder, 'slurm.log'),
      environment: isOld ? { PATH } : [`PATH=${PATH}`],
      tasks: 1,
      ...(onGpu
        ? isOld
          ? { gres: `gpu:${processes}` }
          : { tres_per_job: `gres/gpu:${processes}` }
        : { cpus_per_task: processes }),
      ...this.#job,
    };
    await this.#ask('POST', 'job/submit', isOld ? { script, job: properties } : { job: { ...properties, script } });
  }

  async cancel(id: number): Promise<void> {
    await this.#ask('DELETE', `job/${id}`);
  }

  async check(): Promise<string> {
    await this.#ask('GET', 'jobs');
    return `answers in v0.0.${await this.#findVersion()} of its API`;
  }

  async #ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const { status, json, said } = await this.#api.ask(
      method,
      `/slurm/v0.0.${await this.#findVersion()}/${path}`,
      body,
    );
    const [error] = (json?.errors ?? []) as { error?: string; description?: string }[];
    if (error) throw new Error([error.error, error.description].filter(Boolean).join(': ') || said);
    if (status !== 200 || json === null) throw new Error(said);
    return json;
  }

  async #findVersion(): Promise<number> {
    if (this.#version !== null) return this.#version;
    const { status, json, said } = await this.#api.ask('GET', '/openapi/v3');
    if (status !== 200 || json === null) throw new Error(said);
    const versions = Object.keys(json.paths).flatMap((path) => path.match(/^\/slurm\/v0\.0\.(\d+)\/jobs/)?.[1] ?? []);
    if (versions.length === 0) throw new Error('it offers no version of its API in which jobs are submitted');
    this.#version = Math.max(...versions.map(Number));
    return this.#version;
  }
}

/** A job without any environment is refused. */
const PATH = '/usr/local/bin:/usr/bin:/bin';

/** The user that a token is for: slurmrestd wants to be told. */
function userOf(token: string): string {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sun;
  } catch {
    throw new Error('SLURM_JWT is not a token of "scontrol token"');
  }
}
