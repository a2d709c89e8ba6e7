import { DOLLAR } from './notation.ts';

/** Functions, by the one name that the rest of the code knows. */
export const FUNCTIONS = new Set(
  'sqrt cbrt sin cos tan cot sec csc arcsin arccos arctan arccot sinh cosh tanh log ln exp lg abs floor ceil max min gcd lcm det cis binomial'.split(
    ' ',
  ),
);
/** Their other spellings. */
export const FUNCTION_NAMES = new Map(
  Object.entries({
    asin: 'arcsin',
    acos: 'arccos',
    atan: 'arctan',
    Log: 'log',
    Ln: 'ln',
    root: 'sqrt',
    ceiling: 'ceil',
    sup: 'max',
    inf: 'min',
  }),
);
/** Commands that are read with arguments of their own. */
export const STRUCTURES = new Set(
  'frac sqrt binom sum prod int lim overline bar dot vec overrightarrow hat pmod bmod mod choose over not boxed fbox'.split(
    ' ',
  ),
);

/** Commands that are operators, relations, brackets or separators. */
export const MARKS = new Map(
  Object.entries({
    cdot: '*',
    times: '*',
    ast: '*',
    div: '/',
    pm: 'pm',
    mp: 'mp',
    le: '<=',
    leq: '<=',
    leqslant: '<=',
    leqq: '<=',
    lt: '<',
    ge: '>=',
    geq: '>=',
    geqslant: '>=',
    geqq: '>=',
    gt: '>',
    ne: '!=',
    neq: '!=',
    approx: '~',
    simeq: '~',
    thickapprox: '~',
    sim: '~',
    equiv: 'equiv',
    in: 'in',
    notin: 'notin',
    cup: 'cup',
    bigcup: 'cup',
    cap: 'cap',
    bigcap: 'cap',
    setminus: 'setminus',
    backslash: 'setminus',
    mid: '|',
    vert: '|',
    lvert: '|',
    rvert: '|',
    colon: ':',
    lbrace: '\\{',
    rbrace: '\\}',
    lbrack: '[',
    rbrack: ']',
    langle: '<<',
    rangle: '>>',
    lfloor: 'lfloor',
    rfloor: 'rfloor',
    lceil: 'lceil',
    rceil: 'rceil',
    land: 'and',
    wedge: 'and',
    lor: 'or',
    vee: 'or',
    circ: 'degree',
    degree: 'degree',
    prime: "'",
    to: 'to',
    rightarrow: 'to',
    implies: 'implies',
    Rightarrow: 'implies',
    ldots: '...',
    dots: '...',
    cdots: '...',
    dotsc: '...',
    parallel: 'parallel',
    perp: 'perp',
    euro: 'euro',
    pounds: 'gbp',
  }),
);

/** Other spellings of symbols. */
export const SYMBOLS = new Map(
  Object.entries({
    infty: 'infinity',
    infinity: 'infinity',
    Infinity: 'infinity',
    oo: 'infinity',
    varnothing: 'emptyset',
    varphi: 'phi',
    vartheta: 'theta',
    varepsilon: 'epsilon',
    imath: 'i',
  }),
);

export const CONNECTIVES = /^(?:and|or|AND|OR)$/;

/** Fonts: what they hold is read as if it stood alone. */
export const FONTS =
  /^(?:text|textbf|textit|textrm|textnormal|textsf|texttt|mbox|hbox|mathrm|mathbf|mathit|mathsf|mathtt|mathbb|mathcal|boldsymbol|bm|bf|rm|it|emph|operatorname|underline|mathop|mathbin|mathrel)$/;
/** Of these, the ones that hold words. */
export const TEXT_FONT = /^(?:text|mbox|hbox|bf$|rm$|it$|emph)/;

/** Characters that stand for a mark by another name; an empty one is left out. */
export const PLAIN = new Map(
  Object.entries({
    '**': '^',
    '=<': '<=',
    '=>': '>=',
    '==': '=',
    '"': '',
    '`': '',
    [DOLLAR]: 'dollar',
    '£': 'gbp',
    '€': 'euro',
    '¢': 'cent',
  }),
);
