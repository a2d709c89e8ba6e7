export interface Box {
  content: string;
  /** Where the command begins. */
  start: number;
}

const MAX_CANDIDATES = 100;
const COMMAND = /\\(?:boxed|fbox)(?![A-Za-z])/g;
const BARE_NUMBER = /^\s*(-?\d(?:[\d.,]*\d)?)/;

/** The last complete boxes, `\boxed{...}` and `\fbox{...}` with something in them, in order; `\boxed 5` too. One that is cut off is none. */
export function findBoxes(text: string): Box[] {
  const boxes: Box[] = [];
  for (const command of [...text.matchAll(COMMAND)].slice(-MAX_CANDIDATES)) {
    const after = command.index + command[0].length;
    const open = skipSpace(text, after);
    const content = text[open] === '{' ? balanced(text, open) : BARE_NUMBER.exec(text.slice(after, after + 40))?.[1];
    if (content?.trim()) boxes.push({ content: content.trim(), start: command.index });
  }
  return boxes;
}

/** What stands between the brace at `open` and its partner; undefined where it has none within 2,000 characters. */
function balanced(text: string, open: number): string | undefined {
  let depth = 0;
  for (let index = open; index < Math.min(text.length, open + 2000); index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === '{') depth++;
    else if (text[index] === '}' && --depth === 0) return text.slice(open + 1, index);
  }
  return undefined;
}

function skipSpace(text: string, from: number): number {
  let index = from;
  while (text[index] === ' ') index++;
  return index;
}
