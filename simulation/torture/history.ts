import type { Address, Signature } from '@solana/kit';
import { type CasinoEvent, eventsOf } from '../../program/client/index.ts';
import { type ChainRpc, call } from '../../sequencer/chain/rpc.ts';

/** Entries of one page of a house's history. */
const PAGE = 1_000;
const MAX_PAGES = 1_000;
/** Transactions asked for at the same time. */
const AT_ONCE = 8;

/** Every event that the program has logged for a house, oldest first, by the finalized chain alone. */
export async function eventsOfHouse(input: { rpc: ChainRpc; program: Address; house: Address }): Promise<CasinoEvent[]> {
  const signatures = await landedSignatures(input.rpc, input.house);
  const events: CasinoEvent[] = [];
  for (let first = 0; first < signatures.length; first += AT_ONCE) {
    const found = signatures.slice(first, first + AT_ONCE).map((signature) => eventsOfTransaction(input, signature));
    for (const some of await Promise.all(found)) events.push(...some.filter(({ house }) => house === input.house));
  }
  return events;
}

async function landedSignatures(rpc: ChainRpc, house: Address): Promise<Signature[]> {
  const signatures: Signature[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const before = signatures.at(-1);
    const options = { commitment: 'finalized' as const, limit: PAGE, ...(before ? { before } : {}) };
    const entries = await call(rpc.getSignaturesForAddress(house, options));
    signatures.push(...entries.map(({ signature }) => signature));
    if (entries.length < PAGE) return signatures.reverse();
  }
  throw new Error(`the house has more than ${PAGE * MAX_PAGES} transactions`);
}

async function eventsOfTransaction(input: { rpc: ChainRpc; program: Address }, signature: Signature): Promise<CasinoEvent[]> {
  const options = { commitment: 'finalized', encoding: 'base64', maxSupportedTransactionVersion: 0 } as const;
  const transaction = await call(input.rpc.getTransaction(signature, options));
  if (!transaction?.meta) throw new Error(`the chain names ${signature} and does not have it`);
  return transaction.meta.err ? [] : eventsOf(transaction.meta.logMessages ?? [], input.program);
}
