import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** Data sets that are too big to carry in this repository lie beside a development checkout; elsewhere, tests that read them skip. */
export const SHARED_DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** The text of a shared data file; skips the running test, with the reason, where the file is not there. */
export function sharedData(context: TestContext, name: string): string {
  const path = SHARED_DATA + name;
  if (!existsSync(path)) context.skip(`needs ${name}, which is not beside this checkout`);
  return readFileSync(path, 'utf8');
}

export function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line.trim())
    .map((line) => JSON.parse(line) as T);
}
