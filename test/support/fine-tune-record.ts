import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a fine-tune's folder tells. */
export interface FineTune {
  submissions: number;
  /** Trainer processes that got past their start. */
  starts: number;
  /** The resume points that they began with. */
  resumedAt: number[];
  /** The newest step, and the highest. */
  step: number;
  most: number;
  /** Steps that were trained again after a resume point. */
  repeated: number;
  /** Two trainers at once would mix their steps: each step follows the one before it, or the resume point. */
  inOrder: boolean;
  weights: string | null;
}

export function readFineTune(folder: string): FineTune {
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
  const found: FineTune = {
    submissions: read('log').split('{"event":"submitted"}').length - 1,
    ...{ starts: 0, resumedAt: [], step: 0, most: 0, repeated: 0, inOrder: true },
    weights: null,
  };
  for (const line of read('progress.jsonl').split('\n')) {
    const event = parse(line);
    if (event?.event === 'start') {
      found.starts++;
      found.step = event.resumedFrom ?? 0;
      if (event.resumedFrom !== null) found.resumedAt.push(event.resumedFrom);
      found.repeated += found.most - found.step;
    } else if (event?.event === 'step') {
      if (event.step !== found.step + 1) found.inOrder = false;
      found.step = event.step;
      found.most = Math.max(found.most, event.step);
    }
  }
  const result = read('result.json');
  if (result) found.weights = JSON.parse(result).weightsSha256;
  return found;
}

type TrainerEvent = { event: 'start'; resumedFrom: number | null } | { event: 'step'; step: number };

/** A line may be cut short by a kill. */
function parse(line: string): TrainerEvent | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
