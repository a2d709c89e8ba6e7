/** A seeded source of randomness: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, below). */
  int(below: number): number;
  /** Fills with uniform integers in [0, 2^32), several times as fast as one by one. */
  fill(bits: Uint32Array): void;
}

/** sfc32, of the PractRand suite; good to 2^32 draws, which is more than one stage needs. */
export function randomFrom(seed: number): Random {
  let a = mix(seed);
  let b = mix(seed + 0x9e3779b9);
  let c = mix(seed ^ 0x5bd1e995);
  let counter = 1;
  const draw = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) draw();

  const next = () => ((draw() >>> 5) * 0x4000000 + (draw() >>> 6)) / 2 ** 53;
  const int = (below: number) => Math.floor(next() * below);
  const fill = (bits: Uint32Array) => {
    // Copies, since whatever outlives the function would be allocated anew for each number.
    let x = a;
    let y = b;
    let z = c;
    let count = counter;
    for (let place = 0; place < bits.length; place++) {
      const sum = (((x + y) | 0) + count) | 0;
      count = (count + 1) | 0;
      x = y ^ (y >>> 9);
      y = (z + (z << 3)) | 0;
      z = (((z << 21) | (z >>> 11)) + sum) | 0;
      bits[place] = sum >>> 0;
    }
    a = x;
    b = y;
    c = z;
    counter = count;
  };
  return { next, int, fill };
}

/**
 * A stable positive 31-bit seed of what it is for, for instance (run seed, stage, question id, sample): inference servers take no
 * larger ones. Parts are kept apart, so that ('a', 'bc') and ('ab', 'c') differ.
 */
export function seedFor(...parts: (string | number)[]): number {
  const name = parts.map((part) => `${String(part).length}:${part}`).join(',');
  return (digest(name) % 0x7fffffff) + 1;
}

/** A stable 53-bit hash of a text (cyrb53). Not cryptographic; two of a million texts collide with a probability of about 5e-5. */
export function digest(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return 0x100000000 * (low & 0x1fffff) + (high >>> 0);
}

/** A shuffled copy (Fisher-Yates). */
export function shuffle<T>(items: Iterable<T>, random: Random): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = random.int(last + 1);
    const kept = shuffled[last]!;
    shuffled[last] = shuffled[other]!;
    shuffled[other] = kept;
  }
  return shuffled;
}

/** One round of splitmix32: spreads neighbouring seeds over all 32 bits. */
function mix(seed: number): number {
  let bits = seed | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) | 0;
}
