import type { Address } from '@solana/kit';
import type { Logger } from 'pino';
import type { VaultBook } from '../admission/book.ts';
import type { VaultState } from '../admission/vault-state.ts';
import type { Clock } from '../clock.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { LedgerEntry, QuarantineRecord } from '../ledger/records.ts';
import { deadlineOf } from './deadlines.ts';

/** A held vault is tried again after this long, twice as long after each further failure, and at each start. */
const FIRST_RETRY_MS = 5 * 60_000;
const MAX_RETRY_MS = 6 * 3_600_000;
/** No retry is further off than this part of the exit delay: a vault that waits for longer leaves by force, with its bets void. */
const RETRIES_PER_EXIT_DELAY = 8;
/** With a deadline that is within this part of the exit delay ... */
const URGENT_PART = 4n;
/** ... a held vault is tried this often in an exit delay. */
const URGENT_RETRIES_PER_EXIT_DELAY = 32;

/** One vault's bets that can not be settled, and why. */
export interface Culprit {
  vault: Address;
  reason: string;
  /** Its first bet that is in no batch. */
  firstBet: bigint;
}

/**
 * Vaults whose bets can not be settled for now: held as `Failed`, owed and visible, so that all others go on. Durable; a held vault's
 * new bets have to wait, and it is free again once its first held bet is final on chain, or has been voided.
 */
export class Quarantine {
  readonly #ledger: LedgerPort;
  readonly #book: VaultBook;
  readonly #clock: Clock;
  readonly #slotMs: number;
  readonly #log: Logger;
  /** When a held vault was last tried by this process. */
  readonly #triedAtMs = new Map<Address, number>();

  constructor(options: { ledger: LedgerPort; book: VaultBook; clock: Clock; slotMs: number; log: Logger }) {
    this.#ledger = options.ledger;
    this.#book = options.book;
    this.#clock = options.clock;
    this.#slotMs = options.slotMs;
    this.#log = options.log;
  }

  get held(): VaultState[] {
    return [...this.#book.all()].filter(({ quarantine }) => quarantine !== undefined);
  }

  isHeld(vault: Address): boolean {
    return this.#book.byAddress(vault)?.quarantine !== undefined;
  }

  /** What makes the hold of these vaults durable, and what it does once it is. */
  hold(culprits: readonly Culprit[]): { entries: LedgerEntry[]; durable(): void } {
    const nowMs = this.#clock.nowMs();
    const records = culprits.flatMap(({ vault, reason, firstBet }) => {
      const state = this.#book.byAddress(vault);
      if (!state) return [];
      const attempts = (state.quarantine?.attempts ?? 0) + 1;
      const sinceMs = state.quarantine?.sinceMs ?? nowMs;
      const record = { vault: state.context.vault, firstBet, reason, sinceMs, attempts };
      return [{ state, record: { ...record, retryAtMs: nowMs + this.#retryDelayMs(attempts) } }];
    });
    return {
      entries: records.map(({ record }) => ({ kind: 'quarantined', quarantine: record })),
      durable: () => {
        for (const { state, record } of records) this.#held(state, record);
      },
    };
  }

  /** A held vault that is due to be tried again, once for each time that it is due. */
  takeDue(): Address | undefined {
    const nowMs = this.#clock.nowMs();
    const due = this.held.find((state) => {
      const triedAtMs = this.#triedAtMs.get(state.address);
      return triedAtMs === undefined || nowMs >= this.#retryAtMs(state, triedAtMs);
    });
    if (due) this.#triedAtMs.set(due.address, nowMs);
    return due?.address;
  }

  #retryAtMs(state: VaultState, triedAtMs: number): number {
    const urgentAtMs = triedAtMs + Math.min(FIRST_RETRY_MS, this.#exitDelayMs / URGENT_RETRIES_PER_EXIT_DELAY);
    if (this.#isUrgent(state)) return urgentAtMs;
    const soonest = triedAtMs + this.#retryDelayMs(1);
    // What an earlier version of the service, or a longer exit delay, put off is not put off for longer than now.
    return Math.min(Math.max(state.quarantine?.retryAtMs ?? 0, soonest), triedAtMs + this.#maxRetryMs);
  }

  /** Whether a vault's bets soon can not settle any more, or its owner can soon leave with them void. */
  #isUrgent(state: VaultState): boolean {
    const { view } = this.#book;
    if (!view) return false;
    const { exitDelaySlots } = view.finalized.house;
    const { slot } = view.confirmed;
    const deadline = deadlineOf(state, { exitDelaySlots, slot });
    return deadline !== undefined && deadline - slot <= exitDelaySlots / URGENT_PART;
  }

  get #exitDelayMs(): number {
    return Number(this.#book.view?.finalized.house.exitDelaySlots ?? 0n) * this.#slotMs;
  }

  get #maxRetryMs(): number {
    return Math.min(MAX_RETRY_MS, this.#exitDelayMs / RETRIES_PER_EXIT_DELAY);
  }

  #retryDelayMs(attempts: number): number {
    return Math.min(this.#maxRetryMs, FIRST_RETRY_MS * 2 ** (attempts - 1));
  }

  /** Frees vaults whose first held bet has been settled for good, or which have no open bets. True if there were any. */
  async release(): Promise<boolean> {
    const free = this.held.filter(
      ({ quarantine, finalizedThrough, openBets }) =>
        openBets.length === 0 || finalizedThrough >= (quarantine as QuarantineRecord).firstBet,
    );
    if (free.length === 0) return false;
    await this.#ledger.commit(free.map(({ context }) => ({ kind: 'quarantine-ended', vault: context.vault })));
    for (const state of free) {
      state.quarantine = undefined;
      this.#triedAtMs.delete(state.address);
      this.#log.info({ vault: state.address }, 'vault settles again');
    }
    return true;
  }

  #held(state: VaultState, record: QuarantineRecord): void {
    state.quarantine = record;
    this.#triedAtMs.set(state.address, this.#clock.nowMs());
    const { firstBet, attempts, reason } = record;
    const line = { alert: 'vault-quarantined', vault: state.address, firstBet: firstBet.toString(), attempts, reason };
    this.#log.error(line, 'the bets of a vault can not be settled; they are held and still owed');
  }
}
