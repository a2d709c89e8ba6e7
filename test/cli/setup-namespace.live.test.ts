import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setUpNamespace } from '../../src/cli/setup/namespace.ts';
import { hasSearchAttributes } from '../../src/workers/search-attributes.ts';
import { connectWorker, temporalAddress } from '../support/temporal.ts';

let connection: NativeConnection;
beforeAll(async () => {
  connection = await connectWorker();
});
afterAll(() => connection.close());

/** The built command, and what it said. */
async function command(namespace: string, ...options: string[]) {
  const main = join(import.meta.dirname, '../../dist/cli/main.js');
  const child = spawn(process.execPath, [main, 'setup-namespace', ...options], {
    env: { ...process.env, TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: namespace },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const [code] = (await once(child, 'close')) as [number];
  return { code, lines: output.trim().split('\n') };
}

test('registers a namespace and the search attributes, and says the second time that all is there', async () => {
  const first = await command('research', '--retention-days', '7');
  expect(first).toEqual({
    code: 0,
    lines: [
      'namespace research registered; it keeps closed runs for 7 days',
      'search attributes registered: CritiqueLoopModel (KEYWORD), CritiqueLoopDataset (KEYWORD), CritiqueLoopIteration (INT), CritiqueLoopAccuracy (DOUBLE)',
    ],
  });
  expect(await hasSearchAttributes(connection, 'research')).toBe(true);
  const { config } = await connection.workflowService.describeNamespace({ namespace: 'research' });
  expect(Number(config!.workflowExecutionRetentionTtl!.seconds)).toBe(7 * 24 * 60 * 60);

  expect(await command('research')).toEqual({
    code: 0,
    lines: [
      'namespace research is there, and keeps closed runs for 7 days; for 30 days: temporal operator namespace update --namespace research --retention 30d',
      'search attributes are there',
    ],
  });
});

test('adds only what is missing, and leaves a namespace alone in which an attribute has another type', async () => {
  const said: string[] = [];
  const setUp = () =>
    setUpNamespace({ connection, namespace: 'others', retentionDays: 1, log: (line) => said.push(line) });
  const DOUBLE = 4;
  await connection.workflowService.registerNamespace({
    namespace: 'others',
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const { operatorService } = connection;
  const add = (name: string) =>
    expect
      .poll(() => operatorService.addSearchAttributes({ namespace: 'others', searchAttributes: { [name]: DOUBLE } }), {
        timeout: 20_000,
      })
      .toBeDefined();
  const names = async () =>
    Object.keys((await operatorService.listSearchAttributes({ namespace: 'others' })).customAttributes);

  await add('CritiqueLoopModel');
  await expect.poll(names, { timeout: 20_000 }).toContain('CritiqueLoopModel');
  await expect(setUp()).rejects.toThrow(
    'search attribute CritiqueLoopModel of namespace others is of type DOUBLE, and must be KEYWORD: remove it (temporal operator search-attribute remove',
  );
  expect(await names()).not.toContain('CritiqueLoopDataset');

  await operatorService.removeSearchAttributes({ namespace: 'others', searchAttributes: ['CritiqueLoopModel'] });
  await add('CritiqueLoopAccuracy');
  await expect.poll(names, { timeout: 20_000 }).not.toContain('CritiqueLoopModel');
  await setUp();
  expect(said.at(-1)).toBe(
    'search attributes registered: CritiqueLoopModel (KEYWORD), CritiqueLoopDataset (KEYWORD), CritiqueLoopIteration (INT)',
  );
  expect(await hasSearchAttributes(connection, 'others')).toBe(true);
});

test('a retention that is no number of days is told at once', async () => {
  const { code, lines } = await command('research', '--retention-days', '0');
  expect(code).toBe(1);
  expect(lines[0]).toContain('Expected a whole number of days, 1 at least.');
});
