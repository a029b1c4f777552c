import type { Logger } from 'pino';
import type { VerifyingKey } from '../../program/client/index.ts';
import type { ChainReader } from '../chain/reader.ts';
import { messageOf } from '../errors.ts';
import { takesDevelopmentKeys } from './house-setup.ts';

/** Keys change with long notice. */
const LOOK_EVERY_MS = 30_000;

/** The verifying keys that the house has on chain, whoever added or retired them, looked at every so often. */
export class HouseKeys {
  readonly #o: { reader: Pick<ChainReader, 'verifyingKeys'>; log: Logger; everyMs: number };
  #keys: readonly VerifyingKey[];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  /** `keys`: as of the start. */
  constructor(options: {
    reader: Pick<ChainReader, 'verifyingKeys'>;
    keys: readonly VerifyingKey[];
    log: Logger;
    everyMs?: number;
  }) {
    const { reader, log, everyMs = LOOK_EVERY_MS } = options;
    this.#o = { reader, log, everyMs };
    this.#keys = inOrder(options.keys);
  }

  /** As last seen, by id. */
  get all(): readonly VerifyingKey[] {
    return this.#keys;
  }

  /** Whether the house, at a finalized slot, takes proofs under a key whose secret is public. */
  takesDevelopmentKeys(slot: bigint): boolean {
    return takesDevelopmentKeys(this.#keys, slot);
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.start());
    }, this.#o.everyMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const keys = await this.#o.reader.verifyingKeys();
      // Accounts of keys never go away: an answer with fewer is that of a node which is behind.
      if (keys.length >= this.#keys.length) this.#keys = inOrder(keys);
    } catch (error) {
      this.#o.log.warn({ reason: messageOf(error) }, "the house's verifying keys could not be read");
    }
  }
}

const inOrder = (keys: readonly VerifyingKey[]) => keys.toSorted((a, b) => a.id - b.id);
