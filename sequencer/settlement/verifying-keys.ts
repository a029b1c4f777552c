import type { Clock } from '../clock.ts';
import type { KeyLifetime, SettlementChain } from './chain-port.ts';
import type { BatchSize } from './planner.ts';

/** How long a look at the keys is good for: they change with long notice. */
const REFRESH_EVERY_MS = 10_000;

/** Which circuit sizes may be planned with: those whose verifying key the finalized chain shows active, and not about to retire. */
export class VerifyingKeys {
  readonly #chain: SettlementChain;
  readonly #clock: Clock;
  #shown: ReadonlyMap<number, KeyLifetime> = new Map();
  #slot = 0n;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: { chain: SettlementChain; clock: Clock }) {
    this.#chain = options.chain;
    this.#clock = options.clock;
  }

  /**
   * The sizes whose key is active now and for at least `exitDelaySlots` more: a batch has that long to land.
   * `CHAIN_UNREACHABLE` if the last look is too old and a new one fails.
   */
  async usable<T extends BatchSize>(sizes: readonly T[], exitDelaySlots: bigint): Promise<T[]> {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#refreshedAtMs >= REFRESH_EVERY_MS) {
      const { slot, keys } = await this.#chain.verifyingKeys(sizes.map(({ vkId }) => vkId));
      // Whatever its slot: one that a node made up must not keep out all later answers.
      this.#shown = keys;
      this.#slot = slot;
      this.#refreshedAtMs = nowMs;
    }
    return sizes.filter(({ vkId }) => {
      const key = this.#shown.get(vkId);
      return key && key.activeFromSlot <= this.#slot && key.retiredFromSlot > this.#slot + exitDelaySlots;
    });
  }

  /** Makes the next question look at the chain again. */
  forget(): void {
    this.#refreshedAtMs = Number.NEGATIVE_INFINITY;
  }
}
