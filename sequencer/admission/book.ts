import type { Address } from '@solana/kit';
import { accountIdOf } from '../../protocol/account.ts';
import { fieldToBytes } from '../../protocol/field.ts';
import type { ChainView, HouseView, VaultView } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { BetRecord, LedgerEntry, VaultRecord, VoidRecord } from '../ledger/records.ts';
import type { TermsBook } from './seeds.ts';
import { type VaultChange, vaultChanges } from './vault-changes.ts';
import { newVaultRecord, type OpenBet, VaultState } from './vault-state.ts';

/** All vaults of the house, kept in step with the chain, and what the house has at stake in open bets. */
export class VaultBook {
  readonly #ledger: LedgerPort;
  readonly #terms: TermsBook;
  readonly #domain: bigint;
  readonly #houseBytes: Uint8Array;
  readonly #onChange: (vault: VaultState, change: VaultChange) => void;
  readonly #byOwner = new Map<Address, VaultState>();
  readonly #byAddress = new Map<Address, VaultState>();
  #view: ChainView | undefined;
  /** When each commitment's slot was first seen. */
  readonly #movedAtMs = { finalized: 0, confirmed: 0 };
  #exposure = 0n;
  #openBets = 0;
  #heldBets = 0;

  /** `onChange` hears of what happened to the vaults' money on chain, once what it did to the ledger is durable. */
  constructor(options: {
    ledger: LedgerPort;
    terms: TermsBook;
    domain: bigint;
    house: Address;
    onChange?(vault: VaultState, change: VaultChange): void;
  }) {
    this.#ledger = options.ledger;
    this.#terms = options.terms;
    this.#domain = options.domain;
    this.#houseBytes = addressBytes(options.house);
    this.#onChange = options.onChange ?? (() => {});
  }

  /** The newest look at the chain; undefined before the first. */
  get view(): ChainView | undefined {
    return this.#view;
  }

  /** Acknowledged bets that the finalized chain has not settled. */
  get openBets(): number {
    return this.#openBets;
  }

  /** Those that wait for settlement, at the last look: what quarantine holds is left out, for no proof is spent on it. */
  get waitingBets(): number {
    return this.#openBets - this.#heldBets;
  }

  /** The most that all open bets together could cost the house, in base units: its own open gains count nothing. */
  get exposure(): bigint {
    return this.#exposure;
  }

  byOwner(owner: Address): VaultState | undefined {
    return this.#byOwner.get(owner);
  }

  byAddress(vault: Address): VaultState | undefined {
    return this.#byAddress.get(vault);
  }

  all(): Iterable<VaultState> {
    return this.#byAddress.values();
  }

  /**
   * What the house can still lose, in base units, by its finalized balance. What it may take out at any moment counts as gone: its own
   * request, once that can be paid and until it has lapsed; and what challenges reserve, at first sight.
   */
  bankroll({ finalized, confirmed }: ChainView): bigint {
    const { balance } = finalized.house;
    const reserved = larger(finalized.house.reserved, confirmed.house.reserved);
    const asked = larger(payableRequest(finalized.house, confirmed.slot), payableRequest(confirmed.house, confirmed.slot));
    return balance - asked - reserved - this.#exposure;
  }

