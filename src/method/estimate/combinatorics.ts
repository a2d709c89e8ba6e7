const logFactorials = [0];

/** ln C(n, k), for 0 <= k <= n. */
export function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** The chance of k hits in n independent tries that hit with probability p, for 0 <= k <= n and 0 < p < 1. */
export function binomial(k: number, n: number, p: number): number {
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** `binomial` of each k from 0 to n. */
export function binomials(n: number, p: number): Float64Array {
  return Float64Array.from({ length: n + 1 }, (_, k) => binomial(k, n, p));
}

/** Throws RangeError unless 1 <= k <= n, integers. */
export function checkSubset(k: number, n: number): void {
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`n is ${n}, expected a number of samples`);
  if (!Number.isInteger(k) || k < 1 || k > n)
    throw new RangeError(`k is ${k}, expected an integer from 1 to the ${n} samples there are`);
}

function logFactorial(n: number): number {
  for (let next = logFactorials.length; next <= n; next++)
    logFactorials.push(logFactorials[next - 1]! + Math.log(next));
  return logFactorials[n]!;
}
