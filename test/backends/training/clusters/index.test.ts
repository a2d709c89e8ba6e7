import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTrainingBackends } from '../../../../src/backends/training/index.ts';
import { Training } from '../../../../src/config/training.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { reply, startHttp } from '../../../support/http.ts';

/** Backends of a worker without GPUs, and the jobs that its Ray was given. */
async function setUp() {
  const folder = await temporaryFolder();
  const { origin, received } = await startHttp(({ method }, response) =>
    method === 'POST' ? reply(response, {}) : reply(response, 'no such job', 404),
  );
  const backends = createTrainingBackends({
    python: () => expect.fail('a Python of this machine was asked for'),
    gpus: { names: [], locks: [] },
    llamafactory: ['/opt/lf/bin/llamafactory-cli'],
    cluster: { at: { kind: 'ray', address: origin }, python: '/opt/python', trainer: '/opt/trainer', onGpu: true },
  });
  const base = join(folder, 'base');
  await mkdir(base);
  await writeFile(join(base, 'config.json'), '{}');
  await writeFile(join(base, 'tokenizer_config.json'), '{"eos_token":"<end>"}');
  await writeFile(join(folder, 'sft.jsonl'), '{"prompt":"1+1?","completion":" 2"}\n');
  const jobOf = (training: object) => ({
    base,
    data: join(folder, 'sft.jsonl'),
    output: join(folder, 'job'),
    seed: 1,
    training: Training.parse(training),
  });
  const jobs = () => received.filter(({ method }) => method === 'POST').map(({ body }) => body);
  return { backends, jobOf, jobs };
}

test('train.py runs there with the Python and in the folder that the cluster knows', async () => {
  const { backends, jobOf, jobs } = await setUp();
  const job = jobOf({});
  await backends.trl.submit(job);
  expect(jobs()).toHaveLength(1);
  expect(jobs()[0].entrypoint).toMatch(
    new RegExp(` ${job.output}/log /opt/python /opt/trainer/train.py ${job.output}/job.json$`),
  );
  expect(backends.trl.isElsewhere).toBe(true);
});

test('LLaMA-Factory runs there with as many processes as GPUs, in bfloat16', async () => {
  const { backends, jobOf, jobs } = await setUp();
  const job = jobOf({ backend: 'llamafactory', processes: 2 });
  await backends.llamafactory.submit(job);
  expect(jobs()[0].entrypoint).toMatch(
    new RegExp(` ${job.output}/log /opt/lf/bin/llamafactory-cli train ${job.output}/train.yaml$`),
  );
  expect(jobs()[0]).toMatchObject({
    entrypoint_num_gpus: 2,
    runtime_env: { env_vars: { FORCE_TORCHRUN: '1', NPROC_PER_NODE: '2' } },
  });
  expect(JSON.parse(await readFile(join(job.output, 'train.yaml'), 'utf8'))).toMatchObject({ bf16: true });
});
