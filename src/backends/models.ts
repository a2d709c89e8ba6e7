import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageRoot } from './package.ts';

/** Where a configured model is: a folder here, a folder of this package (models/actor), or else a hub name as it stands. */
export function resolveModel(model: string): string {
  const folders = [resolve(model), join(packageRoot, model)];
  return folders.find((folder) => existsSync(join(folder, 'config.json'))) ?? model;
}
