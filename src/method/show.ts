const LONGEST = 80;

/** A value in a message to people. */
export const show = (value: unknown): string => shorten(asText(value));

/** JSON has no word for numbers without end, and JavaScript no room for what is nested thousands of times. */
export function asText(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'something nested too deep';
  }
}

export const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text);
