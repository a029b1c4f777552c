import type { Signature } from '@solana/kit';
import { type BatchSettled, eventsOf, type TransfersSettled } from '../../program/client/index.ts';
import { backoffMs } from '../backoff.ts';
import type { ChainReader } from '../chain/reader.ts';
import { call } from '../chain/rpc.ts';
import { SYSTEM_CLOCK } from '../clock.ts';
import { CasinoError } from '../errors.ts';

/** Signatures of one page: the most that a node gives. */
const PAGE = 1_000;
/** Transactions that are looked through at the most: a house with more since its backup needs more than this command. */
const MAX_TRANSACTIONS = 1_000_000;

/** How often a look at the chain is tried. */
const MAX_TRIES = 6;
const PAUSES = { firstMs: 200, mostMs: 5_000 };

/** A settlement that landed for good. */
export interface SettledStep {
  signature: string;
  /** Time of its block, in ms since the epoch. */
  timeMs: number;
  event: BatchSettled | TransfersSettled;
}

/** Which settlements are asked for: batches and transfers with numbers from .. to, both included; none where from is beyond to. */
export interface Wanted {
  batches: { from: bigint; to: bigint };
  transfers: { from: bigint; to: bigint };
}

/**
 * What the house's finalized transactions have settled of what is wanted, oldest first. `CHAIN_UNREACHABLE` if the node does not show all
 * of it.
 */
export async function settledSteps(
  reader: ChainReader,
  wanted: Wanted,
  onProgress: (transactions: number) => void,
): Promise<SettledStep[]> {
  const missing = new Missing(wanted);
  const steps: SettledStep[] = [];
  let looked = 0;
  for await (const { signature, blockTime } of signatures(reader)) {
    if (!missing.any || looked === MAX_TRANSACTIONS) break;
    looked += 1;
    // Newest first, like the signatures: the whole list is turned round at the end.
    for (const event of (await eventsOfTransaction(reader, signature)).reverse()) {
      if (missing.take(event)) steps.push({ signature, timeMs: Number(blockTime ?? 0n) * 1_000, event });
    }
    onProgress(looked);
  }
  if (missing.any) {
    const way = 'use a node that keeps all transactions of the house';
    throw new CasinoError('CHAIN_UNREACHABLE', `the node does not show ${missing.description}: ${way}`);
  }
  return steps.reverse();
}

/** The house's finalized transactions that succeeded, newest first. */
async function* signatures(reader: ChainReader): AsyncGenerator<{ signature: Signature; blockTime: bigint | null }> {
  let before: Signature | undefined;
  do {
    const options = { commitment: 'finalized', limit: PAGE, ...(before && { before }) } as const;
    const page = await steadily(() => call(reader.rpc.getSignaturesForAddress(reader.house, options)));
    for (const { signature, err, blockTime } of page) if (!err) yield { signature, blockTime };
    before = page.at(-1)?.signature;
  } while (before !== undefined);
}

async function eventsOfTransaction(reader: ChainReader, signature: Signature): Promise<(BatchSettled | TransfersSettled)[]> {
  const options = { commitment: 'finalized', encoding: 'base64', maxSupportedTransactionVersion: 0 } as const;
  const transaction = await steadily(async () => {
    const found = await call(reader.rpc.getTransaction(signature, options));
    // Taken for one without events, it would have all older ones looked through in vain.
    if (!found) throw new CasinoError('CHAIN_UNREACHABLE', `the node lists ${signature} and does not show it`);
    return found;
  });
  const events = eventsOf(transaction.meta?.logMessages ?? [], reader.program);
  return events.flatMap((event) => {
    const settles = event.name === 'BatchSettled' || event.name === 'TransfersSettled';
    return settles && event.house === reader.house ? [event] : [];
  });
}

/** One broken connection among thousands of looks is no reason to begin anew with the first. */
async function steadily<T>(look: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await look();
    } catch (error) {
      if (tries === MAX_TRIES || !(error instanceof CasinoError) || error.code !== 'CHAIN_UNREACHABLE') throw error;
      const pauseMs = backoffMs(tries, { ...PAUSES, random: SYSTEM_CLOCK.random() });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** Which numbers have not been found yet. */
class Missing {
  readonly #batches: Set<bigint>;
  readonly #transfers: Set<bigint>;

  constructor({ batches, transfers }: Wanted) {
    this.#batches = new Set(numbers(batches));
    this.#transfers = new Set(numbers(transfers));
  }

  get any(): boolean {
    return this.#batches.size > 0 || this.#transfers.size > 0;
  }

  get description(): string {
    const [batch] = this.#batches;
    return batch !== undefined ? `batch ${batch}` : `transfer ${[...this.#transfers][0]}`;
  }

  /** Whether it was asked for, once. */
  take(event: BatchSettled | TransfersSettled): boolean {
    return event.name === 'BatchSettled' ? this.#batches.delete(event.batchNumber) : this.#transfers.delete(event.transferNumber);
  }
}

function* numbers({ from, to }: { from: bigint; to: bigint }): Generator<bigint> {
  for (let number = from; number <= to; number += 1n) yield number;
}
