import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fetch } from 'undici';
import { Failure } from '../failures.ts';

const SOURCE = 'https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data';

/** SHA-256 of the official files (7,473 and 1,319 questions). */
const OFFICIAL = {
  train: '17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465',
  test: '3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14',
} as const;

/**
 * The file of one GSM8K split, fetched once into `cached`.
 * @throws Failure InvalidInput that says how to bring the file by hand
 */
export async function fetchGsm8k(split: keyof typeof OFFICIAL, cached: string): Promise<string> {
  if (existsSync(cached)) return cached;
  const url = `${SOURCE}/${split}.jsonl`;
  const byHand = `download ${url} and name it in "path"`;
  const offline = (error: unknown): never => {
    throw new Failure('InvalidInput', `GSM8K (${split}) can't be fetched from here: ${byHand}`, { cause: error });
  };
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) }).catch(offline);
  if (!response.ok) throw new Failure('InvalidInput', `${url} answered ${response.status}: ${byHand}`);
  const bytes = Buffer.from(await response.arrayBuffer().catch(offline));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== OFFICIAL[split])
    throw new Failure('InvalidInput', `${url} is not the official file (SHA-256 ${sha256}): ${byHand}`);
  await mkdir(dirname(cached), { recursive: true });
  await writeFile(`${cached}.tmp`, bytes);
  await rename(`${cached}.tmp`, cached);
  return cached;
}
