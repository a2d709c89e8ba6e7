import { describe, expect, test } from 'vitest';
import { Slurm } from '../../../../src/backends/training/clusters/slurm.ts';
import { SlurmRest } from '../../../../src/backends/training/clusters/slurm-rest.ts';
import { reply, startHttp } from '../../../support/http.ts';

const JOB = {
  key: 'critique-loop-demo-1-0a1b2c3d',
  argv: ['python3', "it's.py"],
  env: { A: 'b c' },
  folder: '/store/job',
  processes: 2,
  onGpu: true,
};
const SCRIPT = "#!/bin/sh\nexport A='b c'\nexec python3 'it'\\''s.py'\n";
const aJob = (job_id: number, job_state: string | string[], state_reason = 'None', name = JOB.key) => ({
  job_id,
  name,
  job_state,
  state_reason,
});
/** For the user "trainer", as `scontrol token` writes it. */
const TOKEN = `x.${Buffer.from('{"exp":1,"sun":"trainer"}').toString('base64url')}.y`;

/** slurmrestd of one version; `jobs` may be changed. */
async function setUp(version: string, jobs: object[], refusal?: object) {
  const server = await startHttp(({ method, path, body }, response) => {
    if (path === '/openapi/v3')
      return reply(response, { paths: { [`/slurm/${version}/jobs`]: {}, '/slurm/v0.0.36/jobs': {} } });
    if (path === `/slurm/${version}/jobs`) return reply(response, { errors: [], jobs });
    if (method === 'DELETE') return reply(response, { errors: [] });
    if (refusal) return reply(response, { errors: [refusal] }, 500);
    jobs.push(aJob(7, 'PENDING', 'Priority', body.job.name));
    return reply(response, { errors: [], job_id: 7 });
  });
  const rest = new SlurmRest({ url: server.origin, token: TOKEN, job: { partition: 'gpu' } });
  return { slurm: new Slurm(rest), received: server.received };
}

describe('a submission', () => {
  test('is of the version that the server has', async () => {
    const { slurm, received } = await setUp('v0.0.38', []);
    await slurm.submit(JOB);
    const [submitted] = received.filter(({ method }) => method === 'POST');
    expect(submitted).toMatchObject({
      path: '/slurm/v0.0.38/job/submit',
      headers: { 'x-slurm-user-token': TOKEN, 'x-slurm-user-name': 'trainer' },
    });
    const properties = {
      name: JOB.key,
      dependency: 'singleton',
      current_working_directory: '/store/job',
      standard_output: '/store/job/slurm.log',
      tasks: 1,
      partition: 'gpu',
    };
    const PATH = '/usr/local/bin:/usr/bin:/bin';
    expect(submitted!.body).toEqual({ script: SCRIPT, job: { ...properties, environment: { PATH }, gres: 'gpu:2' } });

    const newer = await setUp('v0.0.42', []);
    await newer.slurm.submit(JOB);
    expect(newer.received.find(({ method }) => method === 'POST')!.body).toEqual({
      job: { ...properties, environment: [`PATH=${PATH}`], tres_per_job: 'gres/gpu:2', script: SCRIPT },
    });
  });

  test('of what is there already, or was, is done', async () => {
    const { slurm, received } = await setUp('v0.0.38', [aJob(3, 'COMPLETED')]);
    await slurm.submit(JOB);
    expect(received.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('of which there was another at the same time ends the younger', async () => {
    const jobs: object[] = [];
    const { slurm, received } = await setUp('v0.0.38', jobs);
    const push = jobs.push.bind(jobs);
    jobs.push = (...added) => push(...added, aJob(6, 'RUNNING'));
    await slurm.submit(JOB);
    expect(received.filter(({ method }) => method === 'DELETE').map(({ path }) => path)).toEqual([
      '/slurm/v0.0.38/job/7',
    ]);
  });

  test('that is refused says why', async () => {
    const { slurm } = await setUp('v0.0.38', [], { error: 'Invalid partition name specified', errno: 2000 });
    await expect(slurm.submit(JOB)).rejects.toThrow('Invalid partition name specified');
  });
});

describe('a job', () => {
  test.each([
    [[aJob(7, 'PENDING', 'Resources')], { state: 'queued', reason: 'Slurm says Resources of job 7' }],
    [[aJob(7, ['PENDING', 'REQUEUED'], 'BeginTime')], { state: 'queued', reason: 'Slurm says BeginTime of job 7' }],
    [[aJob(7, 'CONFIGURING')], { state: 'queued', reason: 'Slurm says CONFIGURING of job 7' }],
    [[aJob(7, 'RUNNING')], { state: 'running' }],
    [[aJob(7, ['RUNNING'])], { state: 'running' }],
    [[aJob(7, 'COMPLETING')], { state: 'running' }],
    [[aJob(7, 'TIMEOUT', 'TimeLimit')], { state: 'ended', how: 'Slurm says TIMEOUT of job 7: TimeLimit' }],
    [[aJob(7, ['CANCELLED'])], { state: 'ended', how: 'Slurm says CANCELLED of job 7' }],
    [[aJob(8, 'CANCELLED'), aJob(7, 'RUNNING')], { state: 'running' }],
    [[aJob(9, 'RUNNING', 'None', 'another')], { state: 'absent' }],
  ])('%j', async (jobs, status) => {
    const { slurm } = await setUp('v0.0.40', jobs);
    expect(await slurm.look(JOB.key)).toEqual(status);
  });

  test('of which nobody says anything is no state', async () => {
    const server = await startHttp((_, response) => reply(response, 'Authentication failure', 401));
    const rest = new SlurmRest({ url: server.origin, token: TOKEN, job: {} });
    await expect(new Slurm(rest).look(JOB.key)).rejects.toThrow('401 Authentication failure');
  });

  test('that goes on is asked to end', async () => {
    const { slurm, received } = await setUp('v0.0.38', [aJob(5, 'FAILED'), aJob(7, 'RUNNING')]);
    await slurm.stop(JOB.key);
    expect(received.filter(({ method }) => method === 'DELETE').map(({ path }) => path)).toEqual([
      '/slurm/v0.0.38/job/7',
    ]);
  });
});

test('a token that is none is named', () => {
  expect(() => new SlurmRest({ url: 'http://head', token: 'abc', job: {} })).toThrow('SLURM_JWT is not a token');
});
