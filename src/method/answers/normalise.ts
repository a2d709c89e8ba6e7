/** LaTeX and Unicode spellings of the same symbol made one; words, units and white space stay. A second time changes nothing. */
export function tidy(answer: string): string {
  return answer
    .replace(/\\\(|\\\)|\\\[|\\\]|\\(?:text|mbox|mathrm)\{\s*\}/g, '')
    .replace(/[−–]/g, '-')
    .replace(/[×·∙]|\\(?:cdot|times|ast)(?![A-Za-z])/g, '*')
    .replace(/÷|\\div(?![A-Za-z])/g, '/')
    .replace(/\*\*/g, '^')
    .replace(/π/g, '\\pi ')
    .replace(/∞/g, '\\infty ')
    .replace(/\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![A-Za-z]))|\\degree(?![A-Za-z])|°/g, '')
    .replace(/(\d)\{,\}(?=\d)/g, '$1,')
    .replace(/(\d),(?:\\!\s*)+(?=\d{3})/g, '$1,')
    .replace(/(\d)\\,(?=\d{3}(?!\d))/g, '$1,')
    .replace(/\\(?:left|right|displaystyle)(?![A-Za-z])|\\!/g, '')
    .replace(/(?<!\\)\\(?:[,;: ]|quad(?![A-Za-z])|qquad(?![A-Za-z]))|~/g, ' ')
    .replace(/\\?\$|[£€]/g, '')
    .replace(/\\%|\s*\bpercent\b/g, '%')
    .replace(/\\(?:approx|simeq)(?![A-Za-z]).*$/s, '')
    .replace(/[\s.,\\]+$/, '')
    .trim();
}

/**
 * One spelling for tidied answers that differ only in how they are typeset. Keeps what can matter: case, brackets, and the space between
 * two digits or two letters, so that "1 2" never becomes 12.
 */
export function normalise(tidied: string): string {
  return withoutSpaces(canonical(unwrap(tidied))).replace(/^\(([A-Za-z])\)$/, '$1');
}

/** `\text{...}` and its like become their words; `\text{and}` keeps its distance. */
function unwrap(text: string): string {
  let unwrapped = text;
  for (let round = 0; round < 4; round++) {
    const next = unwrapped.replace(
      /\\(?:text|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mbox|bf|rm)\s*\{([^{}]*)\}/g,
      ' $1 ',
    );
    if (next === unwrapped) break;
    unwrapped = next;
  }
  return unwrapped;
}

function canonical(text: string): string {
  return text
    .replace(/\\[dtc]frac(?![A-Za-z])/g, '\\frac')
    .replace(
      /\\frac\s*(\d|\{[^{}]*\})\s*(\d|\{[^{}]*\})/g,
      (_, above: string, below: string) => `\\frac${braced(above)}${braced(below)}`,
    )
    .replace(/(?<![\w.)}/^])(\d+)\/(\d+)(?![\w.(/^])/g, '\\frac{$1}{$2}')
    .replace(/(?<=^|[(,[])\s*\+/g, '')
    .replace(/\\sqrt\s*(\d)/g, '\\sqrt{$1}')
    .replace(/([_^])\s*([A-Za-z0-9])/g, '$1{$2}')
    .replace(/\\le(?![A-Za-z])|≤|<=/g, '\\leq')
    .replace(/\\ge(?![A-Za-z])|≥|>=/g, '\\geq')
    .replace(/\\lt(?![A-Za-z])/g, '<')
    .replace(/\\gt(?![A-Za-z])/g, '>')
    .replace(/([bBvp]|small)matrix\}/g, 'matrix}');
}

function withoutSpaces(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/(?<=[^0-9A-Za-z]) | (?=[^0-9A-Za-z])/g, '')
    .replace(/(?<=\d) (?=[A-Za-z])|(?<=[A-Za-z]) (?=\d)/g, '')
    .trim();
}

const braced = (argument: string) => (argument.startsWith('{') ? argument : `{${argument}}`);
