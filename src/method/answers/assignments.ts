import type { Answer } from './expression.ts';
import { nameOf } from './names.ts';
import { settle } from './settle.ts';

/** A value and what it was called; null where it had no name. */
export interface Named {
  name: string | null;
  value: Answer;
}

/** Of `x = 5` or `x \in S`; null of anything else. */
export function nameAndValue(answer: Answer): { name: string; value: Answer } | null {
  if (answer.type !== 'relation' || answer.operators.length !== 1) return null;
  const [left, right] = answer.operands as [Answer, Answer];
  if (answer.operators[0] === '=') {
    const name = nameOf(left);
    if (name !== null) return { name, value: right };
    const reversed = nameOf(right);
    return reversed === null ? null : { name: reversed, value: left };
  }
  const name = nameOf(left);
  return answer.operators[0] === 'in' && name !== null ? { name, value: right } : null;
}

/** A list of which an item is named: "x = 1, y = 2", "x = 1 or x = 2", "n = 1, 2, 3", or `(x, y) = (1, 2)`. */
export function namesAndValues(answer: Answer): Named[] | null {
  if (answer.type === 'relation') return componentsOf(answer);
  if (answer.type !== 'list') return null;
  const named = answer.items.map((item) => nameAndValue(settle(item)) ?? { name: null, value: item });
  if (named.every(({ name }) => name === null)) return null;
  if (named.some(({ name, value }) => name === null && value.type === 'relation')) return null;
  const names = new Set(named.map(({ name }) => name).filter((name) => name !== null));
  // One name for all is no name; values behind a name belong to it.
  return names.size === 1 ? named.map(({ value }) => ({ name: [...names][0]!, value })) : named;
}

/** `x` and 1, `y` and 2 of `(x, y) = (1, 2)`. */
function componentsOf({ operands, operators }: Answer & { type: 'relation' }): Named[] | null {
  const [left, right] = operands as [Answer, Answer];
  if (operators.join() !== '=' || left.type !== 'tuple' || right.type !== 'tuple') return null;
  if (left.items.length !== right.items.length || nameOf(left) === null) return null;
  return left.items.map((item, index) => ({ name: nameOf(item), value: right.items[index]! }));
}

/** "x = 1 or x = 2" is "x = 1, x = 2", but "x = 1 or y = 2" is not "x = 1, y = 2". */
export function joinedAlike(a: Answer, b: Answer, named: Named[]): boolean {
  const oneName = new Set(named.map(({ name }) => name)).size === 1;
  const isChoice = (it: Answer) => it.type === 'list' && it.joined === 'or';
  return oneName || isChoice(a) === isChoice(b);
}
