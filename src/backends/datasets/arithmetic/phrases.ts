import type { Operation } from './chain.ts';

/** Braces hold what varies. Digits and number words appear in no phrase itself. */
export const PEOPLE = [
  { name: 'Ana', pronoun: 'She' },
  { name: 'Ben', pronoun: 'He' },
  { name: 'Carla', pronoun: 'She' },
  { name: 'Dan', pronoun: 'He' },
  { name: 'Eva', pronoun: 'She' },
  { name: 'Finn', pronoun: 'He' },
  { name: 'Greta', pronoun: 'She' },
  { name: 'Hugo', pronoun: 'He' },
  { name: 'Ida', pronoun: 'She' },
  { name: 'Jack', pronoun: 'He' },
  { name: 'Kira', pronoun: 'She' },
  { name: 'Leo', pronoun: 'He' },
  { name: 'Mia', pronoun: 'She' },
  { name: 'Noah', pronoun: 'He' },
  { name: 'Olga', pronoun: 'She' },
  { name: 'Paul', pronoun: 'He' },
] as const;

export const THINGS = [
  'shells',
  'stamps',
  'marbles',
  'coins',
  'cards',
  'pens',
  'buttons',
  'beads',
  'stickers',
  'apples',
  'books',
  'nuts',
  'eggs',
  'keys',
  'tickets',
  'toys',
] as const;

export const OPENINGS = ['{name} has {amount} {things}.', '{name} starts with {amount} {things}.'] as const;

export const HAPPENINGS: Record<Operation, readonly string[]> = {
  '+': [
    'finds {amount} more.',
    'buys {amount} more.',
    'gets {amount} from a friend.',
    'wins {amount} in a game.',
    'picks up {amount} on the way home.',
    'earns {amount} for helping out.',
  ],
  '-': [
    'loses {amount} of them.',
    'gives {amount} away.',
    'sells {amount} at the market.',
    'leaves {amount} at school.',
    'lends {amount} to a neighbor.',
    'throws {amount} out.',
  ],
  '*': ['{multiplies} the pile.', 'comes back with {factor} times as many.', 'makes it {factor} times the number.'],
  '/': [
    'keeps only {part} of them.',
    'shares them evenly between {factor} boxes and keeps a box.',
    'puts all but {part} of them aside.',
  ],
};

export const DISTRACTIONS = [
  'There are {amount} trees in the park.',
  'The walk takes {amount} minutes.',
  'A cousin is {amount} years old.',
  'The bus has {amount} seats.',
  'The holidays are {amount} days away.',
] as const;

export const ENDINGS = ['How many {things} are there now?', 'What is the number of {things} in the end?'] as const;

/** How a step of a solution opens; its equation follows. */
export const STEP_OPENINGS: Record<Operation, readonly string[]> = {
  '+': ['That makes ', 'Adding gives ', 'Together it is ', 'The new total is ', 'With the extra ones it is '],
  '-': ['That leaves ', 'Taking away gives ', 'What remains is ', 'After that there are ', 'Without those it is '],
  '*': ['Multiplying gives ', 'The pile grows to ', 'That many times is ', 'Scaled up it is ', 'The larger number is '],
  '/': ['Dividing gives ', 'Each share is ', 'The part kept is ', 'Splitting gives ', 'The smaller number is '],
};

export const MULTIPLIES: Record<number, string> = { 2: 'doubles', 3: 'triples', 4: 'quadruples', 5: 'quintuples' };

export const PARTS: Record<number, string> = {
  2: 'half',
  3: 'a third',
  4: 'a quarter',
  5: 'a fifth',
  6: 'a sixth',
  7: 'a seventh',
  8: 'an eighth',
  9: 'a ninth',
};

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** An integer from 0 to 99 in English words. */
export function inWords(amount: number): string {
  if (amount < 20) return SMALL[amount]!;
  const tens = TENS[Math.floor(amount / 10) - 2]!;
  return amount % 10 === 0 ? tens : `${tens}-${SMALL[amount % 10]}`;
}

/** Amounts that have names of their own. */
export const NAMED_AMOUNTS: Record<number, string> = {
  6: 'half a dozen',
  12: 'a dozen',
  20: 'a score',
  24: 'two dozen',
};
