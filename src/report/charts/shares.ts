/** Of an axis of shares: in per cent. */
export const SHARE_AXIS = { labelExpr: "format(100 * datum.value, '.3~f') + ' %'", title: null };

/** The twentieths around every interval. */
export function around(shares: { low: number; high: number }[]): [number, number] {
  const low = Math.min(...shares.map((share) => share.low));
  const high = Math.max(...shares.map((share) => share.high));
  return [Math.max(0, Math.ceil(20 * low - 1) / 20), Math.min(1, Math.floor(20 * high + 1) / 20)];
}
