import { type Address, getAddressEncoder } from '@solana/kit';
import { fieldToHex } from '../protocol/bytes.ts';
import { decodeReceipt } from '../protocol/messages.ts';
import type { ApiClient, BatchState, BatchStatus, BetState, BetStatus } from './api.ts';
import type { Chain } from './chain.ts';
import type { Clock } from './clock.ts';
import { CasinoApiError, ClientError } from './errors.ts';
import { type HouseContext, loadVault } from './house.ts';
import type { RecordBook } from './signing-record.ts';

/** What a wait is for: the settling transaction confirmed, or final. */
export type Settled = 'Confirmed' | 'Finalized';

export interface WaitOptions {
  until: Settled;
  timeoutMs: number;
  /** Hears of each state as it is first seen. */
  onState?: ((state: BetState) => void) | undefined;
}

const POLL_MS = 300;
/** How many of the store's last receipts are looked through for a bet. */
const MAX_OWN_BETS = 1_000n;

/**
 * Waits until the service says that a bet is settled **and** the chain shows it: the vault's `lastBet` at that commitment has reached
 * it. Which vault and number are the store's word for its own bets. `BAD_ANSWER` if the service answers with another bet. A batch that
 * failed is put together anew by the service, so the wait goes on; `TIMEOUT` ends it. `BET_VOIDED` once the service says that the
 * vault has left without it, and the chain shows that.
 */
export async function waitForBet(
  place: { api: ApiClient; chain: Chain; clock: Clock; house: HouseContext; book: RecordBook; owner: Address },
  input: WaitOptions & { id: string },
): Promise<BetStatus> {
  const { api, chain, clock, house } = place;
  const deadlineMs = clock.nowMs() + input.timeoutMs;
  const commitment = input.until === 'Confirmed' ? 'confirmed' : 'finalized';
  const own = await ownBet(place.book, input.id);
  for (let last: BetState | undefined; ; ) {
    const bet = await api.bet(input.id);
    const { user, betNumber } = own === undefined ? bet : { user: place.owner, betNumber: own };
    if (bet.id !== input.id || bet.user !== user || bet.betNumber !== betNumber) {
      throw new ClientError('BAD_ANSWER', `the service answered with another bet than ${input.id}`);
    }
    if (bet.state !== last) input.onState?.(bet.state);
    last = bet.state;
    if (reached(bet.state, input.until)) {
      const { state } = await loadVault(chain, { context: house, owner: ownerOf(user), commitment });
      if (state && state.lastBet >= betNumber) return bet;
    }
    await assertNotVoided(place, { ...bet, user, betNumber });
    if (clock.nowMs() > deadlineMs) throw new ClientError('TIMEOUT', `bet ${input.id} is ${bet.state}, not ${input.until}`);
    await clock.sleep(POLL_MS);
  }
}

/** The service's word that a bet is void counts once the chain shows why: its vault has left, and the bet is not settled. */
async function assertNotVoided({ chain, house }: { chain: Chain; house: HouseContext }, bet: BetStatus): Promise<void> {
  if (bet.state !== 'Voided') return;
  const { state } = await loadVault(chain, { context: house, owner: ownerOf(bet.user), commitment: 'finalized' });
  if (state?.frozen && state.lastBet < bet.betNumber) {
    throw new ClientError('BET_VOIDED', `bet ${bet.id} was not settled before its vault left: ${bet.voidReason}`);
  }
}

/** Waits until the service says that a batch is settled; `TIMEOUT`. Whether the chain agrees is for the bets in it to ask. */
export async function waitForBatch(
  place: { api: ApiClient; clock: Clock },
  input: WaitOptions & { number: bigint },
): Promise<BatchStatus> {
  const { api, clock } = place;
  const deadlineMs = clock.nowMs() + input.timeoutMs;
  for (let last: BatchState | undefined; ; ) {
    const batch = await found(() => api.batch(input.number));
    if (batch && batch.state !== last) input.onState?.(batch.state);
    last = batch?.state;
    if (batch && reached(batch.state, input.until)) return batch;
    if (clock.nowMs() > deadlineMs) throw new ClientError('TIMEOUT', `batch ${input.number} is ${last}, not ${input.until}`);
    await clock.sleep(POLL_MS);
  }
}

/** Number of the bet with this id, if this store has its receipt among the last ones. */
async function ownBet(book: RecordBook, id: string): Promise<bigint | undefined> {
  const record = await book.load();
  if (!record) return undefined;
  const first = record.nextBet > MAX_OWN_BETS ? record.nextBet - MAX_OWN_BETS : 1n;
  for (let betNumber = record.nextBet; betNumber >= first; betNumber -= 1n) {
    const receipt = await book.receipt(betNumber);
    if (receipt && fieldToHex(decodeReceipt(receipt.message).head) === id) return betNumber;
  }
  return undefined;
}

function reached(state: BetState, until: Settled): boolean {
  return state === 'Finalized' || state === until;
}

async function found<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CasinoApiError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function ownerOf(text: string): Address {
  const owner = text as Address;
  getAddressEncoder().encode(owner);
  return owner;
}
