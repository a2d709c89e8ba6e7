import { Decimal } from 'decimal.js';
import type { Budget } from './budget.ts';
import type { Rational } from './rational.ts';

/** A complex number, known to an absolute error of at most 10^error. `im` is null for a real one. */
export interface Value {
  re: Decimal;
  im: Decimal | null;
  error: number;
}

/** Has no value here: a division by 0, the logarithm of 0, or a function that isn't defined at such a number. */
export class Undefined extends Error {}

/** Larger magnitudes than 10^(+-LIMIT) are not computed. */
const LIMIT = 100_000;
/** Angles beyond this lose their digits. */
const LARGEST_ANGLE = 1e12;

/** Relative costs, in units of roughly a microsecond. */
const COST = { simple: 2, root: 20, transcendental: 130 };

/** Complex arithmetic to so many digits that says how far its results can be off. */
export class Arithmetic {
  /** The largest absolute decimal exponent of a result so far. */
  extent = 0;
  #e: Value | null = null;
  readonly #digits: number;
  readonly #decimal: typeof Decimal;
  readonly #budget: Budget;
  /** How much dearer than with 30 digits. */
  readonly #factor: number;

  constructor(digits: number, budget: Budget) {
    this.#digits = digits;
    this.#decimal = Decimal.clone({ precision: digits, toExpPos: 40, toExpNeg: -40 });
    this.#budget = budget;
    this.#factor = Math.max(1, (digits / 30) ** 1.5);
  }

  rational({ numerator, denominator }: Rational): Value {
    this.#spend(COST.simple + numerator.toString(16).length / 50);
    const exact = new this.#decimal(numerator.toString());
    if (denominator === 1n) return this.#value(exact, null, this.#ulp(exact));
    const value = exact.div(denominator.toString());
    return this.#value(value, null, this.#ulp(value));
  }

