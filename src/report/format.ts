import type { PairedDifference, Proportion } from './data.ts';

/** A number and its unit never part at the end of a line. */
const NBSP = '\u00A0';
const MINUS = '\u2212';

/** Of every interval in the report. */
export const CONFIDENCE = `95${NBSP}%`;

/** `0.5931` as `59.3 %`. */
export const percent = (share: number) => `${(100 * share).toFixed(1)}${NBSP}%`;

/** `59.3 % (56.2 to 62.3)`. */
export const proportion = ({ value, low, high }: Pick<Proportion, 'value' | 'low' | 'high'>) =>
  `${percent(value)} (${interval(low, high, plain)})`;

/** `+4.5 (+2.1 to +6.9)`, in percentage points. */
export const paired = ({ difference, low, high }: PairedDifference) =>
  `${signed(difference)} (${interval(low, high, signed)})`;

/** `p = 0.03`, `p < 0.001`. */
export const pValue = (p: number) => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`);

/** `0.045` as `+4.5`, in percentage points. */
export const signed = (difference: number) => {
  const points = (100 * difference).toFixed(1);
  if (Number(points) === 0) return '0.0';
  return difference > 0 ? `+${points}` : points.replace('-', MINUS);
};

export const interval = (low: number, high: number, format: (share: number) => string) =>
  `${format(low)}${NBSP}to${NBSP}${format(high)}`;

const plain = (share: number) => (100 * share).toFixed(1);

/** `1234567` as `1,234,567`. */
export const count = (n: number) => Math.round(n).toLocaleString('en-US');

/** `n` of `word`, in the singular for one. */
export const counted = (n: number, word: string) => `${count(n)} ${word}${n === 1 ? '' : 's'}`;

/** `75` as `1 min 15 s`; the two largest units. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)}${NBSP}s`;
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n}${NBSP}${unit}`)
    .join(' ');
}

/** `1536` as `1.5 kB`; powers of 1000. */
export function bytes(n: number): string {
  if (n < 1000) return `${n}${NBSP}B`;
  let size = n / 1000;
  let unit = 0;
  for (; size >= 999.95 && unit < UNITS.length - 1; unit++) size /= 1000;
  return `${size.toFixed(1)}${NBSP}${UNITS[unit]}`;
}

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `2026-03-01T12:34:56.789Z` as `2026-03-01 12:34 UTC`. */
export const time = (iso: string) => `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Four significant digits: what two losses are compared by. */
export const loss = (value: number) => value.toPrecision(4);

export const shortHash = (sha256: string) => sha256.slice(0, 12);

/** With its first letter in upper case. */
export const capital = (words: string) => `${words[0]!.toUpperCase()}${words.slice(1)}`;
