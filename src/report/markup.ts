/** Markup that is safe to put into a page as it is. Only `html` and `trusted` make it. */
export interface Markup {
  readonly markup: string;
}

type Part = string | number | Markup | null | readonly Part[];

/** A template of HTML in which every string from outside is escaped; null is nothing, a list is its parts one after the other. */
export function html(literals: TemplateStringsArray, ...parts: Part[]): Markup {
  return { markup: literals.reduce((text, literal, i) => text + flatten(parts[i - 1] ?? null) + literal) };
}

/** Markup that this program wrote itself, for instance a chart. */
export function trusted(markup: string): Markup {
  return { markup };
}

function flatten(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if ('markup' in part) return part.markup;
  return part.map(flatten).join('');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Models write anything, also control characters and half surrogate pairs, which no HTML file may hold. */
function escapeText(text: string): string {
  return text.replace(UNPRINTABLE, '\uFFFD').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]|\p{Surrogate}/gu;
