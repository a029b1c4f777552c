import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ObservedBet } from '../verifier/fairness/fairness.ts';

/** Whatever the machine: the same seed gives the same bets, in the same order, on one core and on many. */
const HOUSES = 4;
const BLOCK_BETS = 1_000;
/** Blocks that a house may be ahead of the reader. */
const BLOCKS_AHEAD = 4;

/** What a thread is started with: one of the simulated houses. */
export interface SimulatedHouse {
  bets: number;
  seed: number;
  blockBets: number;
  native: boolean;
}

/** Bets as they pass between threads, an element each: objects would cost as much as the betting. */
export interface PackedBets {
  vaults: Uint16Array<ArrayBuffer>;
  /** Outcome, and twice the choice. */
  sides: Uint8Array<ArrayBuffer>;
  stakes: BigUint64Array<ArrayBuffer>;
}

/** Vaults of a simulated house are named by their numbers, which fit 16 bits. */
export function packBets(bets: readonly ObservedBet[]): PackedBets {
  return {
    vaults: Uint16Array.from(bets, ({ vault }) => Number(vault)),
    sides: Uint8Array.from(bets, ({ outcome, choice }) => outcome + 2 * choice),
    stakes: BigUint64Array.from(bets, ({ stakeUnits }) => stakeUnits),
  };
}

/**
 * Bets of four simulated houses, each in a thread of its own, in blocks taken in turn; about a fourth of each and `bets` in all. With
 * `native`, in the kernel in Rust; otherwise in the portable one, some ten times slower, of the same results. `seed` is a whole number
 * below 2^50.
 */
export async function* simulateInThreads(input: {
  bets: number;
  seed: number;
  native: boolean;
}): AsyncGenerator<ObservedBet[], void> {
  const houses = Array.from({ length: HOUSES }, (_, house) => {
    const bets = Math.floor(input.bets / HOUSES) + (house < input.bets % HOUSES ? 1 : 0);
    const seed = HOUSES * input.seed + house;
    return new HouseThread({ bets, seed, blockBets: BLOCK_BETS, native: input.native });
  });
  try {
    for (let left = input.bets; left > 0; ) {
      for (const [house, thread] of houses.entries()) {
        const packed = await thread.next();
        left -= packed.sides.length;
        if (packed.sides.length > 0) yield unpackBets(packed, house);
      }
    }
  } finally {
    await Promise.all(houses.map((thread) => thread.stop()));
  }
}

function unpackBets({ vaults, sides, stakes }: PackedBets, house: number): ObservedBet[] {
  return Array.from(sides, (side, index) => ({
    vault: `${house}/${vaults[index]}`,
    outcome: side % 2 === 1 ? 1 : 0,
    choice: side >= 2 ? 1 : 0,
    stakeUnits: stakes[index] as bigint,
  }));
}

class HouseThread {
  readonly #worker: Worker;
  readonly #blocks: PackedBets[] = [];
  #failure: Error | undefined;

  constructor(house: SimulatedHouse) {
    this.#worker = new Worker(new URL('./fairness-worker.ts', import.meta.url), { workerData: house });
    this.#worker.on('message', (block: PackedBets) => this.#blocks.push(block));
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    for (let block = 0; block < BLOCKS_AHEAD; block += 1) this.#worker.postMessage('next');
  }

  /** The next block, empty once all bets have been made; rejects if the thread failed. */
  async next(): Promise<PackedBets> {
    while (this.#blocks.length === 0) {
      if (this.#failure) throw this.#failure;
      // Rejects on an error of the thread.
      await once(this.#worker, 'message');
    }
    this.#worker.postMessage('next');
    return this.#blocks.shift() as PackedBets;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
