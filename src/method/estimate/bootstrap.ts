import { randomFrom } from '../random.ts';

const RESAMPLES = 4_000;

/**
 * The 95 % interval of a mean by the percentile bootstrap (Efron & Tibshirani 1993, chapter 13): 4,000 times as many values drawn with
 * replacement, the 2.5th and the 97.5th percentile of their means. With one value per question, the mean of its samples, this is the
 * bootstrap clustered by question: samples of one question stay together, however many. Needs at least one value; the interval of
 * values that are all equal is that point.
 */
export function resampledMean(values: readonly number[], seed: number): { low: number; high: number } {
  const random = randomFrom(seed);
  const n = values.length;
  const perBit = n / 2 ** 32;
  const bits = new Uint32Array(n);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    random.fill(bits);
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += values[(bits[draw]! * perBit) | 0]!;
    means[resample] = sum / n;
  }
  means.sort();
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

/** Between neighbours by linear interpolation. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return below + (place - Math.floor(place)) * (above - below);
}
