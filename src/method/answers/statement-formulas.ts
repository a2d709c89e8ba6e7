/** Text whose formulas are one character each, so that their spaces, commas and full stops are not those of the sentence. */
export interface Masked {
  text: string;
  formulas: string[];
}

const FIRST = 0xe000;
const MASKS = /[\ue000-\uf8ff]/g;
export const HOLDS_FORMULA = /[\ue000-\uf8ff]/;

const DELIMITED =
  /(\\begin\{(?:[a-z]*matrix|cases|array)\}(?:[^\\]|\\(?!end\{))*\\end\{\w+\})|\$\$([^$]+)\$\$|\\\[((?:[^\\]|\\(?!\]))+)\\\]|\\\(((?:[^\\]|\\(?!\)))+)\\\)|(?<!\\)\$(?=\S)((?:\\.|[^$\\\n])+?)(?<=\S)\$(?!\d)|(?<![\\\w])\$ ((?:\\.|[^$\\\n])+?) \$(?!\d)/g;

/** Takes the delimiters away, too. A dollar sign opens a formula only where another closes it: "$5 or $6" is money. */
export function maskFormulas(text: string): Masked {
  const formulas: string[] = [];
  const masked = text.replace(MASKS, '').replace(DELIMITED, (all, ...groups: (string | undefined)[]) => {
    const inside = groups
      .slice(0, 6)
      .find((group) => group !== undefined)!
      .trim();
    const formula = inside.replace(/[.,;]$/, '');
    if (formula === '') return all;
    formulas.push(formula);
    return String.fromCharCode(FIRST + formulas.length - 1) + inside.slice(formula.length);
  });
  return { text: masked, formulas };
}

export function unmask(text: string, formulas: string[]): string {
  return text.replace(MASKS, (mask) => formulas[mask.charCodeAt(0) - FIRST] ?? '');
}
