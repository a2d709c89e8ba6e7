import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/method/rows.ts';
import { Bench } from '../support/bench.ts';
import { allQuestions } from '../support/run-input.ts';
import { temporalAddress } from '../support/temporal.ts';

const bench = Bench.use(() => temporalAddress);

describe('the history of an iteration', () => {
  it('is as long with 5,000 questions as with few', async () => {
    const fake = await bench.fake({ questions: allQuestions(5000) });
    const handle = await bench.start('large', bench.input(fake, { pool: 5000, tested: 600, samples: 1 }));
    const result = await handle.result();
    expect(result.status).toBe('completed');
    expect(await bench.stage<Attempt>('large', 'iteration-1/sample')).toHaveLength(5000);
    const sizes: Record<string, { events: number; bytes: number }> = {};
    for (const id of ['large', 'large/iteration-0', 'large/iteration-1']) {
      const { historyLength = 0, historySize = 0 } = await bench.client.workflow.getHandle(id).describe();
      sizes[id] = { events: historyLength, bytes: historySize };
    }
    // 51 activities of at most 6 events, and a few words to the parent: less where activities end together.
    const events = Object.values(sizes).map(({ events }) => events);
    expect(Math.max(...events), JSON.stringify(sizes)).toBeLessThan(400);
    expect(Math.max(...Object.values(sizes).map(({ bytes }) => bytes))).toBeLessThan(400_000);
    process.stdout.write(`histories: ${JSON.stringify(sizes)}\n`);
  });
});
