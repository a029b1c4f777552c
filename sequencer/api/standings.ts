import type { Address } from '@solana/kit';
import type { VaultBook } from '../admission/book.ts';
import type { VaultState } from '../admission/vault-state.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { BatchColumns } from '../ledger/lists.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BetRecord, VoidRecord } from '../ledger/records.ts';
import type { BetStanding } from './json.ts';

/** Bets of a vault that are in one batch, or in none. */
interface Stretch {
  first: bigint;
  last: bigint;
  batch: BatchColumns | undefined;
}

interface Known {
  state: VaultState;
  voided: VoidRecord | undefined;
  stretch: Stretch | undefined;
}

/**
 * How far bets are, for one answer: who looks at a vault's bets downwards asks the ledger once a run, not once a bet. Not to be kept: it
 * does not see what happens later.
 */
export class Standings {
  readonly #read: LedgerReader;
  readonly #book: VaultBook;
  readonly #vaults = new Map<Address, Known | undefined>();
  readonly #batches = new Map<bigint, BatchColumns | undefined>();

  constructor(parts: { read: LedgerReader; book: VaultBook }) {
    this.#read = parts.read;
    this.#book = parts.book;
  }

  /** Undefined for a bet of a vault that the chain has not shown yet: it is nobody's. */
  of(bet: BetRecord): { vault: VaultState; standing: BetStanding & { batch: BatchColumns | undefined } } | undefined {
    const known = this.#vault(addressOf(bet.vault));
    if (!known) return undefined;
    const { state, stretch, voided } = known;
    if (!stretch || bet.betNumber < stretch.first || bet.betNumber > stretch.last) known.stretch = this.#stretchOf(bet);
    return { vault: state, standing: { batch: known.stretch?.batch, quarantine: state.quarantine, voided } };
  }

  #vault(address: Address): Known | undefined {
    if (!this.#vaults.has(address)) {
      const state = this.#book.byAddress(address);
      // What memory does not know of is not in the ledger either; what it knows of may not be durable yet.
      const voided = state?.voided && this.#read.voided(state.context.vault);
      this.#vaults.set(address, state && { state, voided, stretch: undefined });
    }
    return this.#vaults.get(address);
  }

  #stretchOf({ vault, betNumber }: BetRecord): Stretch {
    const found = this.#read.lists.runBefore(vault, betNumber);
    if (!found) return { first: 1n, last: betNumber, batch: undefined };
    const { firstBet, betCount } = found.run;
    const last = firstBet + BigInt(betCount) - 1n;
    if (betNumber > last) return { first: last + 1n, last: betNumber, batch: undefined };
    return { first: firstBet, last, batch: this.#batch(found.batchNumber) };
  }

  #batch(batchNumber: bigint): BatchColumns | undefined {
    if (!this.#batches.has(batchNumber)) this.#batches.set(batchNumber, this.#read.lists.batch(batchNumber));
    return this.#batches.get(batchNumber);
  }
}
