/** A piece of a response, and the step of the critique that judges it, if one does. */
export interface MarkedText<Step> {
  text: string;
  step?: Step;
}

/**
 * Puts the steps of a critique beside the pieces of the response that they repeat, in order: a line, a few, or a sentence of one.
 * White space, `$` and calculator notes (`<<3*4=12>>`) don't count, nor does how the sentence ends: critics are free with them.
 * A step without a sentence is on the next line.
 * `astray`: steps that repeat nothing in the response.
 */
export function alignSteps<Step extends { sentence: string }>(
  response: string,
  steps: readonly Step[],
): { marked: MarkedText<Step>[]; astray: Step[] } {
  const { bare, origin } = strip(response);
  const marked: MarkedText<Step>[] = [];
  const astray: Step[] = [];
  /** How much of the response has its place, in characters. */
  let done = 0;
  for (const step of steps) {
    const wanted = strip(step.sentence).bare.replace(/[.,;:]$/, '');
    const found = wanted === '' ? nextLine(response, done) : find(wanted);
    if (!found) {
      astray.push(step);
      continue;
    }
    marked.push(...lines(response.slice(done, found.start)), { text: response.slice(found.start, found.end), step });
    done = found.end;
  }
  marked.push(...lines(response.slice(done)));
  return { marked, astray };

  function find(wanted: string): Span | undefined {
    const from = origin.findIndex((offset) => offset >= done);
    const at = from < 0 ? -1 : bare.indexOf(wanted, from);
    if (at < 0) return undefined;
    const start = response.slice(done, origin[at]!).replace(/\$+$/, '').length + done;
    const last = origin[at + wanted.length - 1]! + 1;
    return { start, end: last + /^[$.,;:]*/.exec(response.slice(last))![0].length };
  }
}

interface Span {
  start: number;
  end: number;
}

/** A text without what does not count, and where each character that is left stood. */
function strip(text: string): { bare: string; origin: number[] } {
  const kept = [...text.matchAll(/<<.*?>>|[\s$]|(.)/g)].filter(([, character]) => character !== undefined);
  return { bare: kept.map(([character]) => character).join(''), origin: kept.map(({ index }) => index) };
}

function nextLine(text: string, from: number): Span | undefined {
  const line = /\S.*/.exec(text.slice(from));
  return line ? { start: from + line.index, end: from + line.index + line[0].length } : undefined;
}

const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => ({ text: line.trim() }))
    .filter((line) => line.text !== '');
