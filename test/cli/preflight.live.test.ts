import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeHub } from '../backends/datasets/fake-hub.ts';
import { temporaryFolder } from '../support/folder.ts';
import { reply, startHttp } from '../support/http.ts';
import { S3_KEYS, type S3Server, startS3Server } from '../support/s3-server.ts';

const root = join(import.meta.dirname, '../..');
const config8b = readFileSync(join(root, 'test/fixtures/llama-3-8b/config.json'), 'utf8');
const MODELS = ['meta-llama/Meta-Llama-3-8B', 'meta-llama/Meta-Llama-3-8B-Instruct'];
const FILES = ['runs/gpu-gsm8k-8b.json', 'runs/gpu-math-8b.json'];
const COMMIT = '6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be';

interface Seen {
  code: number | null;
  /** By what each line is about: `ok`, `WRONG` or `?`, and what it says. */
  checks: Map<string, { label: string; detail: string }>;
  output: string;
}

/** The built command where no Temporal, no hub and no GPU is, unless `env` says otherwise. */
async function preflight(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Seen> {
  const folder = await temporaryFolder();
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'preflight', ...args], {
    cwd: root,
    env: {
      PATH: '/nowhere',
      HOME: folder,
      HF_ENDPOINT: 'http://127.0.0.1:9',
      TEMPORAL_ADDRESS: '127.0.0.1:9',
      CRITIQUE_LOOP_STORE: join(folder, 'store'),
      CRITIQUE_LOOP_CACHE: join(folder, 'cache'),
      CRITIQUE_LOOP_ENGINE: 'vllm',
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = output.matchAll(/^(ok|WRONG|\?) +(.*?): (.*)$/gm);
  return {
    code,
    checks: new Map([...lines].map(([, label, what, detail]) => [what!, { label: label!, detail: detail! }])),
    output,
  };
}

/** A Hugging Face cache as `hf download` leaves it, with a model of 8B under each name. */
async function downloaded(names: readonly string[], files = ['model.safetensors.index.json']): Promise<string> {
  const cache = await temporaryFolder();
  for (const name of names) {
    const folder = join(cache, `models--${name.replace('/', '--')}`);
    mkdirSync(join(folder, 'refs'), { recursive: true });
    mkdirSync(join(folder, 'snapshots', COMMIT), { recursive: true });
    writeFileSync(join(folder, 'refs/main'), COMMIT);
    writeFileSync(join(folder, 'snapshots', COMMIT, 'config.json'), config8b);
    for (const file of files) writeFileSync(join(folder, 'snapshots', COMMIT, file), '{"weight_map":{}}');
  }
  return cache;
}

/** Two runs in a store, one of them of the same models. */
function earlierRuns(folder: string): void {
  const stages = [
    { stage: 'sample', seconds: 100, promptTokens: 1, completionTokens: 900_000 },
    { stage: 'critique', seconds: 50, promptTokens: 1, completionTokens: 300_000 },
    { stage: 'fine-tune', seconds: 5000, promptTokens: 0, completionTokens: 0 },
  ];
  const report = (run: string, actor: string, updatedAt: string) => {
    mkdirSync(join(folder, 'runs', run), { recursive: true });
    const text = JSON.stringify({ run, actor, critic: MODELS[1], updatedAt, iterations: [{ iteration: 1, stages }] });
    writeFileSync(join(folder, 'runs', run, 'report.json'), text);
  };
  report('earlier', MODELS[0]!, '2026-11-01T00:00:00Z');
  report('other', 'models/actor', '2026-11-02T00:00:00Z');
}
const MEASURED = '8,000 written a second; as measured in earlier, on the GPUs that it had';

describe('preflight where fine-tunes run on a cluster', () => {
  const on = (address: string) => ({ CRITIQUE_LOOP_TRAIN_ON: 'ray', CRITIQUE_LOOP_RAY_ADDRESS: address });

  it('says that it takes them, and what could not be seen', async () => {
    const { origin } = await startHttp(({ path }, response) =>
      reply(response, path === '/api/version' ? { ray_version: '2.60.0' } : []),
    );
    const { checks, output } = await preflight(['runs/demo.json'], on(origin));
    expect(checks.get(`Ray at ${origin}`)).toEqual({ label: 'ok', detail: 'Ray 2.60.0 takes jobs' });
    expect(output).toContain('not looked at: whether its machines see ');
    expect((await preflight(['runs/demo.json'])).output).not.toContain('Ray');
  });

  it('says why it does not', async () => {
    const { output, code } = await preflight(['runs/demo.json'], on('http://127.0.0.1:9'));
    expect(output).toContain('WRONG  Ray at http://127.0.0.1:9: does not take fine-tunes: connect ECONNREFUSED');
    expect(code).toBe(1);
  });
});

describe('preflight of a run file for GPUs', () => {
  it.each(FILES)('%s, 8 GPUs of 80 GiB: it fits, and takes so many GPU hours', async (file) => {
    const env = { HF_HUB_CACHE: await downloaded(MODELS) };
    const { checks } = await preflight([file, '--gpus', '8', '--gpu-memory', '80'], env);
    expect(checks.has('critic.model')).toBe(false);
    expect(checks.get('actor, memory')).toMatchObject({ label: 'ok' });
    expect(checks.get('critic, memory')).toMatchObject({
      label: 'ok',
      detail: expect.stringContaining('8.03 billion parameters, 15.0 GiB of weights on a GPU of 80.0 GiB'),
    });
    expect(checks.get('training, memory')).toMatchObject({
      label: 'ok',
      detail: expect.stringMatching(/all weights trained on 8 GPUs with ZeRO-2: \d+\.\d GiB of 80\.0 GiB on each GPU/),
    });
    expect(checks.get('GPU hours')!.detail).toMatch(
      /^about \d+\.\d h, \d+\.\d h on 8 A100: generation \d+\.\d h, fine-tunes \d+\.\d h, starts \d+\.\d h$/,
    );
  });

  it('says under the estimate what it rests on', async () => {
    const env = { HF_HUB_CACHE: await downloaded(MODELS) };
    const { output } = await preflight([FILES[0]!, '--gpus', '8', '--gpu-memory', '80'], env);
    for (const text of ['312 TFLOP/s', 'decoding at 50 %', '8 FLOP a weight and token', '45 % of responses wrong'])
      expect(output).toContain(text);
  });

  it.each(FILES)('%s, one GPU of 24 GiB: it does not fit, and what to change', async (file) => {
    const env = { HF_HUB_CACHE: await downloaded(MODELS) };
    const { checks, code } = await preflight([file, '--gpus', '1', '--gpu-memory', '24'], env);
    const { label, detail } = checks.get('training, memory')!;
    expect(label).toBe('WRONG');
    for (const text of [
      '"processes": 8, of 1 GPUs',
      '"lora": {"rank":16}',
      '"batchSize": 1',
      '"gradientAccumulation": 256',
    ])
      expect(detail).toContain(text);
    expect(code).toBe(1);
  });

  it('a model that is nowhere: its memory could not be checked, and how to have it checked', async () => {
    // As a library leaves it that has only looked at the model.
    const env = { HF_HUB_CACHE: await downloaded(MODELS, []) };
    const { checks, output } = await preflight([FILES[0]!, '--gpus', '8', '--gpu-memory', '80'], env);
    const { label, detail } = checks.get('actor, memory')!;
    expect(label).toBe('?');
    expect(detail).toContain('could not be checked: meta-llama/Meta-Llama-3-8B is no folder here');
    expect(detail).toContain('run `hf download meta-llama/Meta-Llama-3-8B`, and bring the folder here');
    expect(checks.get('critic.model')).toMatchObject({
      label: 'WRONG',
      detail: expect.stringContaining('`hf download meta-llama/Meta-Llama-3-8B-Instruct`'),
    });
    expect(output).not.toContain('GPU hours');
  });

  it('a model that the hub has: by its config.json, with the token where it is gated', async () => {
    const gated = { commit: COMMIT, files: { 'config.json': config8b, 'README.md': 'about' }, token: 'hf_secret' };
    const hub = await startFakeHub(Object.fromEntries(MODELS.map((name) => [name, gated])));
    const args = [FILES[0]!, '--gpus', '8', '--gpu-memory', '80'];
    const { checks } = await preflight(args, { HF_ENDPOINT: hub.origin, HF_TOKEN: 'hf_secret' });
    expect(checks.get('actor, memory')).toMatchObject({ label: 'ok' });
    expect(checks.get('GPU hours')).toMatchObject({ label: 'ok' });
    const without = await preflight(args, { HF_ENDPOINT: hub.origin });
    expect(without.checks.get('actor, memory')).toMatchObject({
      label: '?',
      detail: expect.stringContaining('a token that may read it has to be in HF_TOKEN'),
    });
  });

  it('arguments of vLLM count: --tensor-parallel-size, --gpu-memory-utilization, --max-model-len', async () => {
    const env = { HF_HUB_CACHE: await downloaded(MODELS) };
    const args = [FILES[0]!, '--gpus', '2', '--gpu-memory', '16'];
    const alone = await preflight(args, env);
    expect(alone.checks.get('critic, memory')).toMatchObject({
      label: 'WRONG',
      detail: expect.stringContaining('CRITIQUE_LOOP_VLLM_ARGS="--tensor-parallel-size 2"'),
    });
    const CRITIQUE_LOOP_VLLM_ARGS = '--tensor-parallel-size=2 --gpu-memory-utilization 0.9 --max-model-len 4096';
    const together = await preflight(args, { ...env, CRITIQUE_LOOP_VLLM_ARGS });
    expect(together.checks.get('critic, memory')).toMatchObject({
      label: 'ok',
      detail: expect.stringContaining('7.5 GiB of weights on 2 GPUs of 16.0 GiB, each'),
    });
    expect(together.output).toContain('vLLM takes 0.9 of it');
  });

  it('fewer shards than eight workers take: says how many', async () => {
    const folder = await temporaryFolder();
    const { shards: _, ...input } = JSON.parse(readFileSync(join(root, FILES[0]!), 'utf8'));
    writeFileSync(join(folder, 'run.json'), JSON.stringify(input));
    const env = { HF_HUB_CACHE: await downloaded(MODELS) };
    const args = ['--gpus', '8', '--gpu-memory', '80'];
    expect((await preflight([join(folder, 'run.json'), ...args], env)).output).toContain('"shards": 64');
    expect((await preflight([FILES[0]!, ...args], env)).output).not.toContain('"shards"');
  });

  it('a large model without vLLM: says which variable is missing', async () => {
    const env = { HF_HUB_CACHE: await downloaded(MODELS), CRITIQUE_LOOP_ENGINE: 'embedded' };
    const { output } = await preflight([FILES[0]!, '--gpus', '8', '--gpu-memory', '80'], env);
    expect(output).toContain('CRITIQUE_LOOP_ENGINE is not "vllm" here');
    expect((await preflight(['runs/demo.json', '--gpus', '1', '--gpu-memory', '24'], env)).output).not.toContain(
      '"vllm"',
    );
  });

  it('a DeepSpeed configuration that is not there', async () => {
    const folder = await temporaryFolder();
    const input = JSON.parse(readFileSync(join(root, FILES[0]!), 'utf8'));
    input.training.deepspeed = 'nowhere/zero-2.json';
    writeFileSync(join(folder, 'run.json'), JSON.stringify(input));
    const { checks } = await preflight([join(folder, 'run.json')]);
    expect(checks.get('training.deepspeed')).toEqual({
      label: 'WRONG',
      detail: 'got "nowhere/zero-2.json", expected a file: there is none',
    });
  });

  it('an adapter is as large as its base', async () => {
    const folder = await temporaryFolder();
    const adapter = { base_model_name_or_path: MODELS[0], r: 16 };
    writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(adapter));
    const input = JSON.parse(readFileSync(join(root, FILES[0]!), 'utf8'));
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...input, critic: { ...input.critic, model: folder } }));
    const env = { HF_HUB_CACHE: await downloaded(MODELS) };
    const { checks } = await preflight([join(folder, 'run.json'), '--gpus', '8', '--gpu-memory', '80'], env);
    expect(checks.get('critic, memory')!.detail).toContain('8.03 billion parameters');
  });

  it('an earlier run of the same models: as fast as it was', async () => {
    const folder = await temporaryFolder();
    earlierRuns(folder);
    const env = { HF_HUB_CACHE: await downloaded(MODELS), CRITIQUE_LOOP_STORE: folder };
    const { output } = await preflight([FILES[0]!, '--gpus', '8', '--gpu-memory', '80'], env);
    expect(output).toContain(MEASURED);
  });

  it('the GPUs of this machine, as nvidia-smi lists them', async () => {
    const bin = await temporaryFolder();
    const script = "#!/bin/sh\necho '143771, NVIDIA H200'\necho '143771, NVIDIA H200'\n";
    writeFileSync(join(bin, 'nvidia-smi'), script, { mode: 0o755 });
    const env = { HF_HUB_CACHE: await downloaded(MODELS), PATH: `${bin}:/bin:/usr/bin` };
    const { checks } = await preflight([FILES[0]!], env);
    expect(checks.get('actor, memory')!.detail).toContain('on a GPU of 140.4 GiB');
    expect(checks.get('GPU hours')!.detail).toContain('on 2 H200');
    const one = await preflight([FILES[0]!], { ...env, CUDA_VISIBLE_DEVICES: '1' });
    expect(one.checks.get('GPU hours')!.detail).toContain('on one H200');
  });

  it('without GPUs nothing is said of them, nor of models behind URLs', async () => {
    const none = await preflight(['runs/demo.json']);
    expect(none.output).not.toMatch(/memory|GPU/);
    const { checks } = await preflight(['runs/gsm8k.json', '--gpus', '8', '--gpu-memory', '80'], {
      HF_HUB_CACHE: await downloaded(MODELS),
    });
    expect([...checks.keys()]).toContain('training, memory');
    expect([...checks.keys()]).not.toContain('actor, memory');
  });

  it.each([
    [['--gpus', '0'], 'Expected a whole number of GPUs'],
    [['--gpu-memory', 'much'], 'Expected GiB, like 80.'],
  ])('%s is refused', async (args, expected) => {
    const { code, output } = await preflight([FILES[0]!, ...args]);
    expect(code).toBe(1);
    expect(output).toContain(expected);
  });
});

