export interface Box {
  content: string;
  /** Where the command begins, and where its argument has ended. */
  start: number;
  end: number;
}

interface Boxes {
  /** Complete and not empty, in order. Of nested ones the innermost. */
  complete: Box[];
  /** The last one that never closes. */
  open: Box | undefined;
}

const MAX_BOXES = 200;
const MAX_PLACEHOLDER = 60;
/** Also as JSON escapes leave it (`\b` + `oxed`, `\f` + `box`) and without its backslash. */
const COMMAND = /\\(?:boxed|fbox)(?![A-Za-z])|(?<![A-Za-z\\])(?:[\b]oxed|\fbox|boxed)(?=\s*\{)/g;
const BARE =
  /^[ \t]*((?:[-+]?(?:[\d(]|\.\d)|\\[A-Za-z]|[A-Z](?![A-Za-z]))[^$\n]*?)(?=[.,;:]?(?:\$|\\\)|\\\]|\n|$|[.,;:]\s|\s+(?:[A-Za-z]{2,}|a\b)))/;
const NOTHING =
  /^\W*(?:(?:text|mathrm|textbf)\s*\{)?\W*(?:(?:your|the|my|final|numerical|numeric|correct)[\s_]+)*(?:answer|ans|result)s?(?:[\s_]+here)?\W*$/i;
const SPACING = /\\(?:quad|qquad|[lc]?dots|h?phantom|text|[,;:! ])/g;

/** The last `\boxed{...}`, `\fbox{...}` and `\boxed 5` of a text. One pass: a hostile text costs no more than its length. */
export function findBoxes(text: string): Boxes {
  const commands = new Map<number, number>();
  const bare: Box[] = [];
  for (const command of [...text.matchAll(COMMAND)].slice(-MAX_BOXES)) {
    const after = command.index + command[0].length;
    const brace = skipSpace(text, after);
    if (text[brace] === '{') commands.set(brace, command.index);
    else {
      const content = BARE.exec(text.slice(after, after + 80));
      if (content && statesSomething(content[1]!))
        bare.push({ content: content[1]!, start: command.index, end: after + content[0].length });
    }
  }
  if (commands.size === 0) return { complete: bare, open: undefined };

  const complete: Box[] = [];
  const braces: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === 0x5c) index++;
    else if (char === 0x7b) braces.push(index);
    else if (char === 0x7d) {
      const brace = braces.pop();
      const start = brace === undefined ? undefined : commands.get(brace);
      if (start === undefined || (complete.at(-1)?.start ?? -1) > start) continue;
      const content = text
        .slice(brace! + 1, index)
        .trim()
        .replace(/^\$(.*)\$$/s, '$1');
      if (statesSomething(content)) complete.push({ content, start, end: index + 1 });
    }
  }
  const brace = braces.findLast((index) => commands.has(index));
  const open =
    brace === undefined
      ? undefined
      : { content: text.slice(brace + 1).trim(), start: commands.get(brace)!, end: text.length };
  return { complete: [...complete, ...bare].sort((a, b) => a.start - b.start), open };
}

/** `\boxed{}`, `\boxed{...}` and `\boxed{your answer}` repeat an instruction. */
function statesSomething(content: string): boolean {
  return (
    content.length > MAX_PLACEHOLDER || (/[\p{L}\p{N}∅∞]/u.test(content.replace(SPACING, '')) && !NOTHING.test(content))
  );
}

/**
 * What the last statement of a text puts into boxes: its box, or the boxes of one sentence as a list ("\boxed{1} and \boxed{-2}" is
 * "1, -2").
 */
export function readBoxes(text: string, { complete, open }: Boxes = findBoxes(text)): Box | null {
  const last = complete.at(-1);
  if (!last || takesBack(open, last)) return null;

  // A box at the end of each case, and nothing after the last.
  const casesEnd =
    !SAYS_SOMETHING.test(text.slice(last.end)) && FIRST_CASE.test(`\n${text.slice(0, complete[0]!.start)}`);
  const group = [last];
  for (let index = complete.length - 2; index >= 0; index--) {
    const box = complete[index]!;
    const gap = text.slice(box.end, group[0]!.start);
    if (!inOneStatement(gap) && !(casesEnd && NEXT_CASE.test(gap))) break;
    group.unshift(box);
  }
  const items = [...new Set(group.map((box) => withSurroundings(box, text)))];
  return { content: items.join(', '), start: group[0]!.start, end: last.end };
}

/** What an answer holds that is nothing but a box, or several. */
export function unboxed(answer: string): string {
  const box = readBoxes(answer);
  const around = box && answer.slice(0, box.start) + answer.slice(box.end);
  return box && /^(?:[\s$.,;]|\\[()[\]])*$/.test(around!) ? box.content : answer;
}

/** A box that is cut off takes back what was stated before it, unless it only begins to repeat it. */
export function takesBack(open: Box | undefined, stated: { content: string; start: number }): boolean {
  if (!open || open.start < stated.start) return false;
  return open.content === '' || !stated.content.startsWith(open.content);
}

const SAYS_SOMETHING = /[\p{L}\p{N}]/u;
const CASE = String.raw`\n[ \t*#-]*Case\s+\(?(?:\d+|[IVX]+|[A-H])\b`;
const FIRST_CASE = new RegExp(CASE, 'i');
const NEXT_CASE = new RegExp(String.raw`^[^\p{L}\p{N}]*${CASE}(?!.*${CASE})`, 'isu');

const TYPESETTING = /\$|\\[()[\]]|\\q?quad|\\[,;:! ]|\\text(?:rm|bf)?\s*\{|[&{}*~]/g;
const CONNECTED = /[,;]|\b(?:and|or|plus)\b/;
const GOES_ON =
  /[.!?](?:\s|$)|\n[ \t]*\n|\b(?:then|so|thus|hence|therefore|but|not|no|wait|hmm|actually|instead|because|since|which|gives?|giving|means|if|when|again|correct(?:ion|ed)?|wrong|mistake|check|yields?|answer|attempt|finally)\b|\bfinal\W*$|⇒|→|\\(?:implies|Rightarrow|to)\b/i;

/** Whether what stands between two boxes leaves them parts of one answer: ", ", " papers and ", ", y=". */
function inOneStatement(gap: string): boolean {
  if (gap.length > 100) return false;
  const said = gap.replace(/\\\\/g, ',').replace(TYPESETTING, ' ');
  if (GOES_ON.test(said)) return false;
  return said.includes('\n')
    ? /^[\s,;]*(?:and|or|[,;])[\s,;]*$/.test(said)
    : said.trim() === '' || CONNECTED.test(said);
}

const SIGN_BEFORE = /(?:^|[=$:(]|\\[([]|\bis)\s*([-−])\s*$/;
const SCALE_AFTER = /^(?:\$|\\\)|\s)*(\\?%|(?:percent|hundred|thousand|million|billion|trillion)\b)/;

/** What changes the value of a box but was left outside it: `-\boxed{5}`, `\boxed{50}\%`. */
function withSurroundings({ content, start, end }: Box, text: string): string {
  const sign = SIGN_BEFORE.exec(text.slice(Math.max(0, start - 10), start))?.[1] ?? '';
  const scale = SCALE_AFTER.exec(text.slice(end, end + 20))?.[1] ?? '';
  if (scale === '') return sign + content;
  return `${sign}${content}${scale.endsWith('%') ? '' : ' '}${scale}`;
}

function skipSpace(text: string, from: number): number {
  let index = from;
  while (/\s/.test(text[index] ?? '')) index++;
  return index;
}
