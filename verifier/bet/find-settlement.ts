import type { Address } from '@solana/kit';
import type { BatchSettled, SettledRun } from '../layout/events.ts';
import type { SettleBatchData } from '../layout/instructions.ts';
import type { ChainRpc, ListedSignature } from '../rpc.ts';
import { HistoryFault, type HistoryTransaction, readTransaction } from '../transaction.ts';

/** The transaction that settled a bet. */
export interface FoundSettlement {
  signature: string;
  slot: bigint;
  event: BatchSettled;
  instruction: SettleBatchData;
  /** The vault's run in it. */
  run: SettledRun;
}

export interface BetPlace {
  rpc: ChainRpc;
  program: Address;
  house: Address;
  vault: Address;
  betNumber: bigint;
  /** The node must have reached this slot, in which the bet was settled. */
  minSlot: bigint;
  onProgress(message: string): void;
}

/** Most transactions of a vault that are listed: their signatures are held. */
const MAX_LISTED = 1_000_000;

/**
 * The finalized transaction that settled a bet: the one that the hint names if it did, else by bisection of the vault's history, in which bet
 * numbers only grow. Undefined if the node shows none. Anyone can name a vault in a transaction, so one that can not be read matters only if
 * the bet is nowhere else: its `HistoryFault` is thrown then.
 */
export async function findSettlement(place: BetPlace, hint: string | undefined): Promise<FoundSettlement | undefined> {
  const faults: HistoryFault[] = [];
  const read = (signature: string) => readIfSound(place, { signature, faults });
  const hinted = hint === undefined ? undefined : covering(await read(hint), place);
  if (hinted) return hinted;
  // What the hint names need not have to do with this house.
  faults.length = 0;
  place.onProgress('looking for the bet in the history of its vault');
  const found = await bisect(place, { listed: await listTransactions(place), read });
  if (!found && faults[0]) throw faults[0];
  return found;
}

type Read = (signature: string) => Promise<HistoryTransaction | undefined>;

async function bisect(
  place: BetPlace,
  input: { listed: readonly ListedSignature[]; read: Read },
): Promise<FoundSettlement | undefined> {
  const { listed, read } = input;
  let [low, high] = [0, listed.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const next = await firstRun(place, { listed, from: middle, to: high, read });
    if (!next || place.betNumber < next.firstBet) high = middle;
    else if (place.betNumber > next.lastBet) low = next.index + 1;
    else return covering(next.transaction, place);
  }
  return undefined;
}

/** The first transaction of a range that settled bets of the vault, and which. */
async function firstRun(place: BetPlace, input: { listed: readonly ListedSignature[]; from: number; to: number; read: Read }) {
  for (let index = input.from; index < input.to; index += 1) {
    const transaction = await input.read((input.listed[index] as ListedSignature).signature);
    const runs = transaction ? runsOf(transaction, place.vault) : [];
    const [first, last] = [runs[0], runs.at(-1)];
    if (!transaction || !first || !last) continue;
    return { index, transaction, firstBet: first.firstBet, lastBet: last.firstBet + BigInt(last.betCount) - 1n };
  }
  return undefined;
}

/** Oldest first, without those that failed. */
async function listTransactions({ rpc, vault, minSlot }: BetPlace): Promise<ListedSignature[]> {
  const newestFirst: ListedSignature[] = [];
  for (let before: string | undefined; newestFirst.length < MAX_LISTED; ) {
    const page = await rpc.signatures(vault, { before, minSlot });
    if (page.length === 0) break;
    newestFirst.push(...page);
    before = (page.at(-1) as ListedSignature).signature;
  }
  return newestFirst.filter(({ failed }) => !failed).reverse();
}

async function readIfSound(
  { rpc, program, house }: BetPlace,
  { signature, faults }: { signature: string; faults: HistoryFault[] },
): Promise<HistoryTransaction | undefined> {
  const raw = await rpc.transaction(signature);
  if (!raw || raw.failed) return undefined;
  try {
    return readTransaction(raw, { signature, program, house });
  } catch (error) {
    if (!(error instanceof HistoryFault)) throw error;
    faults.push(error);
    return undefined;
  }
}

function covering(transaction: HistoryTransaction | undefined, { vault, betNumber }: BetPlace): FoundSettlement | undefined {
  for (const { instruction, events } of transaction?.frames ?? []) {
    for (const event of events) {
      if (event.name !== 'BatchSettled' || instruction.name !== 'settle_batch') continue;
      const run = event.runs.find((one) => one.vault === vault && covers(one, betNumber));
      if (run && transaction) return { signature: transaction.signature, slot: transaction.slot, event, instruction, run };
    }
  }
  return undefined;
}

function runsOf({ events }: HistoryTransaction, vault: Address): SettledRun[] {
  return events.flatMap((event) => (event.name === 'BatchSettled' ? event.runs.filter((run) => run.vault === vault) : []));
}

const covers = ({ firstBet, betCount }: SettledRun, betNumber: bigint): boolean =>
  firstBet <= betNumber && betNumber < firstBet + BigInt(betCount);
