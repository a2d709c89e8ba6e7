import { describe, expect, it } from 'vitest';
import { Allowance, Exhausted } from '../../src/activities/allowance.ts';

/** A dollar a token, so that dollars are tokens. */
const PRICE = { prompt: 1e6, completion: 1e6 };
/** 200 tokens for a template and 10 bytes. */
const request = { prompt: '0123456789', n: 1, maxTokens: 90 };
const MOST = 300;

const made = (tokens: number) => async () => ({ promptTokens: 10, completionTokens: tokens - 10 });

describe('an allowance', () => {
  it('is never passed, whatever comes back', async () => {
    const allowance = new Allowance(1000, PRICE);
    let spent = 0;
    let refused = 0;
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const tokens = 20 + ((37 * i) % 80);
        await allowance
          .within(request, async () => {
            await new Promise((resolve) => setTimeout(resolve, i % 5));
            spent += tokens;
            return await made(tokens)();
          })
          .catch((error) => {
            expect(error).toBeInstanceOf(Exhausted);
            refused++;
          });
      }),
    );
    expect(spent).toBeLessThanOrEqual(1000);
    // What is left could not have paid one more in the worst case.
    expect(spent).toBeGreaterThan(1000 - MOST);
    expect(refused).toBeGreaterThan(0);
  });

  it('waits for what is in flight before it gives up', async () => {
    const allowance = new Allowance(MOST + 50, PRICE);
    const order: string[] = [];
    let finish = () => {};
    const first = allowance.within(request, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      order.push('first');
      return await made(20)();
    });
    const second = allowance.within(request, async () => {
      order.push('second');
      return await made(20)();
    });
    finish();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });

  it('gives back what a failed request had reserved', async () => {
    const allowance = new Allowance(MOST, PRICE);
    await expect(allowance.within(request, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await expect(allowance.within(request, made(50))).resolves.toMatchObject({ completionTokens: 40 });
  });

  it('knows what earlier attempts have spent', async () => {
    const allowance = new Allowance(MOST + 99, PRICE);
    allowance.spend({ prompt: 50, completion: 50 });
    await expect(allowance.within(request, made(50))).rejects.toThrow('the cost limit leaves no room');
  });

  it('counts every text of a request for several, and every message of a chat', async () => {
    const several = new Allowance(MOST, PRICE);
    await expect(several.within({ ...request, n: 2 }, made(50))).rejects.toBeInstanceOf(Exhausted);
    const chat = new Allowance(MOST, PRICE);
    const messages = [
      { role: 'system' as const, content: 'x'.repeat(6) },
      { role: 'user' as const, content: '\u00e9'.repeat(3) },
    ];
    await expect(chat.within({ ...request, prompt: messages }, made(50))).rejects.toBeInstanceOf(Exhausted);
  });
});
