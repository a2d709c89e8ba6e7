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
