import type { VaultBook } from './admission/book.ts';
import type { TermsBook } from './admission/seeds.ts';
import type { EventFeed } from './api/feed.ts';
import { BatchPacketLimit } from './chain/batch-transaction.ts';
import { LookupTables } from './chain/lookup-tables.ts';
import { type Leader, SolanaSettlementChain } from './chain/settlement-chain.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { Context } from './context.ts';
import type { CasinoError } from './errors.ts';
import { addressBytes } from './ledger/addresses.ts';
import { NO_PROVERS, type RunningProvers } from './prover/proving.ts';
import { UnfinishedBatches } from './settlement/batches.ts';
import { BatchBuilder } from './settlement/builder.ts';
import type { BatchSize } from './settlement/planner.ts';
import { BlobPublisher } from './settlement/publisher.ts';
import { Settlement } from './settlement/settlement.ts';
import { withdrawUnprovable } from './settlement/unprovable.ts';

export interface RunningSettlement {
  loops: Settlement;
  unfinished: UnfinishedBatches;
  publisher: BlobPublisher;
  provers: RunningProvers;
  tables: LookupTables;
  maxOpenBets(): number;
}

/** Proving rate that is assumed until one is measured, in bets a second. */
const ASSUMED_BETS_PER_SECOND = 5;

/** Makes settlement, from the provers to the chain, and starts its loops; they go on where the last run ended. */
export async function startSettlement(
  context: Context,
  parts: { book: VaultBook; terms: TermsBook; leader: Leader; feed: EventFeed; onFatal(error: CasinoError): void },
): Promise<RunningSettlement> {
  const { config, log, ledger, keys, opened, proving, blobs } = context;
  const { reader, domain } = opened;
  const { book, terms, leader, feed } = parts;
  const provers = config.proofs ? proving.start({ log, onFatal: parts.onFatal }) : NO_PROVERS;
  const unfinished = new UnfinishedBatches({
    ledger,
    clock: SYSTEM_CLOCK,
    onChange: (batch, change) => feed.batchChanged(batch, change),
  });
  const sizes = batchSizes(context);
  const tables = lookupTables(context, terms);
  const house = addressBytes(reader.house);
  const packet = new BatchPacketLimit({
    program: reader.program,
    settler: keys.settler,
    accounts: context.batchAccounts,
    tables,
  });
  const builder = new BatchBuilder({ read: ledger.read, book, terms, blobs: blobs.own, sizes, packet, domain, house });
  const bytesOf = builder.blobBytes.bind(builder);
  const publisher = new BlobPublisher({ stores: blobs.remote, bytesOf, clock: SYSTEM_CLOCK, log });
  const chain = new SolanaSettlementChain({ reader, settler: keys.settler, leader: () => leader, tables });
  const { batchWaitMs, batchThreshold, pollMs, slotMs, proofs, parallelProofs } = config;
  const loops = new Settlement({
    chain,
    unfinished,
    builder,
    publisher,
    book,
    ledger,
    proofs,
    provers: provers.provers,
    parallelProofs,
    batchWaitMs,
    batchThreshold,
    pollMs,
    slotMs,
    clock: SYSTEM_CLOCK,
    log,
  });
  await withdrawUnprovable(unfinished, sizes);
  tables.start();
  loops.start();
  const exitSeconds = () => (Number(book.view?.finalized.house.exitDelaySlots ?? 0n) * config.slotMs) / 1_000;
  const maxOpenBets = () => Math.floor(((loops.betsPerSecond ?? ASSUMED_BETS_PER_SECOND) * exitSeconds()) / 4);
  return { loops, unfinished, publisher, provers, tables, maxOpenBets };
}

/** The sizes whose keys are loaded, smallest first. */
function batchSizes({ proving }: Context): BatchSize[] {
  return proving.keys.map(({ circuit: { name, maxBets, maxVaults }, vkId }) => ({ name, vkId, maxBets, maxVaults }));
}

function lookupTables({ opened, keys, ledger, log, batchAccounts }: Context, terms: TermsBook): LookupTables {
  const { house, verifyingKeys, terms: termsAddresses } = batchAccounts;
  const currentTerms = termsAddresses.get(terms.current.id);
  return new LookupTables({
    rpc: opened.reader.rpc,
    settler: keys.settler,
    ledger,
    constants: [house, ...(currentTerms ? [currentTerms] : []), ...verifyingKeys.values()],
    nowMs: Date.now,
    log,
  });
}
