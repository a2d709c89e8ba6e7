import { SELF_TALK_PRIMER } from '../prompts/text.ts';
import { type Random, randomFrom } from '../random.ts';
import type { Chain, Segment } from './chain.ts';
import { ANSWER } from './judged.ts';

/** What one says to oneself. Short: small models read few tokens. The first of each is the paper's. */
const GOOD = ['Looks good!', 'That looks right.', 'Good.'];
const CHECK = ["Wait, let's check this calculation.", "Wait, let's check this.", 'Hmm, let me check this step.'];
const CHECK_ANSWER = ["Wait, let's check the answer.", 'Hmm, let me check the answer.'];
const CHECK_AGAIN = ["Wait, let's look at this again:", 'Hmm, back to this step:'];
const WRONG = ["Oops, that's not quite right.", "Oops, that's not right."];

/** The chain as one continuous text, from built-in phrases: the same for the same seed. */
export function talkFromTemplates({ segments }: Chain, seed: number): string {
  const random = randomFrom(seed);
  const lines = segments.map((segment, i) => sayStep(segment, i === segments.length - 1, random));
  return `${SELF_TALK_PRIMER}${lines.join('\n')}`;
}

function sayStep({ step, label, explanation, isAnswer, again }: Segment, isLast: boolean, random: Random): string {
  const say = (phrases: readonly string[]) => phrases[random.int(phrases.length)]!;
  if (label === 'wrong') {
    const why = explanation.replace(/\s+/g, ' ').trim();
    const found = `${say(WRONG)}${why === '' ? '' : ` ${why}`}`;
    if (again) return `${say(CHECK_AGAIN)} ${step}\n${found}`;
    return `${step}\n${say(isAnswer ? CHECK_ANSWER : CHECK)} ${found}`;
  }
  if (isAnswer && isLast) return closing(step);
  return label === 'correct' ? `${step} ${say(GOOD)}` : step;
}

/** The answer stands on a line of its own, whatever was said before it on its line. */
function closing(step: string): string {
  const at = step.search(ANSWER);
  const before = step.slice(0, at).trim();
  return `${before === '' ? '' : `${before}\n`}Answer: ${step.slice(at)}`;
}
