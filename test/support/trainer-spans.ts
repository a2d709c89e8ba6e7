import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Span } from './spans.ts';

export interface TrainerSpans {
  /** From its submission to its result. */
  whole: Span;
  /** Of that, until it began its first step: Python, its imports, the model. */
  start: Span;
}

/** Of every iteration's fine-tune that is over. @param run folder of a run of selfImprove */
export async function trainerSpans(run: string): Promise<TrainerSpans[]> {
  const names = (await readdir(run)).filter((name) => name.startsWith('iteration-'));
  return await Promise.all(
    names.map(async (name): Promise<TrainerSpans> => {
      const output = join(run, name, 'fine-tune');
      const at = async (file: string) => (await stat(join(output, file))).mtimeMs;
      const [first] = (await readFile(join(output, 'progress.jsonl'), 'utf8')).split('\n');
      const submitted = await at('job.json');
      return { whole: [submitted, await at('result.json')], start: [submitted, 1000 * JSON.parse(first!).time] };
    }),
  );
}
