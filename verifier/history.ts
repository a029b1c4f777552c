import type { Address } from '@solana/kit';
import { VerifierError } from './errors.ts';
import { askAgain } from './retry.ts';
import type { ChainRpc, ListedSignature, RawTransaction } from './rpc.ts';
import { HistoryFault, type HistoryTransaction, readTransaction } from './transaction.ts';

/** Transactions asked for at a time, ahead of the reader. */
const DEFAULT_PREFETCH = 8;
/** Looks for a transaction that is listed: machines behind one address do not have the newest at the same time. */
const FETCH_TRIES = 6;
/** Most transactions of one reading: their signatures are held, some 200 bytes each. */
const MAX_TRANSACTIONS = 20_000_000;

export interface HistoryRequest {
  rpc: ChainRpc;
  program: Address;
  house: Address;
  /** Signature of the last transaction that is not wanted any more; none: from the house's first. */
  after?: string | undefined;
  /** The node must have reached this slot. */
  minSlot?: bigint | undefined;
  /** Requests under way at a time. */
  prefetch?: number;
  /** Told how many transactions there are, before the first of them. */
  onListed?(count: number): void;
}

/**
 * The finalized transactions that name a house, oldest first; failed ones are left out. Ends with the newest that was final at the call.
 * Throws a `HistoryFault` at a transaction that is not what it must be, and a `VerifierError` if the node gives no answer.
 */
export async function* readHistory(request: HistoryRequest): AsyncGenerator<HistoryTransaction, void, undefined> {
  const listed = await listTransactions(request);
  request.onListed?.(listed.length);
  const fetched: Promise<HistoryTransaction>[] = [];
  const prefetch = request.prefetch ?? DEFAULT_PREFETCH;
  for (let next = 0; next < listed.length || fetched.length > 0; ) {
    while (next < listed.length && fetched.length < prefetch) {
      const reading = fetchOne(request, listed[next] as ListedSignature);
      // Reported where its turn comes.
      reading.catch(() => {});
      fetched.push(reading);
      next += 1;
    }
    yield await (fetched.shift() as Promise<HistoryTransaction>);
  }
}

/** Oldest first. Pages go from the newest back, so that what lands meanwhile shifts nothing. */
async function listTransactions({ rpc, house, after, minSlot }: HistoryRequest): Promise<ListedSignature[]> {
  const newestFirst: ListedSignature[] = [];
  for (let before: string | undefined; ; ) {
    const page = await rpc.signatures(house, { before, until: after, minSlot });
    if (page.length === 0) return newestFirst.filter(({ failed }) => !failed).reverse();
    newestFirst.push(...page);
    before = (page.at(-1) as ListedSignature).signature;
    if (newestFirst.length > MAX_TRANSACTIONS) {
      throw new VerifierError('BAD_USAGE', `the house has more than ${MAX_TRANSACTIONS} transactions`);
    }
  }
}

async function fetchOne({ rpc, program, house }: HistoryRequest, listed: ListedSignature): Promise<HistoryTransaction> {
  const { signature, slot } = listed;
  const raw = await askAgain<RawTransaction>({
    tries: FETCH_TRIES,
    ask: async () => {
      const answer = await rpc.transaction(signature);
      return answer ? { answer } : { reason: 'the node lists it and does not have it' };
    },
    onGiveUp: (message) => new HistoryFault('transaction-missing', { signature, slot, message }),
  });
  if (raw.slot !== slot || raw.failed) {
    const message = `the node lists it as a success in slot ${slot} and tells another story of it`;
    throw new HistoryFault('transaction-forged', { signature, slot, message });
  }
  return readTransaction(raw, { signature, program, house });
}
