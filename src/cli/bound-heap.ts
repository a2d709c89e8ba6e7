import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Importing this before anything else keeps the heap of the process near what is alive in it, so that a worker needs the same memory
 * however long it works. V8 would let it grow to several times that where the machine has memory, which a worker shares with engines.
 */

/** Of the old generation, beyond what is alive and the size of the young one. */
const OLD_GROWS_BY = '--heap-growing-percent=25';
/** Of the young generation, for what is short-lived. V8's own is four times as much, and is reached within seconds. */
const YOUNG_BYTES = 8 * 1024 * 1024;
/** Several times what it takes to get there. */
const ROUNDS = 200;
/** V8 makes it small again in a process that has nothing to do, and forgets the factor with every thread that starts. */
const LOOK_EVERY_MS = 100;

const young = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? YOUNG_BYTES;

/** Less than asked for where V8 gives no more, as it does in a container of 512 MB. */
let youngBytes = YOUNG_BYTES;

/** V8 takes its size on the command line only. But it asks for a factor before each growth, and grows when more survives than there is room for. */
function holdYoung(): void {
  if (young() < youngBytes) {
    setFlagsFromString('--semi-space-growth-factor=2');
    let alive: object[] = [];
    for (let round = 0; round < ROUNDS && young() < youngBytes; round++) {
      if (round % 100 === 0) alive = [];
      for (let more = 0; more < 2_000; more++) alive.push({ more });
    }
    youngBytes = Math.min(youngBytes, young());
  }
  setFlagsFromString('--semi-space-growth-factor=1');
}

setFlagsFromString(OLD_GROWS_BY);
holdYoung();
setInterval(holdYoung, LOOK_EVERY_MS).unref();
