import type { Address } from '@solana/kit';
import { NEVER } from '../../program/client/index.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { bytesToInteger } from '../../protocol/field.ts';
import type { MessageContext } from '../../protocol/messages.ts';
import type { VaultView } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes, addressOf } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { BetRecord, LimitRecord, QuarantineRecord, RefusalRecord, VaultRecord, VoidRecord } from '../ledger/records.ts';

/** An acknowledged bet that the finalized chain has not settled yet. `durable` resolves when it is on disk. */
export interface OpenBet {
  bet: BetRecord;
  maxProfit: bigint;
  durable: Promise<void>;
}

/**
 * What admission knows of one vault. `funds` is what the finalized vault holds, deposits included; with the deltas of the bets
 * since the last one that the same snapshot has settled it makes what the bettor can stake next, however batches and
 * deposits interleave.
 */
export class VaultState {
  readonly address: Address;
  readonly owner: Address;
  readonly context: MessageContext;
  readonly accountId: bigint;
  lastBet: bigint;
  head: bigint;
  lastTerms: number;
  cumulativeDelta: bigint;
  finalizedThrough: bigint;
  readonly openBets: OpenBet[] = [];
  limits: LimitRecord[];
  /** Why its bets can not be settled for now, if so: settlement's to set, once it is durable. */
  quarantine: QuarantineRecord | undefined;
  /** What its forced exit has voided: known once the finalized chain shows the exit, and then for good. */
  voided: VoidRecord | undefined;
  readonly refusals = new Map<bigint, RefusalRecord>();
  #finalized: VaultView;
  #confirmed: VaultView;
  #funds = 0n;
  #settledDelta = 0n;
  #sessionKey: { bytes: string; hash: bigint } | undefined;

  constructor(options: {
    record: VaultRecord;
    context: MessageContext;
    view: VaultView;
    read: LedgerReader;
    maxProfit(bet: BetRecord): bigint;
  }) {
    const { record, view, read } = options;
    this.address = view.address;
    this.owner = view.owner;
    this.context = options.context;
    this.accountId = bytesToInteger(record.accountId);
    this.lastBet = record.lastBet;
    this.head = bytesToInteger(record.head);
    this.lastTerms = record.lastTerms;
    this.cumulativeDelta = record.cumulativeDelta;
    this.finalizedThrough = record.finalizedThrough;
    this.limits = read.limits(record.vault, record.lastBet);
    for (const refusal of read.refusals(record.vault, record.lastBet)) this.refusals.set(bytesToInteger(refusal.head), refusal);
    this.quarantine = read.quarantine(record.vault);
    if (record.finalizedThrough > view.lastBet) {
      // A balance made of this look and the ledger's newer bets would be wrong; a node that lags catches up.
      const behind = `the node's finalized view has settled ${view.lastBet} bets of ${view.address}, it had ${record.finalizedThrough} before`;
      throw new CasinoError('CHAIN_UNREACHABLE', behind);
    }
    const base = record.finalizedThrough === 0n ? undefined : read.bet(record.vault, record.finalizedThrough);
    this.#settledDelta = base?.cumulativeDelta ?? 0n;
    this.voided = read.voided(record.vault);
    const unsettled = read.bets(record.vault, { first: record.finalizedThrough + 1n, last: record.lastBet });
    assertChained(record, unsettled.at(-1) ?? base, unsettled.length);
    const { fromBet } = this.voided ?? {};
    for (const bet of unsettled) {
      if (fromBet !== undefined && bet.betNumber >= fromBet) break;
      this.openBets.push({ bet, maxProfit: options.maxProfit(bet), durable: Promise.resolve() });
    }
    this.#finalized = view;
    this.#confirmed = view;
    this.#funds = view.balance + view.pendingDeposit;
  }

  /** What the bettor can stake next, in base units. */
  get available(): bigint {
    return this.#funds + this.cumulativeDelta - this.#settledDelta;
  }

  get finalized(): VaultView {
    return this.#finalized;
  }

  get confirmed(): VaultView {
    return this.#confirmed;
  }

  /**
   * Takes a newer look at the chain. Returns the bets that it has settled since the last one, in order. `LEDGER_STALE` if the
   * chain settled a bet that this ledger lacks.
   */
  observe(finalized: VaultView, confirmed: VaultView): OpenBet[] {
    if (finalized.lastBet > this.lastBet) {
      throw new CasinoError(
        'LEDGER_STALE',
        `the chain has settled bet ${finalized.lastBet} of ${this.address}, the ledger ends at ${this.lastBet}`,
      );
    }
    const settled: OpenBet[] = [];
    while (this.openBets[0] && this.openBets[0].bet.betNumber <= finalized.lastBet) {
      const open = this.openBets.shift() as OpenBet;
      settled.push(open);
      this.#settledDelta = open.bet.cumulativeDelta;
      this.finalizedThrough = open.bet.betNumber;
    }
    this.#finalized = finalized;
    this.#confirmed = confirmed;
    this.#funds = finalized.balance + finalized.pendingDeposit;
    return settled;
  }

