import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/workers/telemetry.ts';
import { temporaryFolder } from '../support/folder.ts';

async function logOf(level: string, write: (logger: ReturnType<typeof createLogger>) => void) {
  const file = join(await temporaryFolder(), 'worker.log');
  write(createLogger(level, file));
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('every event is one line of JSON, with its time and its process', async () => {
  const lines = await logOf('info', (logger) => {
    logger.info({ roles: ['cpu'], text: 'two\nlines' }, 'worker started');
    logger.warn('careful');
  });
  expect(lines).toEqual([
    {
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      pid: process.pid,
      roles: ['cpu'],
      text: 'two\nlines',
      msg: 'worker started',
    },
    { level: 40, time: expect.any(String), pid: process.pid, msg: 'careful' },
  ]);
});

test('what is less than the level is left out', async () => {
  const write = (logger: ReturnType<typeof createLogger>) => {
    logger.debug('details');
    logger.error('bad');
  };
  expect((await logOf('error', write)).map(({ msg }) => msg)).toEqual(['bad']);
  expect((await logOf('debug', write)).map(({ msg }) => msg)).toEqual(['details', 'bad']);
});

test('errors keep their message and stack, as Temporal passes them too', async () => {
  const error = new Error('the disk is full', { cause: new Error('ENOSPC') });
  const [ours, theirs] = await logOf('info', (logger) => {
    logger.error({ err: error }, 'ours');
    logger.error({ error }, 'Worker failed');
  });
  for (const logged of [ours.err, theirs.error]) {
    expect(logged).toMatchObject({ type: 'Error', message: expect.stringContaining('the disk is full') });
    expect(logged.stack).toContain('telemetry.test.ts');
  }
});

test('numbers that JSON does not know do not break a line', async () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const [line] = await logOf('info', (logger) => logger.info({ timestampNanos: 1700000000000000000n, circle }, 'core'));
  expect(line.msg).toBe('core');
});
