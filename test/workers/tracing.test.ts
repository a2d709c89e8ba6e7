import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startTracing } from '../../src/workers/tracing.ts';

const root = join(import.meta.dirname, '../..');
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

it.each([
  ['no endpoint', {}],
  ['an empty one', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
  ['the SDK switched off', { ...endpoint, OTEL_SDK_DISABLED: 'true' }],
  ['no exporter of traces', { ...endpoint, OTEL_TRACES_EXPORTER: 'none' }],
])('%s: nothing is traced', async (_, env) => {
  expect(await startTracing(env)).toBeNull();
});

it.each(['grpc', 'http/protobuf'])('the protocol %s is refused', async (protocol) => {
  await expect(startTracing({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol })).rejects.toThrow(
    `OTEL_EXPORTER_OTLP_PROTOCOL: got "${protocol}", expected http/json`,
  );
});

it('where nothing is traced nothing of the SDK is loaded', () => {
  const script = `
    import { createRequire } from 'node:module';
    await import('./dist/workers/worker.js');
    const { startTracing } = await import('./dist/workers/tracing.js');
    await startTracing({});
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('opentelemetry'));
    const packages = new Set(loaded.map((path) => path.split('node_modules/').at(-1).split('/').slice(0, 2).join('/')));
    console.log(JSON.stringify([...packages]));
    process.exit();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual(['@opentelemetry/api']);
});
