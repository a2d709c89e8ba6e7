/** From and to, in milliseconds since the epoch. */
export type Span = [from: number, to: number];

/** What is left of a span. */
export function without(span: Span, others: readonly Span[]): Span[] {
  const left: Span[] = [];
  let [from, to] = span;
  for (const [start, end] of others.toSorted(([a], [b]) => a - b)) {
    if (start > from) left.push([from, Math.min(start, to)]);
    from = Math.max(from, end);
    if (from >= to) return left;
  }
  left.push([from, to]);
  return left.filter(([from, to]) => to > from);
}

export const sum = (spans: readonly Span[]): number => spans.reduce((total, [from, to]) => total + to - from, 0);

/** Who the time belongs to: each moment to the first of the owners that it falls to. What falls to none is the rest. */
export function attribute(
  spans: readonly Span[],
  owners: readonly { name: string; span: Span }[],
): { byName: Map<string, number>; rest: number } {
  const byName = new Map<string, number>();
  let left = [...spans];
  for (const { name, span } of owners) {
    const after = left.flatMap((one) => without(one, [span]));
    byName.set(name, (byName.get(name) ?? 0) + sum(left) - sum(after));
    left = after;
  }
  return { byName, rest: sum(left) };
}

/** The one that started last is what the others wait for. */
export const latestFirst = <Owner extends { span: Span }>(owners: readonly Owner[]): Owner[] =>
  owners.toSorted((a, b) => b.span[0] - a.span[0]);
