import type { Address } from '@solana/kit';
import type { CoinSide } from '../protocol/bet.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { decodeLimit, decodeRefusal } from '../protocol/messages.ts';
import type { ApiClient } from './api.ts';
import { signBet } from './bet-signing.ts';
import type { Chain } from './chain.ts';
import { covers, type VaultContext } from './checks.ts';
import type { Clock } from './clock.ts';
import { ClientError } from './errors.ts';
import { type HouseContext, loadVault } from './house.ts';
import { requireLimit } from './limits.ts';
import { MAX_RECORD_MESSAGES, type SigningRecord } from './record.ts';
import type { SeedRoots } from './seed-roots.ts';
import type { Session } from './session-secret.ts';
import type { RecordBook } from './signing-record.ts';

export interface WantedStake {
  stakeUnits: bigint;
  choice: CoinSide;
}

export interface BetSignerOptions {
  api: Pick<ApiClient, 'vault' | 'balance' | 'health'>;
  chain: Chain;
  clock: Clock;
  book: RecordBook;
  house: HouseContext;
  owner: Address;
  /** What the house's messages to this vault must name. */
  context: VaultContext;
  accountId: bigint;
  roots: SeedRoots;
  /** `anew`: as the store has it now, and not as it was read before. */
  session: (options?: { anew: boolean }) => Promise<Session>;
}

/** A service looks at the chain now and then: how often it is asked whether it has seen a deposit, and how far apart. */
const COUNTED_LOOKS = 8;
const COUNTED_POLL_MS = 250;

/** Signs bets that the house has to take, and no other. */
export class BetSigner {
  readonly #o: BetSignerOptions;
  /** Whether chain and service were asked, since the last doubt, where they see this vault. */
  #asked = false;
  #depositsBefore = 0n;

  constructor(options: BetSignerOptions) {
    this.#o = options;
  }

  /** Deposits that were not settled when chain and service were asked, and that the service said it had seen final. Base units. */
  get depositsBefore(): bigint {
    return this.#depositsBefore;
  }

  /** The service may know of bets that this record does not: it is asked before the next one is signed. */
  doubt(): void {
    this.#asked = false;
  }

  /**
   * The record with one more pending bet, to be made durable before that is sent. Undefined if it has to wait for the answers of those that
   * are pending: nothing is signed that only their winnings could pay for, and chain or service can be asked only where none is.
   */
  async sign(record: SigningRecord, bet: WantedStake): Promise<SigningRecord | undefined> {
    const { house, accountId, roots } = this.#o;
    const before = record.pending.at(-1);
    const wanted = {
      betNumber: before ? before.betNumber + 1n : record.nextBet,
      termsId: house.terms.id,
      stakeUnits: bet.stakeUnits,
    };
    if (before && !this.#isCertain(record, wanted)) return undefined;
    const limits = before ? record.limits : await this.#allowed(record, wanted);
    await roots.require(wanted);
    let session = await this.#o.session();
    // Another client of this store may have changed the key meanwhile.
    if (session.keyHash !== record.sessionKeyHash) session = await this.#o.session({ anew: true });
    if (session.keyHash !== record.sessionKeyHash) {
      throw new ClientError('WRONG_SESSION_KEY', 'the wallet made another session key than the one of the vault');
    }
    const refusedHeads = new Set(record.refusals.map((refusal) => decodeRefusal(refusal.message).head));
    const headBefore = before ? before.head : record.head;
    const pending = signBet({ key: session.key, accountId, headBefore, choice: bet.choice, refusedHeads, ...wanted });
    return { ...record, limits, pending: [...record.pending, pending] };
  }

  /** Whether a bet behind pending ones will be taken whatever becomes of them, as far as the record alone can tell. */
  #isCertain(record: SigningRecord, wanted: { betNumber: bigint; termsId: number; stakeUnits: bigint }): boolean {
    if (!this.#asked || record.balance === undefined) return false;
    const staked = record.pending.reduce((sum, { stakeUnits }) => sum + stakeUnits, wanted.stakeUnits);
    return staked * STAKE_UNIT <= record.balance && record.limits.some((one) => covers(decodeLimit(one.message), wanted));
  }

  /** The limits to keep, after every check of a bet that nothing is pending before. */
  async #allowed(record: SigningRecord, wanted: { betNumber: bigint; termsId: number; stakeUnits: bigint }) {
    if (record.refusals.length >= MAX_RECORD_MESSAGES) {
      throw new ClientError('TOO_MANY_REFUSALS', `${record.refusals.length} bets with number ${record.nextBet} were refused`);
    }
    // Without a balance at hand, money has left since it was asked, and other deposits may have come.
    const ask = !this.#asked || record.balance === undefined;
    if (ask) await this.#assertNotBehindChain(record);
    await this.#assertFunds(record, wanted.stakeUnits * STAKE_UNIT);
    const { api, owner, context } = this.#o;
    const limits = await requireLimit({ api, owner, context, record, wanted, ask });
    this.#asked = true;
    return limits;
  }

  /** A store that was rolled back would sign a bet number twice: the chain may know of bets that it has forgotten. */
  async #assertNotBehindChain(record: SigningRecord): Promise<void> {
    const { chain, house: context, owner } = this.#o;
    const { state } = await loadVault(chain, { context, owner, commitment: 'confirmed' });
    if (state?.frozen) throw new ClientError('VAULT_CLOSED', 'the vault has been closed by a forced exit');
    if (state && state.lastBet >= record.nextBet) {
      const where = `the chain has settled bet ${state.lastBet}, this record is at ${record.nextBet}`;
      throw new ClientError('RECORD_CONFLICT', `${where}: the store is older than the vault`);
    }
    const final = await loadVault(chain, { context, owner, commitment: 'finalized' });
    const deposits = final.state?.pendingDeposit ?? 0n;
    this.#depositsBefore = deposits > 0n && (await this.#isCounted(await chain.slot('finalized'))) ? deposits : 0n;
  }

  /** Whether the service has seen all that is final up to a slot. One that is behind leaves a deposit out of a balance, and lies not. */
  async #isCounted(slot: bigint): Promise<boolean> {
    const { api, clock } = this.#o;
    for (let look = 1; ; look += 1) {
      const seen = await api.health().catch(() => undefined);
      if (!seen || seen.slot >= slot) return seen !== undefined;
      if (look === COUNTED_LOOKS) return false;
      await clock.sleep(COUNTED_POLL_MS);
    }
  }

  /** Signs nothing that the house would have to refuse: the last receipt tells the balance, or else the service. */
  async #assertFunds(record: SigningRecord, stake: bigint): Promise<void> {
    if (record.balance !== undefined && stake <= record.balance) return;
    const { available } = await this.#o.api.balance(this.#o.owner);
    if (stake > available) {
      throw new ClientError('INSUFFICIENT_BALANCE', `a stake of ${stake} is above the balance of ${available} base units`);
    }
  }
}