describe('preflight of a bucket', () => {
  let server: S3Server | null;
  beforeAll(async () => {
    server = await startS3Server();
  }, 600_000);
  afterAll(() => server?.remove());

  it('does once what a run does there, and leaves nothing', async (context) => {
    if (!server) context.skip('needs Go, to build an S3 server');
    const store = { CRITIQUE_LOOP_STORE: 's3://bucket/loop' };
    const { checks } = await preflight(['runs/demo.json'], { ...server!.env, ...store });
    expect(checks.get('store')).toEqual({
      label: 'ok',
      detail: 's3://bucket/loop can be listed, read, written and deleted',
    });
    expect(readdirSync(server!.bucketFolder, { recursive: true }).filter((it) => /preflight/.test(String(it)))).toEqual(
      [],
    );
  });

  it('finds earlier runs there, too', async (context) => {
    if (!server) context.skip('needs Go, to build an S3 server');
    earlierRuns(join(server!.bucketFolder, 'loop'));
    const env = { HF_HUB_CACHE: await downloaded(MODELS), CRITIQUE_LOOP_STORE: 's3://bucket/loop', ...server!.env };
    const { output } = await preflight([FILES[0]!, '--gpus', '8', '--gpu-memory', '80'], env);
    expect(output).toContain(MEASURED);
  });

  it.each([
    [
      'a wrong secret',
      { AWS_SECRET_ACCESS_KEY: 'secret-of-another' },
      'access is denied: this worker needs credentials',
    ],
    [
      'no credential',
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
      'access is denied: this worker needs credentials',
    ],
    ['a wrong region', { AWS_REGION: 'eu-central-1' }, 'set AWS_REGION to the region of the bucket'],
    [
      'no such bucket',
      { CRITIQUE_LOOP_STORE: 's3://other-bucket/loop' },
      'there is no bucket "other-bucket": create it',
    ],
  ])('%s is said in one line', async (_, env, said) => {
    if (!server) return;
    const store = { CRITIQUE_LOOP_STORE: 's3://bucket/loop' };
    const { code, checks, output } = await preflight(['runs/fine-tune.json'], { ...server.env, ...store, ...env });
    expect(code).toBe(1);
    expect(checks.get('store')).toEqual({ label: 'WRONG', detail: expect.stringContaining(said) });
    for (const secret of [...Object.values(S3_KEYS), 'secret-of-another']) expect(output).not.toContain(secret);
  });
});
