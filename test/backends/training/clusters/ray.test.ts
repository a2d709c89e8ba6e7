import { describe, expect, test } from 'vitest';
import { Ray } from '../../../../src/backends/training/clusters/ray.ts';
import { type Received, reply, startHttp } from '../../../support/http.ts';

const JOB = {
  key: 'critique-loop-demo-1-0a1b2c3d',
  argv: ['python3', '/store/it is/train.py'],
  env: { A: '1' },
  folder: '/store/job',
  processes: 2,
  onGpu: true,
};
const PATH = `/api/jobs/${JOB.key}`;
const WAITS =
  'Job has not started yet. It may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available.';
/** As Ray 2.60 writes it. */
const DUPLICATE = `Traceback (most recent call last):
  File "job_manager.py", line 553, in submit_job
ValueError: Job with submission_id ${JOB.key} already exists. Please use a different submission_id.
.
`;
const aJob = (status: string, message: string | null = null) => ({
  type: 'SUBMISSION',
  job_id: null,
  submission_id: JOB.key,
  status,
  message,
});

/** A Ray that answers with what stands beside a method and a path. */
async function setUp(answers: Record<string, unknown>, token?: string) {
  const server = await startHttp(({ method, path }: Received, response) => {
    const answer = answers[`${method} ${path}`];
    if (typeof answer === 'string') reply(response, answer, 500);
    else if (answer === undefined) reply(response, `Job ${path} does not exist`, 404);
    else reply(response, answer);
  });
  return { ray: new Ray({ address: `${server.origin}/`, token }), received: server.received };
}

describe('a submission', () => {
  test('asks for GPUs, for time to end in, and quotes what a shell would read', async () => {
    const { ray, received } = await setUp({ 'POST /api/jobs/': { submission_id: JOB.key } }, 'a-token');
    await ray.submit(JOB);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ headers: { authorization: 'Bearer a-token' } });
    expect(received[0]!.body).toEqual({
      submission_id: JOB.key,
      entrypoint: "exec python3 '/store/it is/train.py'",
      runtime_env: { env_vars: { A: '1', RAY_JOB_STOP_WAIT_TIME_S: '300' } },
      metadata: { name: JOB.key, folder: '/store/job' },
      entrypoint_num_gpus: 2,
    });
    await ray.submit({ ...JOB, onGpu: false });
    expect(received[1]!.body).toMatchObject({ entrypoint_num_cpus: 2 });
  });

  test('of what is there already is done', async () => {
    const { ray } = await setUp({ 'POST /api/jobs/': DUPLICATE, [`GET ${PATH}`]: aJob('RUNNING') });
    await ray.submit(JOB);
  });

  test('that is refused says why', async () => {
    const { ray } = await setUp({ 'POST /api/jobs/': 'Traceback\nRuntimeError: No available agent\n.\n' });
    await expect(ray.submit(JOB)).rejects.toThrow('500 RuntimeError: No available agent');
  });
});

describe('a job', () => {
  const FAILED =
    'Job entrypoint command failed with exit code 127, last available logs (truncated to 20,000 chars):\nRunning entrypoint\nsh: 1: python9: not found\n';

  test.each([
    [aJob('PENDING', WAITS), { state: 'queued', reason: WAITS }],
    [aJob('RUNNING', 'Job is currently running.'), { state: 'running' }],
    [
      aJob('STOPPED', 'Job was intentionally stopped.'),
      { state: 'ended', how: 'Ray says STOPPED: Job was intentionally stopped.' },
    ],
    [aJob('SUCCEEDED'), { state: 'ended', how: 'Ray says SUCCEEDED' }],
    [
      aJob('FAILED', FAILED),
      {
        state: 'ended',
        how: 'Ray says FAILED: Job entrypoint command failed with exit code 127: sh: 1: python9: not found',
      },
    ],
    [undefined, { state: 'absent' }],
  ])('%j', async (answer, status) => {
    const { ray } = await setUp({ [`GET ${PATH}`]: answer });
    expect(await ray.look(JOB.key)).toEqual(status);
  });

  test('of which Ray does not say anything is no state', async () => {
    const { ray } = await setUp({ [`GET ${PATH}`]: 'Unauthorized: Missing authentication token' });
    await expect(ray.look(JOB.key)).rejects.toThrow('500 Unauthorized: Missing authentication token');
    await expect(new Ray({ address: 'http://127.0.0.1:1' }).look(JOB.key)).rejects.toThrow('ECONNREFUSED');
  });

  test('is asked to end, and need not be there', async () => {
    const { ray, received } = await setUp({ [`POST ${PATH}/stop`]: { stopped: true } });
    await ray.stop(JOB.key);
    await ray.stop('critique-loop-unknown');
    expect(received.map(({ path }) => path)).toEqual([`${PATH}/stop`, '/api/jobs/critique-loop-unknown/stop']);
  });
});

test('a Ray that takes jobs says its version', async () => {
  const { ray } = await setUp({ 'GET /api/version': { ray_version: '2.60.0' }, 'GET /api/jobs/': [] });
  expect(await ray.check()).toBe('Ray 2.60.0 takes jobs');
  const { ray: closed } = await setUp({ 'GET /api/version': { ray_version: '2.60.0' }, 'GET /api/jobs/': 'no' });
  await expect(closed.check()).rejects.toThrow('500 no');
});
