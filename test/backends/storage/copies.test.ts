import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { Copies } from '../../../src/backends/storage/copies.ts';
import { temporaryFolder } from '../../support/folder.ts';

const HOUR = 3600;

/** A file that was last used so many hours ago. */
async function aged(folder: string, key: string, hours: number): Promise<void> {
  const path = join(folder, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, key);
  const then = Date.now() / 1000 - hours * HOUR;
  await utimes(path, then, then);
}

test('what nobody has used for a day goes, and a fine-tune that the bucket lacks after a week', async () => {
  const folder = await temporaryFolder();
  const copies = new Copies(folder);
  const files: [string, number, boolean][] = [
    ['runs/a/checkpoint/config.json', 25, false],
    ['runs/a/checkpoint/weights.123.tmp', 25, false],
    ['runs/a/sft.jsonl', 23, true],
    ['runs/unkept/fine-tune/job.json', 6 * 24, true],
    ['runs/unkept/fine-tune/resume/state', 6 * 24, true],
    ['runs/old/fine-tune/job.json', 8 * 24, false],
    ['runs/kept/fine-tune/job.json', 25, false],
    ['runs/kept/fine-tune/.kept', 25, false],
    ['runs/kept/fine-tune/checkpoint/config.json', 25, false],
    ['runs/used/fine-tune/job.json', 25, true],
    ['runs/used/fine-tune/.kept', 25, true],
    ['runs/used/fine-tune/checkpoint/config.json', 1, true],
    ['datasets/hub/brought-by-hand.parquet', 1000, true],
  ];
  for (const [key, hours] of files) await aged(folder, key, hours);
  await copies.tidy();
  for (const [key, , stays] of files) expect([key, existsSync(join(folder, key))]).toEqual([key, stays]);
});

test('a file is the object while both have the same time and size, and use is noted', async () => {
  const folder = await temporaryFolder();
  const copies = new Copies(folder);
  const stamp = { size: 3, modified: 1_700_000_000 };
  async function* bytes() {
    yield Buffer.from('abc');
  }
  expect(await copies.use('runs/a', stamp)).toBe(false);
  await copies.write('runs/a', stamp, bytes());
  expect(await copies.use('runs/a', stamp)).toBe(true);
  expect(await copies.use('runs/a', { ...stamp, modified: stamp.modified + 1 })).toBe(false);
  expect(await copies.use('runs/a', { ...stamp, size: 4 })).toBe(false);
  await copies.tidy();
  expect(await readdir(join(folder, 'runs'))).toEqual(['a']);
});
