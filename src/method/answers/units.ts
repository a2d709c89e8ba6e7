export interface Measured {
  /** The answer without its unit. */
  body: string;
  /** In lower case and singular; null where there is none. */
  unit: string | null;
  /** Whether the unit is marked as text (`5\text{ m}`), so that it can't be part of a formula. */
  marked: boolean;
}

const MARKED =
  /^(.*[\d})])\s*\\(?:text|textrm|textbf|textit|textnormal|mathrm|mbox|rm)\s*\{([A-Za-z./ ]+)\}\s*(\^\s*\{?[23]\}?)?$/s;
const WORDS = /^(.*\d)\s*((?:[A-Za-z]{2,}[ /])*[A-Za-z]{2,}(?:\^\{?[23]\}?)?)$/s;

/** Words after a number that change what it says. */
const NO_UNIT =
  /\b(?:and|or|to|more|less|fewer|than|over|under|not|plus|minus|times|mod|base|squared|cubed|pi|sqrt|sin|cos|tan|log|ln|out|half|quarter|factorial|dozen)\b/i;

/** Takes the unit from the end of a tidied answer: `90\text{ degrees}`, "3 apples", "12 cm^2". */
export function splitUnit(answer: string): Measured {
  const marked = MARKED.exec(answer);
  const found = marked ?? WORDS.exec(answer);
  const words = found?.[2]?.trim() ?? '';
  if (!found || words === '' || NO_UNIT.test(words)) return { body: answer, unit: null, marked: false };
  const power = (marked?.[3] ?? '').replace(/[\s{}]/g, '');
  return { body: found[1]!.trim(), unit: singular(`${words}${power}`.toLowerCase()), marked: marked !== null };
}

const singular = (unit: string) => unit.replace(/[{}.]/g, '').replace(/(?<=[a-z]{2})s\b/g, '');
