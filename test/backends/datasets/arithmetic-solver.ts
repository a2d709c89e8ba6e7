/** Solves a word problem of the arithmetic world from its text alone, sentence by sentence, by its own reading of English. */
export function solveText(text: string): number {
  const sentences = text.match(/[^.?]+[.?]/g)!.map((sentence) => sentence.trim());
  let quantity = Number.NaN;
  for (const sentence of sentences) {
    const amount = amountIn(sentence);
    if (/^\w+ (has|starts with)/.test(sentence)) quantity = amount!;
    else if (!/^S?[Hh]e /.test(sentence)) continue;
    else if (/doubles|triples|quadruples|quintuples|times/.test(sentence)) quantity *= amount!;
    else if (/keeps|puts all but/.test(sentence)) quantity /= amount!;
    else if (/finds|buys|gets|wins|picks|earns/.test(sentence)) quantity += amount!;
    else if (/loses|gives|sells|leaves|lends|throws/.test(sentence)) quantity -= amount!;
    else throw new Error(`Can't read "${sentence}"`);
  }
  return quantity;
}

const WORDS = new Map(
  Object.entries({
    'half a dozen': 6,
    'two dozen': 24,
    'a dozen': 12,
    'a score': 20,
    half: 2,
    'a third': 3,
    'a quarter': 4,
    'a fifth': 5,
    'a sixth': 6,
    'a seventh': 7,
    'an eighth': 8,
    'a ninth': 9,
    doubles: 2,
    triples: 3,
    quadruples: 4,
    quintuples: 5,
  }),
);
const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

function amountIn(sentence: string): number | undefined {
  const digits = sentence.match(/\d+/)?.[0];
  if (digits) return Number(digits);
  for (const [words, amount] of WORDS) if (new RegExp(`\\b${words}\\b`).test(sentence)) return amount;
  const named = (names: string[], word: string) => Math.max(names.indexOf(word), 0);
  for (const word of sentence.toLowerCase().match(/[a-z]+(-[a-z]+)?/g)!) {
    const [first = '', second = ''] = word.split('-');
    const amount = second
      ? named(TENS, first) * 10 + named(UNITS, second)
      : named(UNITS, first) || named(TENS, first) * 10;
    if (amount > 0) return amount;
  }
  return undefined;
}
