const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ';
const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉₊₋ₙ';
const SCRIPTED = '0123456789+-n';

const FRACTIONS: Record<string, string> = {
  '½': '1/2',
  '⅓': '1/3',
  '⅔': '2/3',
  '¼': '1/4',
  '¾': '3/4',
  '⅕': '1/5',
  '⅖': '2/5',
  '⅗': '3/5',
  '⅘': '4/5',
  '⅙': '1/6',
  '⅚': '5/6',
  '⅛': '1/8',
  '⅜': '3/8',
  '⅝': '5/8',
  '⅞': '7/8',
};

const SYMBOLS: Record<string, string> = {
  '−': '-',
  '–': '-',
  '—': '-',
  '‐': '-',
  '‑': '-',
  '﹣': '-',
  '×': '\\times ',
  '·': '\\cdot ',
  '⋅': '\\cdot ',
  '∙': '\\cdot ',
  '•': '\\cdot ',
  '∗': '*',
  '÷': '/',
  '⁄': '/',
  '∕': '/',
  '∶': ':',
  '√': '\\sqrt ',
  '∛': '\\sqrt[3] ',
  '∞': '\\infty ',
  '≤': '\\le ',
  '⩽': '\\le ',
  '≥': '\\ge ',
  '⩾': '\\ge ',
  '≠': '\\ne ',
  '≈': '\\approx ',
  '≅': '\\approx ',
  '∈': '\\in ',
  '∪': '\\cup ',
  '∩': '\\cap ',
  '∖': '\\setminus ',
  '∅': '\\emptyset ',
  '±': '\\pm ',
  '∓': '\\mp ',
  '°': '^\\circ ',
  º: '^\\circ ',
  '℃': '^\\circ C ',
  '℉': '^\\circ F ',
  '′': "'",
  '’': "'",
  ℝ: '\\mathbb{R}',
  ℤ: '\\mathbb{Z}',
  ℕ: '\\mathbb{N}',
  ℚ: '\\mathbb{Q}',
  ℂ: '\\mathbb{C}',
  '⌊': '\\lfloor ',
  '⌋': '\\rfloor ',
  '⌈': '\\lceil ',
  '⌉': '\\rceil ',
  '⟨': '\\langle ',
  '⟩': '\\rangle ',
  '∑': '\\sum ',
  '∏': '\\prod ',
  '∫': '\\int ',
  '→': '\\to ',
  '∣': '|',
  '∧': '\\land ',
  '∨': '\\lor ',
  '“': '"',
  '”': '"',
};

const GREEK =
  'αalpha βbeta γgamma δdelta εepsilon ϵepsilon ζzeta ηeta θtheta ϑtheta ιiota κkappa λlambda μmu νnu ξxi πpi ρrho σsigma τtau υupsilon φphi ϕphi χchi ψpsi ωomega ΓGamma ΔDelta ΘTheta ΛLambda ΞXi ΠPi ΣSigma ΦPhi ΨPsi ΩOmega';
for (const entry of GREEK.split(' ')) SYMBOLS[entry[0]!] = `\\${entry.slice(1)} `;

/** Commands that only set type or space: they go. A double backslash ends a line, whatever follows it. */
const TYPESETTING =
  /\\\\|\\(?:(?:left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits|quad|qquad|thinspace|enspace|allowbreak)(?![A-Za-z])|[,;:>! /~])/g;

/** `14^{\text{th}}`. */
const ORDINAL = (() => {
  const ending = String.raw`\\(?:text|textrm|mathrm)\{(?:st|nd|rd|th)\}`;
  return new RegExp(String.raw`(?<=\d)\^(?:${ending}|\{${ending}\})`, 'g');
})();

/** Stands between the groups of digits of one number. */
export const GROUPED = '\uE001';
/** Stands for a dollar sign that is money. */
export const DOLLAR = '\uE002';

/**
 * One spelling for what Unicode, LaTeX and Markdown write in several ways, without the delimiters of formulas. Linear in the length. White
 * space that keeps two numbers apart stays.
 */
export function unify(answer: string): string {
  const text = withoutDelimiters(answer.replace(/[^\u0020-\u007E]+/g, replaceUnicode))
    .replace(/(\d)(?:\{,\}|,\s*(?:\\!\s*)+|\\,)(?=\d{3}(?!\d))/g, `$1${GROUPED}`)
    .replace(/(\d)\{,\}(?=\d)/g, '$1.')
    .replace(/\\[dtc]frac(?![A-Za-z])/g, '\\frac')
    .replace(/\\[dt]binom(?![A-Za-z])/g, '\\binom')
    .replace(/\{:\}/g, ':')
    .replace(ORDINAL, (ending) => ending.replace(/[^a-z]|text(?:rm)?|mathrm/g, ''))
    .replace(/(?<![\w})\]])\{\s*\}(?=\s*[_^])/g, '')
    .replace(TYPESETTING, (command) => (command === '\\\\' ? command : command === '\\!' ? '' : ' '))
    .replace(/~/g, ' ')
    .replace(/\\(?:text)?color\{\w+\}/g, '')
    .replace(/(\d)\s+and\s+(?:a|one)[\s-]+half\b/g, '$1 1/2')
    .replace(/\b([aApP])\.\s?([mM])\b\.?/g, '$1$2')
    .trim();
  return withoutTail(text, ' .,;:\\');
}

/** Without the characters it ends in, of those given; an ellipsis stays. */
export function withoutTail(text: string, characters: string): string {
  let end = text.length;
  if (text.endsWith('...')) return text;
  while (end > 0 && characters.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

function replaceUnicode(run: string): string {
  let text = '';
  for (const char of run) {
    if (/\s/.test(char)) text += ' ';
    else if (Object.hasOwn(SYMBOLS, char)) text += SYMBOLS[char];
    else if (Object.hasOwn(FRACTIONS, char)) text += ` ${FRACTIONS[char]} `;
    else if (SUPERSCRIPTS.includes(char)) text += `^{${SCRIPTED[SUPERSCRIPTS.indexOf(char)]}}`;
    else if (SUBSCRIPTS.includes(char)) text += `_{${SCRIPTED[SUBSCRIPTS.indexOf(char)]}}`;
    else if (char >= ' ' && !INVISIBLE.test(char)) text += char.normalize('NFKC');
  }
  return text.replace(/\}\^\{|\}_\{/g, '');
}

/** Control and formatting characters: joiners, marks of direction, variation selectors, private use. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}]|[\uFE00-\uFE0F]/u;

/** A dollar sign opens a formula where another closes it as Pandoc reads them ("$5 and $6" is money), and else is money. */
function withoutDelimiters(text: string): string {
  return text
    .replace(/(?<!\\)\\[()[\]]/g, ' ')
    .replace(/\\\$/g, DOLLAR)
    .replace(/\$\$/g, '$')
    .replace(/\$(?=\S)([^$]*?)(?<=\S)\$(?!\d)/g, ' $1 ')
    .replace(/\$/g, DOLLAR)
    .replace(/^\s*(\*\*|__|`)(.*)\1\s*$/s, '$2');
}
