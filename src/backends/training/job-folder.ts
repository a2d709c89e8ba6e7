import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failures.ts';
import type { LossPoint, TrainingStatus } from './contract.ts';
import type { PlaceStatus } from './place.ts';

const LOSS_POINTS = 200;
const LONGEST_WORDS = 300;
/** Begins with the end of a line, for the one before may be cut short. */
export const SUBMITTED = '\n{"event":"submitted"}\n';

/** What a whole checkpoint or adapter has, each under one of these names: big ones are in several files with an index. */
const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json'];
const CHECKPOINT = [['config.json'], ['model.safetensors', 'model.safetensors.index.json'], TOKENIZER];
const ADAPTER = [['adapter_config.json'], ['adapter_model.safetensors'], TOKENIZER];

/** Writes what a folder's job is, once: whether it was written now. */
export async function keepJob(folder: string, job: object): Promise<boolean> {
  const file = join(folder, 'job.json');
  const wanted = JSON.stringify(job, null, 2);
  const present = await readFile(file, 'utf8').catch(() => null);
  if (present !== null && present !== wanted)
    throw new Failure('StoreConflict', `${file} is another fine-tune: remove its folder or use another workflow ID`);
  if (present === null) await writeWhole(file, wanted);
  return present === null;
}

export async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}

export async function readJson<T>(file: string): Promise<T | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as T);
}

export const readLines = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n');

/** An object; null where a line is another one, or half written. */
export function parseLine<T extends object>(line: string): T | null {
  try {
    const value = JSON.parse(line) as T | null;
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** What the newest submission left in the folder's log. */
export async function readLog(folder: string): Promise<string[]> {
  const lines = await readLines(join(folder, 'log'));
  return lines.slice(lines.lastIndexOf(SUBMITTED.trim()) + 1);
}

/** Of a job that is neither running nor finished. @param said its last words, where it had any */
export function endedEarly(who: string, folder: string, said: string | undefined, place: PlaceStatus): TrainingStatus {
  const words = [said?.slice(0, LONGEST_WORDS), place.state === 'ended' && place.how].filter(Boolean).join('; ');
  const message = `${who} ended early${words && ` (${words})`}; its log is ${join(folder, 'log')}`;
  return { state: 'interrupted', message };
}

/** Whether a job needs no submission, or may need none: where nobody knows, it is looked at again. */
export const isThere = (state: TrainingStatus['state']): boolean => state !== 'failed' && state !== 'interrupted';

/** What a checkpoint has not, in words, or null. */
export function lackOf(checkpoint: string, isAdapter: boolean): string | null {
  const parts = isAdapter ? ADAPTER : CHECKPOINT;
  const lacks = parts.filter((names) => !names.some((name) => existsSync(join(checkpoint, name))));
  return lacks.length > 0 ? `${checkpoint} lacks ${lacks.map(([name]) => name).join(', ')}` : null;
}

/** A resumed job repeats the steps after its resume point: the last point of each step counts. */
export function lossCurve(all: LossPoint[]): LossPoint[] {
  const byStep = new Map(all.map((point) => [point.step, point]));
  const points = [...byStep.values()].sort((a, b) => a.step - b.step);
  // The last point comes on top.
  const every = Math.ceil(points.length / (LOSS_POINTS - 1));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}
