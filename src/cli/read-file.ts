import { statSync } from 'node:fs';

/** What is wrong with the path of a file that is to be read, in words; null: nothing. */
export function mistakeInPath(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return `there is no file ${path}`;
  return found.isDirectory() ? `${path} is a folder, expected a file` : null;
}
