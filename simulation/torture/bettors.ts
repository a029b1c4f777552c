import { setTimeout as sleep } from 'node:timers/promises';
import { type DemoBettor, seatBettor } from '../../cli/demo-bettors.ts';
import type { CasinoClient } from '../../client/client.ts';
import { BetRefusedError, CasinoApiError, ClientError, FraudEvidenceError } from '../../client/errors.ts';
import { RecordBook } from '../../client/signing-record.ts';
import { MemoryStore } from '../../client/store.ts';
import { fetchTransport, type HttpTransport } from '../../client/transport.ts';
import { decodeReceipt, type Receipt } from '../../protocol/messages.ts';
import type { Random } from '../random.ts';
import type { Liveness } from './killer.ts';
import { claimAll, requestPart } from './withdrawals.ts';

/** Stakes are 1 to 20 of these, in lamports. */
const STAKE_STEP = 100_000n;
const STAKE_STEPS = 20;
const DEPOSIT = 50_000_000n;
/** Between two bets of one bettor, on average: what the prover of a small machine keeps up with. */
const PAUSE_MS = 250;
const DEPOSIT_SHARE = 0.01;
const WITHDRAWAL_SHARE = 0.01;
const DEPOSIT_TIMEOUT_MS = 60_000;
/** What a client may throw while the services die under it; it sends the same bytes again. */
const EXPECTED: ReadonlySet<string> = new Set(['API_UNREACHABLE', 'CHAIN_FAILED', 'TIMEOUT', 'TRANSACTION_EXPIRED']);

/** A bettor of the SDK with its store, where its receipts are. */
export interface TortureBettor {
  seat: DemoBettor;
  store: MemoryStore;
  random: Random;
}

export interface Place {
  apiUrl: string;
  rpcUrl: string;
}

/** Seats bettors whose answers are noted by the time at which their requests were sent. */
export function seatAll(place: Place, input: { count: number; random: Random; live: Liveness }): Promise<TortureBettor[]> {
  const transport = noting(input.live);
  return Promise.all(
    Array.from({ length: input.count }, async (_, index) => {
      const [store, random] = [new MemoryStore(), input.random.fork()];
      return { seat: await seatBettor({ ...place, index, store, transport, onBet: () => {} }), store, random };
    }),
  );
}

function noting(live: Liveness): HttpTransport {
  return async (request) => {
    const sentAtMs = performance.now();
    const answer = await fetchTransport(request);
    if (answer.status === 200 && request.method === 'POST' && request.url.endsWith('/v1/bet')) live.acknowledged(sentAtMs);
    return answer;
  };
}

/** Bets, deposits and withdraws until told to stop. Throws what the services' deaths do not explain, frauds above all. */
export async function playOn(bettor: TortureBettor, input: Place & { stopped: AbortSignal }): Promise<void> {
  const { seat, random } = bettor;
  while (!input.stopped.aborted) {
    const [what, stake, heads, pause] = [
      random.fraction(),
      random.between(1, STAKE_STEPS),
      random.chance(0.5),
      random.fraction(),
    ];
    await tolerating(async () => {
      if (what < DEPOSIT_SHARE) await seat.client.deposit(DEPOSIT, { timeoutMs: DEPOSIT_TIMEOUT_MS });
      else if (what < DEPOSIT_SHARE + WITHDRAWAL_SHARE) await requestPart(bettor, input);
      else if (what < DEPOSIT_SHARE + 2 * WITHDRAWAL_SHARE) await claimAll(bettor, input);
      else await seat.client.bet({ amount: BigInt(stake) * STAKE_STEP, guess: heads ? 'heads' : 'tails' });
    });
    await sleep(2 * pause * PAUSE_MS);
  }
}

/** Has a bet that was signed and not answered answered. */
export async function finish({ seat }: TortureBettor): Promise<void> {
  await seat.client.resume();
}

async function tolerating(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const expected =
      (error instanceof ClientError && EXPECTED.has(error.code)) ||
      (error instanceof CasinoApiError && error.retry) ||
      error instanceof BetRefusedError;
    if (error instanceof FraudEvidenceError || !expected) throw error;
  }
}

/** The receipts in a bettor's store, by bet number. */
export async function receiptsOf(bettor: TortureBettor): Promise<Map<bigint, Receipt & { signature: Uint8Array }>> {
  const book = bookOf(bettor.seat.client, bettor.store);
  const record = await book.load();
  const receipts = new Map<bigint, Receipt & { signature: Uint8Array }>();
  for (let betNumber = 1n; betNumber <= (record?.nextBet ?? 0n); betNumber += 1n) {
    const signed = await book.receipt(betNumber);
    if (signed) receipts.set(betNumber, { ...decodeReceipt(signed.message), signature: signed.signature });
  }
  return receipts;
}

function bookOf({ house, owner }: CasinoClient, store: MemoryStore): RecordBook {
  return new RecordBook(store, { genesisHash: house.genesisHash, house: house.house, owner });
}
