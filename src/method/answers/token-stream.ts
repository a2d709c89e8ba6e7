import { isMark, type Token, Unreadable } from './tokens.ts';

const MAX_DEPTH = 60;
const OPENING = new Set(['(', '[', '\\{', '<<', '{', 'lfloor', 'lceil']);
const CLOSING = new Set([')', ']', '\\}', '>>', '}', 'rfloor', 'rceil']);

/** Tokens, and how far they have been read. */
export class TokenStream {
  protected depth: number;
  #position = 0;
  readonly #tokens: Token[];

  constructor(tokens: readonly Token[], depth = 0) {
    this.#tokens = [...tokens];
    this.depth = depth;
  }

  end(): void {
    if (this.#position < this.#tokens.length) throw new Unreadable('more than one answer');
  }

  protected peek(): Token | undefined {
    return this.#tokens[this.#position];
  }

  protected ahead(count: number): Token[] {
    return this.#tokens.slice(this.#position, this.#position + count);
  }

  protected peekMark(): string | null {
    const token = this.peek();
    return token?.kind === 'mark' ? token.name : null;
  }

  protected skip(count = 1): void {
    this.#position += count;
  }

  /** Puts another token in the place of the next one. */
  protected replace(token: Token): void {
    this.#tokens[this.#position] = token;
  }

  /** Does the work, or where it gives null, leaves everything as it was. */
  protected attempt<T>(work: () => T | null): T | null {
    const [position, tokens] = [this.#position, [...this.#tokens]];
    const result = work();
    if (result === null) {
      this.#position = position;
      this.#tokens.splice(0, this.#tokens.length, ...tokens);
    }
    return result;
  }

  /** Whether such a mark comes after the next token. */
  protected isAhead(mark: string): boolean {
    return this.#tokens.some((token, index) => index > this.#position && isMark(token, mark));
  }

  protected take(mark: string): boolean {
    if (this.peekMark() !== mark) return false;
    this.skip();
    return true;
  }

  protected expect(mark: string): void {
    if (!this.take(mark)) throw new Unreadable(`no ${mark}`);
  }

  protected nested<T>(work: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new Unreadable('nested too deep');
    const result = work();
    this.depth--;
    return result;
  }

  /** Whether the bracket that opens here holds a separator of its own, so that it is a tuple and no group. */
  protected holdsSeparator(): boolean {
    return this.#holds((mark) => mark === ',' || mark === ';');
  }

  /** Whether the braces that have just been opened hold `x | x > 0` or `x : x > 0`. */
  protected holdsBuilder(): boolean {
    let bars = 0;
    this.#position--;
    const colon = this.#holds((mark) => {
      if (mark === '|') bars++;
      return mark === ':';
    });
    this.#position++;
    return colon || bars % 2 === 1;
  }

  #holds(found: (mark: string) => boolean): boolean {
    let depth = 0;
    for (let index = this.#position; index < this.#tokens.length; index++) {
      const token = this.#tokens[index]!;
      if (token.kind !== 'mark') continue;
      if (OPENING.has(token.name)) depth++;
      else if (CLOSING.has(token.name)) depth--;
      else if (depth === 1 && found(token.name)) return true;
      if (depth === 0) return false;
    }
    return false;
  }
}
