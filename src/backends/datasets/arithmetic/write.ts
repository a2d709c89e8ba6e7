import type { Random } from '../../../method/random.ts';
import type { Level } from '../../../method/rows.ts';
import { equation, type Step } from './chain.ts';
import { between, pick } from './draw.ts';
import {
  DISTRACTIONS,
  ENDINGS,
  HAPPENINGS,
  inWords,
  MULTIPLIES,
  NAMED_AMOUNTS,
  OPENINGS,
  PARTS,
  PEOPLE,
  STEP_OPENINGS,
  THINGS,
} from './phrases.ts';
import type { World } from './world.ts';

const DISTRACTED = 0.25;
const NAMED = 0.5;

/** The chain told as a story, one sentence a step; a quarter of the stories have a sentence that has nothing to do with it. */
export function writeQuestion(steps: readonly Step[], level: Level, world: World, random: Random): string {
  const { name, pronoun } = pick(random, PEOPLE);
  const things = pick(random, THINGS);
  const amount = (n: number) => writeAmount(n, world.inWords[level], random);
  const sentences = [fill(pick(random, OPENINGS), { name, things, amount: amount(steps[0]!.before) })];
  for (const { operation, operand } of steps) {
    const possible = HAPPENINGS[operation].filter((text) => operand in MULTIPLIES || !text.includes('{multiplies}'));
    const happening = fill(pick(random, possible), {
      amount: () => amount(operand),
      factor: () => amount(operand),
      multiplies: () => MULTIPLIES[operand]!,
      part: () => PARTS[operand]!,
    });
    sentences.push(`${pronoun} ${happening}`);
  }
  if (random.next() < DISTRACTED) {
    const distraction = fill(pick(random, DISTRACTIONS), { amount: amount(between(random, 2, 99)) });
    sentences.splice(between(random, 1, steps.length), 0, distraction);
  }
  sentences.push(fill(pick(random, ENDINGS), { things }));
  return sentences.join(' ');
}

function writeAmount(amount: number, shareInWords: number, random: Random): string {
  if (amount > 99 || random.next() >= shareInWords) return String(amount);
  const named = NAMED_AMOUNTS[amount];
  return named && random.next() < NAMED ? named : inWords(amount);
}

const fill = (template: string, values: Record<string, string | (() => string)>) =>
  template.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = values[key]!;
    return typeof value === 'string' ? value : value();
  });

/** One line a step, then `The answer is c.` Drawn anew, the same steps read differently. */
export function writeSolution(steps: readonly Step[], random: Random): string {
  const lines = steps.map((step) => writeStep(step, random));
  return [...lines, `The answer is ${steps.at(-1)!.after}.`].join('\n');
}

export const writeStep = (step: Step, random: Random): string =>
  `${pick(random, STEP_OPENINGS[step.operation])}${equation(step)}.`;
