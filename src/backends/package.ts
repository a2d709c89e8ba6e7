import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package: the first one above this file with a package.json. */
export const packageRoot: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** A file of deploy/trainer. */
export const trainerFile = (name: string): string => join(packageRoot, 'deploy', 'trainer', name);

/** A file of deploy/grader. */
export const graderFile = (name: string): string => join(packageRoot, 'deploy', 'grader', name);
