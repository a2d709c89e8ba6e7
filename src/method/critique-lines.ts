/** The parts of a critique, each of which a marker line opens. */
export type Field = 'step' | 'label' | 'explanation' | 'verdict';

/** A marker, and what stands behind it: its line's rest and the lines up to the next marker, without blank ones. */
export interface MarkedText {
  field: Field;
  value: string;
}

const NAMES: Record<Field, string> = {
  step: 'step sentence(?: \\d{1,3})?|step \\d{1,3} sentence',
  label: 'correctness(?: of (?:the |this )?(?:step|sentence)(?: \\d{1,3})?)?',
  explanation: 'explanation',
  verdict: 'correctness of (?:the )?(?:final |overall )?(?:answer|solution)',
};

/** What Markdown may put before a name, and around the colon behind it. Bounded, so that no line takes more than linear time. */
const BEFORE = '((?:[\\s*_#>-]|\\d{1,3}[.)]){0,16})';
const COLON = '(\\s{0,4}[*_]{0,3}\\s{0,4}):';

const MARKERS = Object.entries(NAMES).map(
  ([field, name]) => [field as Field, new RegExp(`^${BEFORE}(?:${name})${COLON}`, 'i')] as const,
);
const NUMBERED = new RegExp(`^${BEFORE}step \\d{1,3}${COLON}`, 'i');
const HEADING = new RegExp(`^${BEFORE}step \\d{1,3}[\\s.:*_]{0,8}$`, 'i');

const END_OF_THOUGHTS = '</think>';

const LINE_END = /\r\n?|\n/;

/** Nothing to read: an empty line, a Markdown rule, the end of a fence. */
const BLANK = /^[\s\-*_=#>`]*$/;

/** Whether a line would be read as more than text if a critique had it on a line of its own. */
export const looksMarked = (line: string): boolean =>
  readMarker(line) !== null || NUMBERED.test(line) || HEADING.test(line);

/** The lines of a value as they are read back: trimmed, without blank ones. */
export function contentLines(text: string): string[] {
  return withoutTags(text)
    .split(LINE_END)
    .map((line) => line.trim())
    .filter((line) => !BLANK.test(line));
}

export function readFields(text: string): MarkedText[] {
  const fields: { field: Field; lines: string[] }[] = [];
  for (const { line, marker } of readLines(text)) {
    if (marker) fields.push({ field: marker.field, lines: [marker.value] });
    else if (!HEADING.test(line) && !BLANK.test(line)) fields.at(-1)?.lines.push(line);
  }
  return fields.map(({ field, lines }) => ({ field, value: lines.join('\n').trim() }));
}

/** The critique from its first marker on, which is what an actor is shown; all that follows the model's thoughts where there is no marker. */
export function trimCritique(text: string): string {
  const lines = readLines(text);
  const first = lines.findIndex(({ marker }) => marker !== null);
  return lines
    .slice(Math.max(first, 0))
    .map(({ written }) => written)
    .join('\n')
    .trim();
}

interface Line {
  written: string;
  line: string;
  marker: MarkedText | null;
}

/**
 * A reasoning model's thoughts are left out, unless the only markers are in them. "Step 3: ..." opens a step only in a critique that
 * never says "Step sentence": elsewhere it is what a step or an explanation says.
 */
function readLines(text: string): Line[] {
  const thoughts = text.lastIndexOf(END_OF_THOUGHTS);
  const concluded = linesOf(thoughts < 0 ? text : text.slice(thoughts + END_OF_THOUGHTS.length));
  const whole = thoughts < 0 || hasMarkers(concluded) ? concluded : linesOf(text);
  const lines = hasMarkers(whole) ? whole : concluded;
  if (lines.some(({ marker }) => marker?.field === 'step')) return lines;
  return lines.map((line) => ({ ...line, marker: line.marker ?? readNumbered(line.line) }));
}

const hasMarkers = (lines: Line[]) => lines.some(({ marker }) => marker !== null);

const linesOf = (text: string): Line[] =>
  withoutTags(text)
    .split(LINE_END)
    .map((written) => {
      const line = written.trim();
      return { written, line, marker: readMarker(line) };
    });

const withoutTags = (text: string) => text.replaceAll(/<\/?think>/g, '\n');

function readMarker(line: string): MarkedText | null {
  for (const [field, pattern] of MARKERS) {
    const found = pattern.exec(line);
    if (found) return { field, value: valueAfter(found, line) };
  }
  return null;
}

function readNumbered(line: string): MarkedText | null {
  const found = NUMBERED.exec(line);
  if (found) return { field: 'step', value: valueAfter(found, line) };
  return HEADING.test(line) ? { field: 'step', value: '' } : null;
}

/** Emphasis that opened before the name and did not close before the colon closes behind it, or at the end of the line. */
function valueAfter([all, before, aroundColon]: RegExpExecArray, line: string): string {
  const rest = line.slice(all.length);
  const open = /[*_]$/.test(before!) && !/[*_]/.test(aroundColon!);
  if (!open) return rest.trim();
  return (/^[*_]/.test(rest) ? rest.replace(/^[*_]{1,3}/, '') : rest.replace(/[*_]{1,3}$/, '')).trim();
}
