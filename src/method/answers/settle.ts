import { type Answer, some } from './expression.ts';
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
function isRangeOfParameter(answer: Answer): boolean {
  if (answer.type !== 'relation' || answer.operators[0] !== 'in') return false;
  const range = answer.operands[1]!;
  return range.type === 'text' && range.text === 'set Z';
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
