import { expect, test } from 'vitest';
import { runFolder } from '../../../src/backends/storage/runs.ts';
import { FolderStore } from '../../../src/backends/storage/store.ts';
import fc from '../../support/properties.ts';

test('an ordinary workflow ID is its own folder', () => {
  for (const id of ['demo', 'gsm8k-2026.11.22', 'Run_7', 'demo-1a2b3c4d']) expect(runFolder(id)).toBe(`runs/${id}`);
});

test('any workflow ID has one plain folder in the store, its own', () => {
  const store = new FolderStore('/store');
  const part = fc.constantFrom(
    'a',
    'b',
    '/',
    '..',
    '.',
    ' ',
    '-',
    '\\',
    '\0',
    '\n',
    'ü',
    '😀',
    '$(x)',
    '%2e',
    'x'.repeat(90),
  );
  const id = fc.oneof(
    fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
    fc.string({ minLength: 1 }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 10 }), (ids) => {
      const folders = ids.map(runFolder);
      expect(new Set(folders).size).toBe(ids.length);
      for (const folder of folders) {
        expect(folder).toMatch(/^runs\/[A-Za-z0-9_-][A-Za-z0-9._-]*$/);
        expect(folder.length).toBeLessThan(140);
        expect(store.path(`${folder}/run.json`)).toBe(`/store/${folder}/run.json`);
      }
    }),
    { numRuns: 500 },
  );
});

test('an ID that is spelled like the folder of another has a folder of its own', () => {
  const odd = runFolder('team/run 7');
  const copied = odd.replace('runs/', '');
  expect(runFolder(copied)).not.toBe(odd);
  expect(runFolder(runFolder(copied).replace('runs/', ''))).not.toBe(runFolder(copied));
});

test('the folder of an ID never changes', () => {
  expect(runFolder('team/run 7')).toBe('runs/team-run-7-2a8907c13df8fb42');
});