  number(value: number | string): Value {
    const re = new this.#decimal(value);
    return { re, im: null, error: this.#ulp(re) };
  }

  pi(): Value {
    return this.number(this.#decimal.acos(-1).toString());
  }

  /** Euler's number. */
  e(): Value {
    this.#e ??= this.exp(this.number(1));
    return this.#e;
  }

  imaginaryUnit(): Value {
    return { re: new this.#decimal(0), im: new this.#decimal(1), error: Number.NEGATIVE_INFINITY };
  }

  negate(a: Value): Value {
    return { re: a.re.neg(), im: a.im?.neg() ?? null, error: a.error };
  }

  add(a: Value, b: Value): Value {
    this.#spend(COST.simple);
    const re = a.re.plus(b.re);
    const im = a.im || b.im ? this.#im(a).plus(this.#im(b)) : null;
    return this.#value(re, im, sumOfErrors(a.error, b.error, this.#ulp(re), im ? this.#ulp(im) : -Infinity));
  }

  subtract(a: Value, b: Value): Value {
    return this.add(a, this.negate(b));
  }

  multiply(a: Value, b: Value): Value {
    this.#spend(2 * COST.simple);
    const errors = [a.error + this.magnitude(b), b.error + this.magnitude(a), a.error + b.error];
    if (!a.im && !b.im) {
      const re = a.re.times(b.re);
      return this.#value(re, null, sumOfErrors(...errors, this.#ulp(re)));
    }
    const [ai, bi] = [this.#im(a), this.#im(b)];
    const re = a.re.times(b.re).minus(ai.times(bi));
    const im = a.re.times(bi).plus(ai.times(b.re));
    return this.#value(re, im, sumOfErrors(...errors, this.magnitude(a) + this.magnitude(b) - this.#digits));
  }

  divide(a: Value, b: Value): Value {
    this.#spend(3 * COST.simple);
    if (this.isZero(b)) throw new Undefined();
    const size = this.magnitude(b);
    const errors = [a.error - size, b.error + this.magnitude(a) - 2 * size];
    if (!a.im && !b.im) {
      const re = a.re.div(b.re);
      return this.#value(re, null, sumOfErrors(...errors, this.#ulp(re)));
    }
    const [ai, bi] = [this.#im(a), this.#im(b)];
    const norm = b.re.times(b.re).plus(bi.times(bi));
    const re = a.re.times(b.re).plus(ai.times(bi)).div(norm);
    const im = ai.times(b.re).minus(a.re.times(bi)).div(norm);
    return this.#value(re, im, sumOfErrors(...errors, this.magnitude(a) - size - this.#digits));
  }

  /** The principal power; a real one where the base is positive, or the exponent an integer. */
  power(a: Value, b: Value): Value {
    if (!b.im && b.re.isInteger() && b.re.abs().lt(LIMIT)) return this.#integerPower(a, b.re.toNumber());
    if (this.isZero(a)) {
      if (!b.im && b.re.gt(0)) return this.number(0);
      throw new Undefined();
    }
    return this.exp(this.multiply(b, this.ln(a)));
  }

  #integerPower(a: Value, exponent: number): Value {
    if (exponent < 0) return this.divide(this.number(1), this.#integerPower(a, -exponent));
    let result = this.number(1);
    for (let bits = exponent, square = a; bits > 0; bits = Math.floor(bits / 2)) {
      if (bits % 2 === 1) result = this.multiply(result, square);
      if (bits > 1) square = this.multiply(square, square);
    }
    return result;
  }

  sqrt(a: Value): Value {
    this.#spend(COST.root);
    if (!a.im) {
      const root = a.re.abs().sqrt();
      const error = this.isZero(a) ? a.error / 2 : sumOfErrors(a.error - this.magnitude(a) / 2, this.#ulp(root));
      return a.re.lt(0) ? this.#value(new this.#decimal(0), root, error) : this.#value(root, null, error);
    }
    const size = this.#abs(a);
    const re = size.plus(a.re).div(2).abs().sqrt();
    const im = size.minus(a.re).div(2).abs().sqrt();
    const error = Math.max(a.error, this.magnitude(a) - this.#digits) - this.magnitude(a) / 2 + 1;
    return this.#value(re, a.im.lt(0) ? im.neg() : im, error);
  }

  /** The n-th root; of a negative number the real one where n is odd, as school has it. */
  root(a: Value, n: number): Value {
    if (n === 2) return this.sqrt(a);
    if (!a.im && a.re.lt(0) && n % 2 === 1) return this.negate(this.root(this.negate(a), n));
    return this.power(a, this.divide(this.number(1), this.number(n)));
  }

  exp(a: Value): Value {
    this.#spend(COST.transcendental);
    if (a.re.abs().gt(LIMIT)) throw new Undefined();
    const size = a.re.exp();
    const error = sumOfErrors(this.#ulp(size), a.error + this.#exponent(size)) + 1;
    if (!a.im) return this.#value(size, null, error);
    const angle = this.#angle(a.im);
    return this.#value(size.times(angle.cos()), size.times(angle.sin()), error);
  }

  ln(a: Value): Value {
    this.#spend(COST.transcendental);
    if (this.isZero(a)) throw new Undefined();
    const error = a.error - this.magnitude(a) + 1;
    if (!a.im && a.re.gt(0)) {
      const re = a.re.ln();
      return this.#value(re, null, sumOfErrors(error, this.#ulp(re)));
    }
    this.#spend(COST.transcendental);
    const re = this.#abs(a).ln();
    const im = this.#decimal.atan2(this.#im(a), a.re);
    return this.#value(re, im, sumOfErrors(error, this.#ulp(re), this.#ulp(im)));
  }

  sin(a: Value): Value {
    return this.#circular(a, (angle) => angle.sin());
  }

  cos(a: Value): Value {
    return this.#circular(a, (angle) => angle.cos());
  }

  asin(a: Value): Value {
    return this.#inverse(a, (x) => x.asin());
  }

  acos(a: Value): Value {
    return this.#inverse(a, (x) => x.acos());
  }

  atan(a: Value): Value {
    this.#spend(2 * COST.transcendental);
    if (a.im) throw new Undefined();
    const re = a.re.atan();
    return this.#value(re, null, sumOfErrors(a.error, this.#ulp(re)));
  }

  abs(a: Value): Value {
    if (!a.im) return { ...a, re: a.re.abs() };
    this.#spend(COST.root);
    const re = this.#abs(a);
    return this.#value(re, null, sumOfErrors(a.error, this.#ulp(re)));
  }

  /** Floor of a real number; undefined where the error leaves two. */
  floor(a: Value): Value {
    if (a.im) throw new Undefined();
    const nearest = a.re.round();
    const re = this.#withinError(a.re.minus(nearest), a.error) ? nearest : a.re.floor();
    return this.#value(re, null, Number.NEGATIVE_INFINITY);
  }

  /** Whether it can't be told from 0. */
  isZero(a: Value): boolean {
    return this.#withinError(a.re, a.error) && (!a.im || this.#withinError(a.im, a.error));
  }

  isReal(a: Value): boolean {
    return !a.im || this.#withinError(a.im, a.error);
  }

  /** Decimal exponent: about log10 of the absolute value, at most one too large; of 0 the exponent of its error. */
  magnitude(a: Value): number {
    const re = this.#exponent(a.re);
    const im = a.im ? this.#exponent(a.im) : Number.NEGATIVE_INFINITY;
    return Math.max(re, im, a.error) + 1;
  }

  #spend(cost: number): void {
    this.#budget.spend(cost * this.#factor);
  }

  #circular(a: Value, of: (angle: Decimal) => Decimal): Value {
    if (a.im) throw new Undefined();
    this.#spend(COST.transcendental);
    const re = of(this.#angle(a.re));
    const rounding = a.re.abs().lt(1) ? this.#ulp(re) : -this.#digits;
    return this.#value(re, null, sumOfErrors(a.error, rounding) + 1);
  }

  #inverse(a: Value, of: (x: Decimal) => Decimal): Value {
    this.#spend(3 * COST.transcendental);
    if (a.im) throw new Undefined();
    const beyond = a.re.abs().minus(1);
    if (beyond.gt(0) && !this.#withinError(beyond, a.error)) throw new Undefined();
    const edge = beyond.abs().lt(1e-20);
    const re = of(beyond.gt(0) ? new this.#decimal(a.re.s) : a.re);
    // Near 1 the slope is without bound: half of the digits are lost there.
    const error = sumOfErrors(a.error, -this.#digits);
    return this.#value(re, null, (edge ? error / 2 : error + 11) + 1);
  }

  #angle(angle: Decimal): Decimal {
    if (angle.abs().gt(LARGEST_ANGLE)) throw new Undefined();
    return angle;
  }

  #abs(a: Value): Decimal {
    const im = this.#im(a);
    return a.re.times(a.re).plus(im.times(im)).sqrt();
  }

  #im(a: Value): Decimal {
    return a.im ?? new this.#decimal(0);
  }

  #value(re: Decimal, im: Decimal | null, error: number): Value {
    if (!this.#withinError(re, error)) this.extent = Math.max(this.extent, Math.abs(re.e));
    if (!re.isFinite() || (im && !im.isFinite()) || this.#exponent(re) > LIMIT) throw new Undefined();
    return { re, im: im && (im.isZero() || this.#withinError(im, error)) ? null : im, error };
  }

  #withinError(x: Decimal, error: number): boolean {
    return x.isZero() || this.#exponent(x) <= error;
  }

  #exponent(x: Decimal): number {
    return x.isZero() ? Number.NEGATIVE_INFINITY : x.e;
  }

  #ulp(x: Decimal): number {
    return this.#exponent(x) - this.#digits + 1;
  }
}

/** Exponent of the sum of errors that are given by their exponents. */
function sumOfErrors(...errors: number[]): number {
  const largest = Math.max(...errors);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  return largest + Math.log10(errors.reduce((sum, error) => sum + 10 ** (error - largest), 0));
}
