import { type FileHandle, open } from 'node:fs/promises';
import type { EngineEvent } from '../support/engine-server.ts';

/** The engine's log, read on as it grows. */
export class EngineLog {
  readonly events: EngineEvent[] = [];
  answers = 0;
  /** Rows that are being generated, with their tokens. */
  readonly inFlight = new Map<string, number>();
  /** Completion tokens of all answers, and of those that were given before. */
  tokens = 0;
  answeredTwice = 0;
  /** Completion tokens, or their share, of what was given up before it was answered. */
  inFlightLost = 0;
  readonly #file: FileHandle;
  readonly #answered = new Set<string>();
  #rest = '';

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<EngineLog> {
    return new EngineLog(await open(path, 'a+'));
  }

  async read(): Promise<void> {
    const chunk = Buffer.alloc(1 << 16);
    for (;;) {
      const { bytesRead } = await this.#file.read(chunk);
      if (bytesRead === 0) return;
      const lines = (this.#rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.#see(line);
    }
  }

  /** The engine was killed: what it had in flight is lost, and nothing in its log says so. */
  died(): void {
    for (const tokens of this.inFlight.values()) this.inFlightLost += tokens;
    this.inFlight.clear();
    this.#rest = '';
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #see(line: string): void {
    const [at, what, row, count] = line.split('\t') as [string, EngineEvent['what'], string, string];
    const tokens = Number(count);
    this.events.push({ at: Number(at), what, row, tokens });
    if (what === 'begun') return void this.inFlight.set(row, tokens);
    this.inFlight.delete(row);
    if (what === 'abandoned') {
      this.inFlightLost += tokens;
      return;
    }
    this.answers++;
    this.tokens += tokens;
    if (this.#answered.has(row)) this.answeredTwice += tokens;
    this.#answered.add(row);
  }
}