  /**
   * Takes a newer look at the chain; one that goes back, in either commitment, is ignored, and one that stands still is as old as the
   * first that showed the same slots. Resolves when what it changed is durable. `LEDGER_STALE` if the
   * chain is ahead of the ledger.
   */
  async observe(view: ChainView): Promise<void> {
    const before = this.#view;
    const goesBack = before && (view.finalized.slot < before.finalized.slot || view.confirmed.slot < before.confirmed.slot);
    if (goesBack || view.confirmed.slot < view.finalized.slot) return;
    const entries: LedgerEntry[] = [];
    const changes: { vault: VaultState; change: VaultChange }[] = [];
    const fresh: { record: VaultRecord; view: VaultView }[] = [];
    for (const vault of view.finalized.vaults.values()) {
      const known = this.#byAddress.get(vault.address);
      if (known) {
        const seen = { finalized: known.finalized, confirmed: known.confirmed };
        entries.push(...this.#settle(known, vault, view));
        for (const change of vaultChanges(seen, known)) changes.push({ vault: known, change });
      } else fresh.push({ record: this.#recordOf(vault, entries), view: vault });
    }
    this.#view = this.#dated(view, before);
    if (entries.length > 0) await this.#ledger.commit(entries);
    const late = fresh.flatMap((one) => this.#register(one.record, one.view, view));
    if (late.length > 0) await this.#ledger.commit(late);
    this.#heldBets = [...this.#byAddress.values()].reduce((sum, vault) => sum + heldBetsOf(vault), 0);
    for (const { vault, change } of changes) this.#onChange(vault, change);
  }

  /** A look that is as old as the commitment which has stood still the longer. */
  #dated(view: ChainView, before: ChainView | undefined): ChainView {
    if (view.finalized.slot !== before?.finalized.slot) this.#movedAtMs.finalized = view.observedAtMs;
    if (view.confirmed.slot !== before?.confirmed.slot) this.#movedAtMs.confirmed = view.observedAtMs;
    return { ...view, observedAtMs: Math.min(this.#movedAtMs.finalized, this.#movedAtMs.confirmed) };
  }

  /** Counts an admitted bet. */
  admitted(open: OpenBet): void {
    this.#exposure += open.maxProfit;
    this.#openBets += 1;
  }

  /** The largest profit of a bet, in base units. */
  maxProfit(bet: Pick<BetRecord, 'termsId' | 'stakeUnits'>): bigint {
    const terms = this.#terms.get(bet.termsId);
    if (!terms) throw new CasinoError('CHAIN_MISMATCH', `a bet names terms ${bet.termsId}, which are unknown`);
    return bet.stakeUnits * BigInt(terms.profitBps);
  }

  #recordOf(vault: VaultView, entries: LedgerEntry[]): VaultRecord {
    const bytes = addressBytes(vault.address);
    const stored = this.#ledger.read.vault(bytes);
    if (stored) return stored;
    if (vault.accountId !== accountIdOf({ domain: this.#domain, vault: bytes })) {
      throw new CasinoError('CHAIN_MISMATCH', `vault ${vault.address} was opened for another cluster`);
    }
    if (vault.lastBet > 0n) {
      throw new CasinoError('LEDGER_STALE', `the chain has settled bets of ${vault.address}, the ledger has none`);
    }
    const record = newVaultRecord(vault, fieldToBytes(vault.accountId));
    entries.push({ kind: 'vault', vault: record });
    return record;
  }

  #register(record: VaultRecord, vault: VaultView, view: ChainView): LedgerEntry[] {
    const context = { domain: this.#domain, house: this.#houseBytes, vault: record.vault };
    const read = this.#ledger.read;
    const state = new VaultState({ record, context, view: vault, read, maxProfit: (bet) => this.maxProfit(bet) });
    for (const open of state.openBets) this.admitted(open);
    const entries = this.#settle(state, vault, view);
    this.#byAddress.set(state.address, state);
    this.#byOwner.set(state.owner, state);
    return entries;
  }

  #settle(state: VaultState, vault: VaultView, view: ChainView): LedgerEntry[] {
    const settled = state.observe(vault, view.confirmed.vaults.get(vault.address) ?? vault);
    const ended = state.voidAfterExit(view.finalized.slot);
    for (const open of [...settled, ...ended]) {
      this.#exposure -= open.maxProfit;
      this.#openBets -= 1;
    }
    const entries: LedgerEntry[] = [];
    if (settled.length > 0) {
      entries.push({ kind: 'settled-through', vault: state.context.vault, betNumber: state.finalizedThrough });
    }
    if (ended.length > 0) entries.push({ kind: 'vault-voided', voided: state.voided as VoidRecord });
    return entries;
  }
}

const heldBetsOf = ({ quarantine, openBets }: VaultState): number => (quarantine ? openBets.length : 0);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** What the house can have paid of its own request in a slot, at the most. */
function payableRequest({ requestAmount, requestSlot, exitDelaySlots }: HouseView, slot: bigint): bigint {
  return slot >= requestSlot && slot <= requestSlot + exitDelaySlots ? requestAmount : 0n;
}
