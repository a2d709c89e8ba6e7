import { divide, multiply, power, type Rational, rational } from './rational.ts';

/** Size of each unit in the first of its row, and its spellings. */
const ROWS: Record<string, [Rational, string][]> = {
  length: [
    [rational(1n), 'm meter metre'],
    [rational(1n, 100n), 'cm centimeter centimetre'],
    [rational(1n, 1000n), 'mm millimeter millimetre'],
    [rational(1000n), 'km kilometer kilometre'],
    [rational(254n, 10000n), 'in inch inches'],
    [rational(3048n, 10000n), 'ft foot feet'],
    [rational(9144n, 10000n), 'yd yard'],
    [rational(1609344n, 1000n), 'mi mile'],
  ],
  time: [
    [rational(1n), 's sec second'],
    [rational(60n), 'min minute'],
    [rational(3600n), 'h hr hour'],
    [rational(86400n), 'day'],
    [rational(604800n), 'week'],
  ],
  years: [
    [rational(1n), 'year yr'],
    [rational(1n, 12n), 'month'],
  ],
  mass: [
    [rational(1n), 'g gram gramme'],
    [rational(1000n), 'kg kilogram kilogramme kilo'],
    [rational(1n, 1000n), 'mg milligram'],
  ],
  weight: [
    [rational(1n), 'lb pound'],
    [rational(1n, 16n), 'oz ounce'],
  ],
  volume: [
    [rational(1n), 'l liter litre'],
    [rational(1n, 1000n), 'ml milliliter millilitre'],
  ],
  money: [
    [rational(1n), 'dollar usd buck'],
    [rational(1n, 100n), 'cent'],
  ],
  angle: [[rational(1n), 'degree deg']],
  share: [[rational(1n), '%']],
};

const KNOWN = new Map<string, { dimension: string; size: Rational }>();
for (const [dimension, units] of Object.entries(ROWS))
  for (const [size, names] of units) for (const name of names.split(' ')) KNOWN.set(name, { dimension, size });

/** Short letters that are a unit behind a number, where elsewhere they are a product of variables. */
export const isUnit = (run: string): boolean =>
  /^(?:cm|mm|km|ft|in|yd|mi|kg|mg|lb|lbs|oz|ml|mL|hr|hrs|min|mins|sec|secs|deg|mph|kph|rad|sq|am|pm|AM|PM)$/.test(run);

/** Whether a word is the name of a unit, in singular or plural. */
export const isUnitName = (word: string): boolean => word.length > 2 && KNOWN.has(singular(word.toLowerCase()));

/** Words that make something else of the number before them. */
export const CHANGES_NUMBER =
  /\b(?:times|more|less|fewer|than|over|under|not|plus|minus|mod|base|out|half|quarter|factorial|percent of|to the|at least|at most)\b/i;

/** One spelling of a unit: lower case, singular, "square" and "per" as powers and quotients. null for no words. */
export function unitOf(words: string): string | null {
  const text = words
    .toLowerCase()
    .replace(/\b([ap])\.\s?m\b\.?/g, '$1m')
    .replace(/\./g, '')
    .replace(/\b(?:a|an|the|of|in total|total|exactly|about|each|altogether)\b/g, ' ')
    .replace(/\bkph\b/g, 'km/h')
    .replace(/\bmph\b/g, 'mi/h')
    .replace(/\s+per\s+|\s*\/\s*/g, '/')
    .replace(/\b(?:square|sq)\s+([a-z]+)|([a-z]+)\s+squared\b/g, '$1$2^2')
    .replace(/\bcubic\s+([a-z]+)|([a-z]+)\s+cubed\b/g, '$1$2^3')
    .replace(/[{}]/g, '')
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[a-z]+/g, singular)
    .replace(/^(?:degree )?(?:celsius|centigrade)$|^degree c$/, 'celsius')
    .replace(/^(?:degree )?fahrenheit$|^degree f$/, 'fahrenheit');
  return text === '' ? null : /^(?:percent|percentage|pct|per cent)$/.test(text) ? '%' : text;
}

/** The unit of a number with a degree sign, by the words behind that: an angle where they name no scale of temperature. */
export function unitOfDegrees(words: string | null): string {
  const unit = unitOf(`degree ${words ?? ''}`);
  return unit === 'celsius' || unit === 'fahrenheit' ? unit : 'degree';
}

function singular(word: string): string {
  if (KNOWN.has(word) || word.length < 3) return word;
  if (KNOWN.has(word.replace(/s$/, ''))) return word.replace(/s$/, '');
  if (/ies$/.test(word)) return word.replace(/ies$/, 'y');
  if (/(?:ss|us|is)$/.test(word)) return word;
  return word.replace(/(?<=(?:ch|sh|x|z|o|ss))es$|s$/, '');
}

/** How many of the second unit the first is; null where they measure different things. */
export function ratioOfUnits(unit: string, other: string): Rational | null {
  if (unit === other) return rational(1n);
  const [a, b] = [measure(unit), measure(other)];
  return a && b && a.dimension === b.dimension ? divide(a.size, b.size) : null;
}

/** A unit whose every part is known, such as `km/h` or `cm^2`, in base units. */
function measure(unit: string): { dimension: string; size: Rational } | null {
  let size: Rational | null = rational(1n);
  const dimensions: string[] = [];
  for (const [index, part] of unit.split('/').entries()) {
    const [, name = '', exponent = '1'] = /^([a-z%]+)(?:\^([23]))?$/.exec(part) ?? [];
    const known = KNOWN.get(name);
    if (!known || size === null) return null;
    const raised = power(known.size, rational(BigInt(exponent)))!;
    size = index === 0 ? multiply(size, raised) : divide(size, raised);
    dimensions.push(`${known.dimension}^${exponent}`);
  }
  return size && { dimension: dimensions.join('/'), size };
}
