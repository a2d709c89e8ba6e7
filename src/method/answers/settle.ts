import { type Answer, rewriteAnswer, some } from './expression.ts';
import { nameOf } from './names.ts';

/** Removes what states nothing: approximations behind the value, the way to it, the range of a parameter, brackets around one thing. */
export function settle(answer: Answer): Answer {
  if (answer.type === 'relation') {
    const approximate = answer.operators.indexOf('~');
    if (approximate === 0) return settle(answer.operands[nameOf(answer.operands[0]!) === null ? 0 : 1]!);
    const exact =
      approximate < 0
        ? answer
        : {
            ...answer,
            operands: answer.operands.slice(0, approximate + 1),
            operators: answer.operators.slice(0, approximate),
          };
    return lastOfChain(exact);
  }
  if (answer.type === 'list') {
    const items = answer.items.filter((item) => !isRangeOfParameter(item));
    return items.length === 1 ? settle(items[0]!) : items.length === 0 ? answer : { ...answer, items };
  }
  if (isSystem(answer)) return { type: 'list', items: answer.rows.flat(), joined: 'and' };
  if (answer.type === 'tuple' && answer.items.length === 1 && answer.open === '(') return settle(answer.items[0]!);
  return answer;
}

/** "3 * 6 = 18" states 18, and "x = 2 * 3 = 6" that x = 6. */
function lastOfChain(relation: Answer & { type: 'relation' }): Answer {
  const { operands, operators } = relation;
  if (operators.some((operator) => operator !== '=')) return relation;
  const last = operands.at(-1)!;
  const [first, ...rest] = operands;
  if (nameOf(first!) !== null)
    return rest.length > 1 ? { ...relation, operands: [first!, last], operators: ['='] } : relation;
  const isNumber = (it: Answer) =>
    it.type === 'value' && !some(it.value, (part) => part.type === 'symbol' || part.type === 'bound');
  return operands.every(isNumber) ? last : relation;
}

/** Relations below each other in one brace. A function that is defined by cases has their conditions beside their values. */
function isSystem(answer: Answer): answer is Answer & { type: 'matrix' } {
  return (
    answer.type === 'matrix' &&
    answer.fence === 'cases' &&
    answer.rows.length > 1 &&
    answer.rows.every((row) => row.length === 1 && row[0]!.type === 'relation')
  );
}

/** `k \in \mathbb{Z}`: what a parameter is where nothing else is said. */
const isRangeOfParameter = (answer: Answer): boolean => rangeOfParameter(answer)?.set === 'set Z';

function rangeOfParameter(answer: Answer): { name: string; set: string } | null {
  if (answer.type !== 'relation' || answer.operators.join() !== 'in') return null;
  const [name, range] = [nameOf(answer.operands[0]!), answer.operands[1]!];
  return name !== null && range.type === 'text' && range.text.startsWith('set ') ? { name, set: range.text } : null;
}

/** "k pi, k an integer" and "n pi, n an integer" by one name of the parameter, where the second has no other use for it. */
export function sameParameter(a: Answer, b: Answer): [Answer, Answer] {
  const [name, other] = [parameterOf(a), parameterOf(b)];
  if (name === null || other === null || name === other) return [a, b];
  let isFree = true;
  const renamed = rewriteAnswer(b, (part) => {
    if (part.type !== 'symbol') return part;
    if (part.name === name) isFree = false;
    return part.name === other ? { ...part, name } : part;
  });
  return isFree ? [a, renamed] : [a, b];
}

/** The one parameter of which a list says the range, and nothing else: of "n > 3, n an integer" n is the unknown. */
function parameterOf(answer: Answer): string | null {
  if (answer.type !== 'list') return null;
  const [range, ...others] = answer.items.map(rangeOfParameter).filter((found) => found !== null);
  if (!range || others.length > 0) return null;
  const relations = answer.items.filter((item) => item.type === 'relation');
  const bounds = relations.filter(({ operands }) => operands.some((operand) => nameOf(operand) === range.name));
  return bounds.length === 1 ? range.name : null;
}

/**
 * "p = 1, q = 2; p = 3, q = 4" is nested only by its semicolons: a flat list on the other side is parted alike, or where the groups differ in
 * size, both are flat.
 */
export function sameNesting(a: Answer, b: Answer): [Answer, Answer] {
  if (a.type !== 'list' || b.type !== 'list' || isNested(a) === isNested(b)) return [a, b];
  const [left, right] = [flat(a), flat(b)];
  if (left.items.length !== right.items.length) return [a, b];
  const sizes = new Set((isNested(a) ? a : b).items.map((item) => (item.type === 'list' ? item.items.length : 1)));
  const [size] = sizes;
  if (sizes.size > 1) return [left, right];
  return isNested(a) ? [a, parted(b, size!)] : [parted(a, size!), b];
}

type List = Answer & { type: 'list' };

const isNested = (list: List) => list.items.some((item) => item.type === 'list');

const flat = (list: List): List => ({
  ...list,
  items: list.items.flatMap((item) => (item.type === 'list' ? item.items : [item])),
});

function parted(list: List, size: number): List {
  const starts = list.items.map((_, index) => index).filter((index) => index % size === 0);
  return { ...list, items: starts.map((start) => ({ ...list, items: list.items.slice(start, start + size) })) };
}
