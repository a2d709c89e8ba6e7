import type { Chunks, Store } from '../../src/backends/storage/store.ts';

type Step = () => void;

/**
 * Runs several users of one store side by side, one step at a time: each waits before it asks the store for anything, and goes on when
 * it is its turn.
 * @param order whose turn it is; when it is over, or where it is somebody's who has ended, whoever is left goes on
 */
export async function inTurns<T>(
  store: Store,
  order: readonly number[],
  users: readonly ((store: Store) => Promise<T>)[],
): Promise<PromiseSettledResult<T>[]> {
  const waiting = users.map((): Step[] => []);
  const ended = users.map(() => false);
  let changed = () => {};
  const turn = (who: number) =>
    new Promise<void>((resolve) => {
      waiting[who]!.push(resolve);
      changed();
    });
  const runs = users.map((user, who) =>
    user(taught(store, () => turn(who))).finally(() => {
      ended[who] = true;
      changed();
    }),
  );
  const settled = Promise.allSettled(runs);
  const left = () => users.flatMap((_, who) => (ended[who] ? [] : [who]));
  for (let at = 0; left().length > 0; at++) {
    const chosen = order[at] ?? at % users.length;
    const who = ended[chosen] ? left()[0]! : chosen;
    while (waiting[who]!.length === 0 && !ended[who])
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    waiting[who]!.shift()?.();
  }
  return await settled;
}

/** The store, each of whose steps waits for its turn. */
function taught(store: Store, turn: () => Promise<void>): Store {
  const chunked = async function* (chunks: Chunks): Chunks {
    yield* chunks;
    await turn();
  };
  const own: Partial<Store> = {
    write: (key, chunks) => turn().then(() => store.write(key, chunked(chunks))),
    create: (key, chunks) => turn().then(() => store.create(key, chunked(chunks))),
    read: async function* (key, range) {
      await turn();
      yield* store.read(key, range);
    },
    size: (key) => turn().then(() => store.size(key)),
    list: (folder, after) => turn().then(() => store.list(folder, after)),
    remove: (key) => turn().then(() => store.remove(key)),
    journal: (key) => turn().then(() => store.journal(key)),
  };
  return Object.assign(Object.create(store) as Store, own);
}
