import { Failure } from '../failures.ts';

/**
 * A key as every store takes it: a relative path with `/`.
 * @throws Failure InvalidInput for one that leads out of the store
 */
export function checkedKey(key: string): string {
  const names = key.split('/').filter((name) => name !== '' && name !== '.');
  const leadsOut = key.startsWith('/') || /[\\\0]/.test(key) || names.includes('..') || names.length === 0;
  if (leadsOut)
    throw new Failure('InvalidInput', `"${key}" leads out of the store: expected a relative path without ".." or "\\"`);
  return names.join('/');
}
