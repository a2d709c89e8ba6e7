import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';

const NOTHING = {
  store: `${process.cwd()}/.critique-loop/store`,
  cache: `${process.cwd()}/.critique-loop/cache`,
  metrics: undefined,
  healthPort: undefined,
  codecKeys: undefined,
  logLevel: 'info',
  engineThreads: undefined,
  shardsAtOnce: undefined,
  llamafactory: ['llamafactory-cli'],
};

describe('the environment of a worker', () => {
  test('may be empty, and may have other variables', () => {
    expect(readEnvironment({})).toEqual(NOTHING);
    expect(readEnvironment({ PATH: '/bin', CRITIQUE_LOOP_PYTHON: 'python3' })).toEqual(NOTHING);
  });

  test('is read', () => {
    expect(
      readEnvironment({
        CRITIQUE_LOOP_STORE: '/mnt/store',
        CRITIQUE_LOOP_CACHE: '/var/cache/loop',
        CRITIQUE_LOOP_METRICS: '0.0.0.0:9464',
        CRITIQUE_LOOP_HEALTH_PORT: '8080',
        CRITIQUE_LOOP_CODEC_KEYS: '/etc/loop/keys',
        CRITIQUE_LOOP_LOG_LEVEL: 'debug',
        CRITIQUE_LOOP_BUILD_ID: '1.4.0+9f3c2ab',
        CRITIQUE_LOOP_ENGINE_THREADS: '2',
        CRITIQUE_LOOP_SHARDS_AT_ONCE: '6',
        CRITIQUE_LOOP_LLAMAFACTORY: '/opt/lf/bin/python -m llamafactory.cli',
      }),
    ).toEqual({
      store: '/mnt/store',
      cache: '/var/cache/loop',
      metrics: '0.0.0.0:9464',
      healthPort: 8080,
      codecKeys: '/etc/loop/keys',
      logLevel: 'debug',
      version: { deploymentName: 'critique-loop', buildId: '1.4.0+9f3c2ab' },
      engineThreads: 2,
      shardsAtOnce: 6,
      llamafactory: ['/opt/lf/bin/python', '-m', 'llamafactory.cli'],
    });
  });

  test('says how vLLM is run, where it is the engine', () => {
    const vllm = {
      CRITIQUE_LOOP_VLLM: 'python3 -m  vllm.entrypoints.cli.main',
      CRITIQUE_LOOP_VLLM_ARGS: ' --tensor-parallel-size 2 --max-model-len=4096',
      CRITIQUE_LOOP_VLLM_MODEL: 'models/actor',
    };
    expect(readEnvironment(vllm)).toEqual(NOTHING);
    expect(readEnvironment({ ...vllm, CRITIQUE_LOOP_ENGINE: 'vllm' }).vllm).toEqual({
      command: ['python3', '-m', 'vllm.entrypoints.cli.main'],
      args: ['--tensor-parallel-size', '2', '--max-model-len=4096'],
      model: 'models/actor',
    });
    expect(readEnvironment({ CRITIQUE_LOOP_ENGINE: 'vllm' }).vllm).toEqual({ command: ['vllm'], args: [] });
  });

  test('says where fine-tunes run, where that is a cluster', () => {
    const elsewhere = { python: 'python3', trainer: undefined, onGpu: true };
    const ray = { CRITIQUE_LOOP_TRAIN_ON: 'ray', CRITIQUE_LOOP_RAY_ADDRESS: 'http://head:8265', RAY_AUTH_TOKEN: 'abc' };
    expect(readEnvironment({ ...ray, CRITIQUE_LOOP_TRAIN_ON: 'here' })).toEqual(NOTHING);
    expect(readEnvironment(ray).cluster).toEqual({
      at: { kind: 'ray', address: 'http://head:8265', token: 'abc' },
      ...elsewhere,
    });
    const slurm = { CRITIQUE_LOOP_TRAIN_ON: 'slurm', CRITIQUE_LOOP_SLURM_ARGS: '--partition=gpu --time 8:00:00' };
    expect(readEnvironment({ ...slurm, CRITIQUE_LOOP_CLUSTER_DEVICE: 'cpu' }).cluster).toEqual({
      at: { kind: 'slurm', args: ['--partition=gpu', '--time', '8:00:00'] },
      ...elsewhere,
      onGpu: false,
    });
    const rest = { CRITIQUE_LOOP_SLURM_URL: 'unix:/run/rest.sock', CRITIQUE_LOOP_SLURM_JOB: '{"partition":"gpu"}' };
    expect(readEnvironment({ CRITIQUE_LOOP_TRAIN_ON: 'slurm', ...rest, SLURM_JWT: 'x.y.z' }).cluster?.at).toEqual({
      kind: 'slurmrestd',
      url: 'unix:/run/rest.sock',
      token: 'x.y.z',
      job: { partition: 'gpu' },
    });
    expect(
      readEnvironment({
        CRITIQUE_LOOP_TRAIN_ON: 'kubernetes',
        CRITIQUE_LOOP_KUBERNETES_JOB: '/etc/job.yaml',
        CRITIQUE_LOOP_CLUSTER_PYTHON: '/opt/bin/python',
        CRITIQUE_LOOP_CLUSTER_TRAINER: '/opt/trainer',
      }).cluster,
    ).toEqual({
      at: { kind: 'kubernetes', file: '/etc/job.yaml' },
      python: '/opt/bin/python',
      trainer: '/opt/trainer',
      onGpu: true,
    });
  });

  test.each([
    [{ CRITIQUE_LOOP_TRAIN_ON: 'ray' }, /RAY_ADDRESS: is missing, expected the URL of Ray's dashboard/],
    [{ CRITIQUE_LOOP_TRAIN_ON: 'kubernetes' }, /KUBERNETES_JOB: is missing, expected a file with a Job/],
    [
      { CRITIQUE_LOOP_TRAIN_ON: 'slurm', CRITIQUE_LOOP_STORE: 's3://bucket' },
      /CACHE: is missing, expected a folder that slurm sees under the same path, for the store is a bucket/,
    ],
    [
      { CRITIQUE_LOOP_TRAIN_ON: 'slurm', CRITIQUE_LOOP_SLURM_URL: 'http://head', CRITIQUE_LOOP_SLURM_ARGS: '-p gpu' },
      /SLURM_ARGS: got .*expected CRITIQUE_LOOP_SLURM_JOB instead/,
    ],
  ])('of a cluster lacks what it needs: %j', (given, message) => {
    expect(() => readEnvironment(given)).toThrow(message);
  });

  test('may have a bucket for a store', () => {
    expect(readEnvironment({ CRITIQUE_LOOP_STORE: 's3://bucket/a/b' }).store).toBe('s3://bucket/a/b');
  });

  test('may have a variable that is empty, as a compose file without a value gives it', () => {
    const names = [
      'STORE',
      'CACHE',
      'METRICS',
      'HEALTH_PORT',
      'LOG_LEVEL',
      'ENGINE_THREADS',
      'SHARDS_AT_ONCE',
      'LLAMAFACTORY',
    ];
    expect(readEnvironment(Object.fromEntries(names.map((name) => [`CRITIQUE_LOOP_${name}`, ''])))).toEqual(NOTHING);
  });

  test.each([
    ['CRITIQUE_LOOP_STORE', 's3://'],
    ['CRITIQUE_LOOP_STORE', 's3:///prefix'],
    ['CRITIQUE_LOOP_METRICS', '9464'],
    ['CRITIQUE_LOOP_METRICS', 'http://host:9464'],
    ['CRITIQUE_LOOP_HEALTH_PORT', 'http'],
    ['CRITIQUE_LOOP_HEALTH_PORT', '-1'],
    ['CRITIQUE_LOOP_HEALTH_PORT', '65536'],
    ['CRITIQUE_LOOP_LOG_LEVEL', 'verbose'],
    ['CRITIQUE_LOOP_ENGINE_THREADS', '0'],
    ['CRITIQUE_LOOP_ENGINE_THREADS', '1.5'],
    ['CRITIQUE_LOOP_ENGINE', 'sglang'],
    ['CRITIQUE_LOOP_VLLM', ' '],
    ['CRITIQUE_LOOP_VLLM_ARGS', 'models/actor'],
    ['CRITIQUE_LOOP_VLLM_ARGS', '--max-model-len 4096 --port 8000'],
    ['CRITIQUE_LOOP_VLLM_ARGS', '--served_model_name=actor'],
    ['CRITIQUE_LOOP_SHARDS_AT_ONCE', '0'],
    ['CRITIQUE_LOOP_SHARDS_AT_ONCE', 'all'],
    ['CRITIQUE_LOOP_BUILD_ID', 'a build'],
    ['CRITIQUE_LOOP_BUILD_ID', '__next'],
    ['CRITIQUE_LOOP_DEPLOYMENT', 'loop.eu'],
    ['CRITIQUE_LOOP_LLAMAFACTORY', ' '],
    ['CRITIQUE_LOOP_TRAIN_ON', 'sky'],
    ['CRITIQUE_LOOP_RAY_ADDRESS', 'head:8265'],
    ['CRITIQUE_LOOP_RAY_ADDRESS', 'ray://head:10001'],
    ['CRITIQUE_LOOP_SLURM_URL', 'head:6820'],
    ['CRITIQUE_LOOP_SLURM_ARGS', '--partition=gpu --job-name=mine'],
    ['CRITIQUE_LOOP_SLURM_JOB', 'partition=gpu'],
    ['CRITIQUE_LOOP_SLURM_JOB', '[7]'],
    ['CRITIQUE_LOOP_CLUSTER_DEVICE', 'tpu'],
    ['CRITIQUE_LOOP_CLUSTER_TRAINER', 'deploy/trainer'],
  ])('%s=%s is refused by its name, with what it is', (name, value) => {
    const isList = name.endsWith('_ARGS') || value === ' ';
    const shown = isList ? 'got [' : new RegExp(`got "?${value.replaceAll(/[[\]]/g, '\\$&')}"?, expected`);
    expect(() => readEnvironment({ [name]: value })).toThrow(name);
    expect(() => readEnvironment({ [name]: value })).toThrow(shown);
  });

  test('an argument of vLLM that the engine sets itself is named', () => {
    expect(() => readEnvironment({ CRITIQUE_LOOP_VLLM_ARGS: '--api-key=abc' })).toThrow(
      'expected no --api-key: the engine sets that itself',
    );
  });

  test('names every wrong variable at once', () => {
    const wrong = { CRITIQUE_LOOP_LOG_LEVEL: 'loud', CRITIQUE_LOOP_HEALTH_PORT: 'x', CRITIQUE_LOOP_STORE: '/store' };
    expect(() => readEnvironment(wrong)).toThrow(/wrong environment: .*HEALTH_PORT.*LOG_LEVEL/);
  });
});
