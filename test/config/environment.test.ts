import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';

const NOTHING = {
  store: `${process.cwd()}/.critique-loop/store`,
  cache: `${process.cwd()}/.critique-loop/cache`,
  metrics: undefined,
  healthPort: undefined,
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
  ])('%s=%s is refused by its name', (name, value) => {
    expect(() => readEnvironment({ [name]: value })).toThrow(name);
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
