import { describe, expect, it } from 'vitest';
import { Follower } from '../../src/activities/follower.ts';

async function* from(...rows: string[]) {
  yield* rows;
}

/** Rows are a letter, which is their key, and a number. */
const following = (...rows: string[]) => new Follower(from(...rows), (row) => row[0]!);

describe('a follower', () => {
  it('gives all rows beside that which they came from, and none beside the others', async () => {
    const follower = following('b1', 'b2', 'd1');
    const taken: string[][] = [];
    for (const key of ['a', 'b', 'c', 'd', 'e']) taken.push(await follower.take(key));
    expect(taken).toEqual([[], ['b1', 'b2'], [], ['d1'], []]);
    await follower.end();
  });

  it('does not let rows in another order pass', async () => {
    const follower = following('b1', 'a1');
    for (const key of ['a', 'b']) await follower.take(key);
    await expect(follower.end()).rejects.toThrow('the row a follows none');
  });
});
