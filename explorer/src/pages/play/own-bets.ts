import { type BetResult, type CasinoClient, ClientError, receiptFileText } from '../../../../client/index.ts';
import { fieldToHex } from '../../../../protocol/bytes.ts';
import { decodeReceipt } from '../../../../protocol/messages.ts';
import type { PlayedBet } from './player-state.ts';

/** Bets that the page shows; all of them stay in the store. */
const MAX_SHOWN = 50;
/** Numbers that are looked up for them: a vault that was played elsewhere has none of them here. */
const MAX_LOOKED_UP = 100n;
/** Bets that are asked for at a time, oldest first: those after them can not be further. */
const MAX_ASKED = 5;

/** The bets that this browser's store got answered, newest first. `through`: the last one that the chain has settled. */
export async function storedBets(client: CasinoClient, through: bigint): Promise<PlayedBet[]> {
  const bets: PlayedBet[] = [];
  let newest = through;
  for (; (await storedBet(client, newest + 1n)) !== undefined; newest += 1n);
  for (let betNumber = newest; betNumber > newest - MAX_LOOKED_UP && bets.length < MAX_SHOWN; betNumber -= 1n) {
    const bet = await storedBet(client, betNumber);
    if (bet) bets.push(betNumber <= through ? { ...bet, state: 'Finalized' } : bet);
  }
  return bets;
}

async function storedBet(client: CasinoClient, betNumber: bigint): Promise<PlayedBet | undefined> {
  if (betNumber < 1n) return undefined;
  try {
    const { bet, receipt } = await client.receiptFile(betNumber);
    const { head, stake, outcome, payout, balanceAfter, time } = decodeReceipt(receipt.message);
    return {
      ...{ key: `${betNumber}`, betNumber, id: fieldToHex(head), guess: bet.choice === 1 ? 'heads' : 'tails', amount: stake },
      ...{ outcome: outcome === 1 ? 'heads' : 'tails', payout, balanceAfter, state: 'acknowledged', time: Number(time) },
      ...{ ackMs: undefined, recovered: false, trouble: undefined },
    };
  } catch (error) {
    if (error instanceof ClientError && (error.code === 'NO_RECEIPT' || error.code === 'RECEIPT_INCOMPLETE')) return undefined;
    throw error;
  }
}

/** A bet as its answer tells it. */
export function answeredBet(result: BetResult, recovered: boolean): PlayedBet {
  const { betNumber, head, outcome, won, stake, payout, balanceAfter, ackMs } = result;
  const other = outcome === 'heads' ? 'tails' : 'heads';
  return {
    ...{ key: `${betNumber}`, betNumber, id: head, guess: won ? outcome : other, amount: stake, outcome, payout, balanceAfter },
    ...{ state: 'acknowledged', time: Date.now(), ackMs, recovered, trouble: undefined },
  };
}

/** The bets that are signed and have no answer: an earlier visit of this page can have left them. */
export async function unansweredBets(client: CasinoClient): Promise<PlayedBet[]> {
  const bets = await client.unansweredBets();
  return bets.reverse().map(({ betNumber, head, amount, guess }) => ({
    ...{
      key: `kept-${betNumber}`,
      betNumber: undefined,
      id: head,
      guess,
      amount,
      outcome: undefined,
      payout: 0n,
      balanceAfter: 0n,
    },
    ...{ state: 'unanswered', time: Date.now(), ackMs: undefined, recovered: false, trouble: undefined },
  }));
}

export const receiptText = async (client: CasinoClient, betNumber: bigint): Promise<string> =>
  receiptFileText(await client.receiptFile(betNumber));

const isOpen = ({ state, id }: PlayedBet): boolean => id !== undefined && state !== 'Finalized' && state !== 'Voided';

/**
 * Where the bets stand that were not final yet, by number. What is settled the finalized chain says; how far the others are is the
 * service's word.
 */
export async function progressOf(client: CasinoClient, bets: readonly PlayedBet[]): Promise<Map<bigint, PlayedBet['state']>> {
  const open = bets.filter(isOpen);
  const states = new Map<bigint, PlayedBet['state']>();
  if (open.length === 0) return states;
  const lastBet = (await client.vault())?.lastBet ?? 0n;
  const asked: PlayedBet[] = [];
  for (const bet of open.reverse()) {
    if (bet.betNumber === undefined) continue;
    if (bet.betNumber <= lastBet) states.set(bet.betNumber, 'Finalized');
    else if (asked.length < MAX_ASKED) asked.push(bet);
  }
  for (const { id, betNumber } of asked) {
    const { state } = await client.betStatus(id as string);
    // Final is what the chain shows as final.
    if (betNumber !== undefined) states.set(betNumber, state === 'Finalized' ? 'Confirmed' : state);
  }
  return states;
}
