import { describe, expect, it } from 'vitest';
import { bytes, counted, duration, signed, time } from '../../src/report/format.ts';

const plain = (text: string) => text.replaceAll('\u00A0', ' ');

describe('format', () => {
  it.each([
    [0, '0.0 s'],
    [0.84, '0.8 s'],
    [9.99, '10 s'],
    [59.6, '1 min'],
    [75, '1 min 15 s'],
    [3600, '1 h'],
    [3605, '1 h'],
    [90061, '1 d 1 h'],
  ])('duration of %d s', (seconds, words) => expect(plain(duration(seconds))).toBe(words));

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1536, '1.5 kB'],
    [999_960, '1.0 MB'],
    [6_521_000_000, '6.5 GB'],
  ])('%d bytes', (n, words) => expect(plain(bytes(n))).toBe(words));

  it.each([
    [0.0451, '+4.5'],
    [-0.12, '\u221212.0'],
    [-0.0004, '0.0'],
    [0.0004, '0.0'],
  ])('difference of %d in points', (difference, words) => expect(signed(difference)).toBe(words));

  it('counts one thing as one', () => {
    expect([counted(1, 'step'), counted(1200, 'step')]).toEqual(['1 step', '1,200 steps']);
  });

  it('gives times in UTC, wherever it runs', () =>
    expect(time('2026-03-01T23:34:56+02:00')).toBe('2026-03-01 21:34 UTC'));
});