  /**
   * Ends what a forced exit has left unsettled, once the finalized vault shows the exit: no batch can settle it any more. Returns the
   * bets that it ends, in order, all later than the last settled one.
   */
  voidAfterExit(slot: bigint): OpenBet[] {
    if (!this.closed) return [];
    const ended = this.openBets.splice(0);
    // The vault's funds are what the chain shows: the deltas of bets that never settled are no part of them.
    this.#settledDelta = this.cumulativeDelta;
    const first = ended[0]?.bet.betNumber;
    if (first !== undefined) {
      this.voided = { vault: this.context.vault, fromBet: first, throughBet: this.lastBet, slot, reason: FORCED_EXIT };
    }
    return ended;
  }

  /** Whether the vault has been closed for good. */
  get closed(): boolean {
    return this.#finalized.frozen || this.voided !== undefined;
  }

  /** Why bets of this vault have to wait, or undefined if they need not. The same bytes may be sent later. */
  heldBecause(): string | undefined {
    if (this.#confirmed.frozen || this.closed) return 'the vault has been closed by a forced exit';
    if (this.#confirmed.requestAmount > 0n || this.#finalized.requestAmount > 0n) return 'a withdrawal request is open';
    if (this.quarantine) return 'earlier bets of this vault can not be settled yet';
    return undefined;
  }

  /**
   * Whether a key of this hash may sign now. A key that a rotation ends is refused from the first sight of the rotation, although the
   * chain settles its bets for an exit delay more; the new one has to wait until the rotation is final and its time has come.
   */
  keyState(hash: bigint, slots: { finalized: bigint; confirmed: bigint }): 'accepted' | 'soon' | 'refused' {
    const standing = this.#confirmed.keys.some((key) => key.hash === hash && hash !== 0n && key.until === NEVER);
    if (!standing) return 'refused';
    const valid = [
      { keys: this.#finalized.keys, slot: slots.finalized },
      { keys: this.#confirmed.keys, slot: slots.confirmed },
    ].every(({ keys, slot }) => keys.some((key) => key.hash === hash && key.from <= slot && slot <= key.until));
    return valid ? 'accepted' : 'soon';
  }

  /** Hash of a session key, computed once as long as the bettor keeps it. */
  sessionKeyHash(bytes: Uint8Array, compute: () => bigint): bigint {
    const key = Buffer.from(bytes).toString('latin1');
    if (this.#sessionKey?.bytes !== key) this.#sessionKey = { bytes: key, hash: compute() };
    return this.#sessionKey.hash;
  }

  /** Resolves when every bet that `available` counts is durable. */
  async durable(): Promise<void> {
    await this.openBets.at(-1)?.durable;
  }

  /** An open bet by its number. */
  openBet(betNumber: bigint): OpenBet | undefined {
    const first = this.openBets[0];
    return first ? this.openBets[Number(betNumber - first.bet.betNumber)] : undefined;
  }
}

/** Why bets are voided; the one reason there is. */
const FORCED_EXIT = 'forced exit';

/** A vault's row says where its last bet left it: `LEDGER_CORRUPT` where bets are missing or a page is of another time. */
function assertChained(record: VaultRecord, last: BetRecord | undefined, openBets: number): void {
  const head = last?.head ?? record.accountId;
  const whole =
    BigInt(openBets) === record.lastBet - record.finalizedThrough &&
    (last?.betNumber ?? 0n) === record.lastBet &&
    (last?.cumulativeDelta ?? 0n) === record.cumulativeDelta &&
    compareBytes(head, record.head) === 0;
  if (whole) return;
  const vault = addressOf(record.vault);
  throw new CasinoError('LEDGER_CORRUPT', `the bets of vault ${vault} do not end where its row says, at bet ${record.lastBet}`);
}

/** The ledger's record of a vault that has just been seen on chain. */
export function newVaultRecord(view: VaultView, accountId: Uint8Array): VaultRecord {
  return {
    vault: addressBytes(view.address),
    owner: addressBytes(view.owner),
    accountId,
    lastBet: 0n,
    head: accountId,
    cumulativeDelta: 0n,
    lastTerms: 0,
    batchedThrough: 0n,
    finalizedThrough: 0n,
  };
}
