export interface AnswerList {
  /** Lists and sets are unordered, tuples (intervals, points) are not. */
  kind: 'list' | 'set' | 'tuple';
  /** The brackets of a tuple: `(]` is not `[]`. */
  brackets: string;
  items: string[];
}

const MAX_ITEMS = 50;

/** Takes a tidied answer of several parts apart: `1, 2 \text{ and } 3`, `\{1, 2\}`, `(0, 1]`. null where it is one thing. */
export function splitList(answer: string): AnswerList | null {
  const set = /^\\\{(.*)\\\}$/s.exec(answer);
  if (set && isBalanced(set[1]!)) {
    const items = splitTop(set[1]!);
    return items && { kind: 'set', brackets: '', items };
  }
  const tuple = /^([([])(.*)([)\]])$/s.exec(answer);
  if (tuple && isBalanced(tuple[2]!)) {
    const items = splitTop(tuple[2]!);
    return items && items.length > 1 ? { kind: 'tuple', brackets: `${tuple[1]}${tuple[3]}`, items } : null;
  }
  const items = splitTop(answer);
  return items && items.length > 1 ? { kind: 'list', brackets: '', items } : null;
}

/** Splits at the commas, semicolons, "and" and "or" that no bracket holds; null where brackets don't match or a part is empty. */
function splitTop(text: string): string[] | null {
  const separated = text.replace(
    /(?:[,;]\s*)?(?:\\(?:text|mbox|textrm)\s*\{\s*(?:and|or)\s*\}|(?<![A-Za-z\\])(?:and|or)(?![A-Za-z]))/g,
    ', ',
  );
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < separated.length; index++) {
    const char = separated[index]!;
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    if (depth < 0) return null;
    if (depth > 0 || (char !== ';' && char !== ',')) continue;
    if (char === ',' && isThousands(separated, index)) continue;
    items.push(separated.slice(start, index).trim());
    start = index + 1;
  }
  items.push(separated.slice(start).trim());
  return depth === 0 && items.length <= MAX_ITEMS && items.every((item) => item !== '') ? items : null;
}

/** `1,000` is one number, `1,2` and `1, 000` are two. */
function isThousands(text: string, comma: number): boolean {
  return (
    /(?<![\d.])\d{1,3}(?:,\d{3})*$/.test(text.slice(Math.max(0, comma - 40), comma)) &&
    /^,\d{3}(?!\d)/.test(text.slice(comma))
  );
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char) && --depth < 0) return false;
  }
  return depth === 0;
}
