import { run } from '../../src/cli/setup/process.ts';

/** Runs a program. @throws Error with its last lines where it fails */
export async function succeed(...given: Parameters<typeof run>): ReturnType<typeof run> {
  const finished = await run(...given);
  if (finished.code !== 0)
    throw new Error(`${given[0]} ${given[1].join(' ')} ended with ${finished.code}:\n${finished.lines.join('\n')}`);
  return finished;
}
