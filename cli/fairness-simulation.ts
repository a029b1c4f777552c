import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ObservedBet } from '../verifier/fairness/fairness.ts';
import type { SimulatedHouse } from './fairness-worker.ts';

/** Whatever the machine: the same seed gives the same bets, in the same order, on one core and on many. */
const HOUSES = 4;
const BLOCK_BETS = 1_000;
/** Blocks that a house may be ahead of the reader. */
const BLOCKS_AHEAD = 4;

/**
 * Bets of four simulated houses, each in a thread of its own, in blocks taken in turn; about `bets / 4` of each and `bets` in all. With
 * `native`, in the kernel in Rust; otherwise in the portable one, some ten times slower, of the same results.
 * `seed` is a whole number below 2^50.
 */
export async function* simulateInThreads(input: {
  bets: number;
  seed: number;
  native: boolean;
}): AsyncGenerator<ObservedBet[], void> {
  const houses = Array.from({ length: HOUSES }, (_, house) => {
    const bets = Math.floor(input.bets / HOUSES) + (house < input.bets % HOUSES ? 1 : 0);
    const seed = HOUSES * input.seed + house;
    return new HouseThread({ bets, seed, house: house + 1, blockBets: BLOCK_BETS, native: input.native });
  });
  try {
    for (let left = input.bets; left > 0; ) {
      for (const house of houses) {
        const block = await house.next();
        left -= block.length;
        if (block.length > 0) yield block;
      }
    }
  } finally {
    await Promise.all(houses.map((house) => house.stop()));
  }
}

class HouseThread {
  readonly #worker: Worker;
  readonly #blocks: ObservedBet[][] = [];
  #failure: Error | undefined;

  constructor(house: SimulatedHouse) {
    this.#worker = new Worker(new URL('./fairness-worker.ts', import.meta.url), { workerData: house });
    this.#worker.on('message', (block: ObservedBet[]) => this.#blocks.push(block));
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    for (let block = 0; block < BLOCKS_AHEAD; block += 1) this.#worker.postMessage('next');
  }

  /** The next block, empty once all bets have been made; rejects if the thread failed. */
  async next(): Promise<ObservedBet[]> {
    while (this.#blocks.length === 0) {
      if (this.#failure) throw this.#failure;
      // Rejects on an error of the worker.
      await once(this.#worker, 'message');
    }
    this.#worker.postMessage('next');
    return this.#blocks.shift() as ObservedBet[];
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
