import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { getBase58Decoder } from '@solana/kit';
import type { Logger } from 'pino';
import { verifyEddsaPoseidon } from '../native/index.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { fieldToBytes } from '../protocol/field.ts';
import { useKernel } from '../protocol/kernel.ts';
import { Admission } from './admission/admission.ts';
import { VaultBook } from './admission/book.ts';
import { SeedBook, TermsBook } from './admission/seeds.ts';
import { ReceiptSigner } from './admission/signer.ts';
import { EventFeed } from './api/feed.ts';
import { type ApiServer, createApi } from './api/server.ts';
import { BlobStore } from './blobs/store.ts';
import { type BatchAccounts, BatchPacketLimit, deriveBatchAccounts } from './chain/batch-transaction.ts';
import { LookupTables } from './chain/lookup-tables.ts';
import { connectRpc } from './chain/rpc.ts';
import { type Leader, SolanaSettlementChain } from './chain/settlement-chain.ts';
import { ChainWatcher } from './chain/watcher.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { Config } from './config.ts';
import { CasinoError } from './errors.ts';
import { addressBytes } from './ledger/addresses.ts';
import { Ledger } from './ledger/ledger.ts';
import { writeFileDurably } from './operations/files.ts';
import { Gate } from './operations/gate.ts';
import { type OpenedHouse, openHouse } from './operations/house-setup.ts';
import { loadOperatorKeys, type OperatorKeys } from './operations/keys.ts';
import { takeLead } from './operations/leadership.ts';
import { Monitor } from './operations/monitor.ts';
import { reportJson } from './operations/reconcile.ts';
import { SolanaReconciliationChain } from './operations/reconcile-chain.ts';
import { Reconciler } from './operations/reconciler.ts';
import { NATIVE_KERNEL } from './prover/native-kernel.ts';
import { ProverPool } from './prover/prover.ts';
import { loadDevelopmentKeys, type ProvingKey } from './prover/proving-keys.ts';
import { UnfinishedBatches } from './settlement/batches.ts';
import { BatchBuilder } from './settlement/builder.ts';
import type { BatchSize } from './settlement/planner.ts';
import { Settlement } from './settlement/settlement.ts';
import { withdrawUnprovable } from './settlement/unprovable.ts';

export interface Service {
  url: string;
  stop(): Promise<void>;
}

interface Context {
  config: Config;
  log: Logger;
  ledger: Ledger;
  keys: OperatorKeys;
  opened: OpenedHouse;
  provingKeys: ProvingKey[];
  batchAccounts: BatchAccounts;
}

/** Where everything that lasts is kept. */
export const dataPaths = (directory: string) => ({
  ledger: join(directory, 'ledger.db'),
  keys: join(directory, 'keys'),
  provingKeys: join(directory, 'proving-keys'),
  tables: join(directory, 'proving-keys', 'tables'),
  blobs: join(directory, 'blobs'),
  /** The newest reconciliation report, as JSON. */
  reconciliation: join(directory, 'reconciliation.json'),
});

/**
 * Starts the whole service: opens the ledger, compares it and the keys with the chain, takes the lead, resumes settlement, and only
 * then answers bettors. `onFatal` is called when it can not go on.
 */
export async function startService(options: {
  config: Config;
  log: Logger;
  onProgress(message: string): void;
  onFatal(error: CasinoError): void;
}): Promise<Service> {
  const { config, log, onProgress, onFatal } = options;
  useKernel(NATIVE_KERNEL);
  mkdirSync(config.dataDirectory, { recursive: true });
  const paths = dataPaths(config.dataDirectory);
  const ledger = await Ledger.open({ path: paths.ledger, onFailure: onFatal });
  try {
    const keys = await loadOperatorKeys(paths.keys);
    const provingKeys = await loadDevelopmentKeys(paths.provingKeys, { circuits: config.circuits, onProgress });
    const rpc = connectRpc(config.rpcUrl);
    const house = { ...config, rpc, keys, keysDirectory: paths.keys, provingKeys, nowMs: () => performance.now(), onProgress };
    const opened = await openHouse(house);
    await bindLedger(ledger, opened);
    const batchAccounts = await deriveBatchAccounts({
      program: config.program,
      house: opened.reader.house,
      termsIds: opened.terms.map(({ id }) => id),
      vkIds: provingKeys.map(({ vkId }) => vkId),
    });
    return await run({ config, log, ledger, keys, opened, provingKeys, batchAccounts }, { onProgress, onFatal });
  } catch (error) {
    await ledger.close().catch(() => {});
    throw error;
  }
}

/** A ledger belongs to one house on one chain, for ever. */
async function bindLedger(ledger: Ledger, { reader, genesisHash }: OpenedHouse): Promise<void> {
  const identity = `${reader.program}/${reader.house}/${getBase58Decoder().decode(genesisHash)}`;
  const known = ledger.read.meta('identity');
  if (known === undefined) await ledger.commit([{ kind: 'meta', key: 'identity', value: identity }]);
  else if (known !== identity) {
    throw new CasinoError('CHAIN_MISMATCH', `the ledger belongs to ${known} (program/house/genesis), this chain has ${identity}`);
  }
}

async function run(
  context: Context,
  hooks: { onProgress(message: string): void; onFatal(error: CasinoError): void },
): Promise<Service> {
  const { config, log, ledger, keys, opened } = context;
  const { reader, domain } = opened;
  const terms = new TermsBook(opened.terms, opened.currentTerms);
  const feed = new EventFeed();
  const onChange = feed.vaultChanged.bind(feed);
  const book = new VaultBook({ ledger, terms, domain, house: reader.house, onChange });
  hooks.onProgress('taking the lead');
  const leader = await takeLead({ reader, ledger, settler: keys.settler });
  // First what the chain shows is taken in: an exit that happened while the service was down is no difference.
  await book.observe(await reader.view());
  const reconciler = makeReconciler(context, book);
  await reconciler.run();
  const fundsDiffer = () => reconciler.fundsDiffer;
  const gate = new Gate({ leader, slotMs: config.slotMs, nowMs: () => performance.now(), fundsDiffer });
  const settlement = await startSettlement(context, { book, terms, leader, feed, onFatal: hooks.onFatal });
  const signer = new ReceiptSigner(keys.receiptSeed);
  const admission = new Admission({
    ledger,
    book,
    terms,
    seeds: new SeedBook(signer),
    signer,
    limits: {
      maxStakeUnits: config.maxStake / STAKE_UNIT,
      maxOpenBetsPerVault: config.maxOpenBetsPerVault,
      maxOpenBets: () => settlement.maxOpenBets(),
    },
    verifySignature: (publicKey, signature, message) => verifyEddsaPoseidon({ publicKey, signature, message }),
    stopped: (view) => gate.stopped(view),
    nowMs: Date.now,
  });
  const { loops, unfinished, pool } = settlement;
  const sizes = context.provingKeys.map(({ circuit }) => circuit.name);
  const ledgerPath = dataPaths(config.dataDirectory).ledger;
  const watched = { book, gate, ledger, ledgerPath, settlement: loops, unfinished, pool, sizes, reconciler };
  const monitor = new Monitor({ ...watched, config, log, rpc: reader.rpc, settler: keys.settler.address });
  monitor.start();
  const watcher = new ChainWatcher({
    reader,
    pollMs: config.pollMs,
    log,
    onView: (view) => {
      monitor.chainAnswered();
      return book.observe(view);
    },
    onFatal: hooks.onFatal,
  });
  watcher.start();
  reconciler.start();
  const api = await createApi({
    parts: {
      admission,
      book,
      read: ledger.read,
      onBet: (owner, answer) => feed.betTaken(owner, answer),
      house: () => houseJson(context, { book, terms }),
      health: () => monitor.health(),
      reconciliation: () => reconciler.report,
    },
    feed,
    requestsPerMinute: config.requestsPerMinute,
    log,
  });
  const url = await api.listen({ host: config.host, port: config.port });
  return { url, stop: () => stopAll({ api, feed, watcher, monitor, reconciler, settlement, ledger }) };
}

function makeReconciler({ config, log, ledger, opened }: Context, book: VaultBook): Reconciler {
  const path = dataPaths(config.dataDirectory).reconciliation;
  return new Reconciler({
    chain: new SolanaReconciliationChain(opened.reader, () => book.view?.finalized.slot ?? 0n),
    read: ledger.read,
    everyMs: config.reconcileEveryMs,
    nowMs: Date.now,
    log,
    save: (report) => writeFileDurably(path, new TextEncoder().encode(`${JSON.stringify(reportJson(report), null, 2)}\n`)),
  });
}

interface RunningSettlement {
  loops: Settlement;
  unfinished: UnfinishedBatches;
  pool: ProverPool;
  tables: LookupTables;
  maxOpenBets(): number;
}

/** Proving rate that is assumed until one is measured, in bets a second. */
const ASSUMED_BETS_PER_SECOND = 5;

async function startSettlement(
  context: Context,
  parts: { book: VaultBook; terms: TermsBook; leader: Leader; feed: EventFeed; onFatal(error: CasinoError): void },
): Promise<RunningSettlement> {
  const { config, log, ledger, keys, opened, provingKeys } = context;
  const { reader, domain } = opened;
  const { book, terms, leader, feed } = parts;
  const pool = new ProverPool(config.proofs ? provingKeys : [], {
    threads: config.proverThreads,
    tableCache: dataPaths(config.dataDirectory).tables,
    log,
    onFatal: parts.onFatal,
  });
  const unfinished = new UnfinishedBatches({
    ledger,
    clock: SYSTEM_CLOCK,
    onChange: (batch) => {
      if (batch.state === 'Finalized') feed.batchFinalized(batch);
    },
  });
  const sizes = batchSizes(context);
  const tables = lookupTables(context, terms);
  const blobs = new BlobStore(dataPaths(config.dataDirectory).blobs);
  const house = addressBytes(reader.house);
  const packet = new BatchPacketLimit({
    program: reader.program,
    settler: keys.settler,
    accounts: context.batchAccounts,
    tables,
  });
  const builder = new BatchBuilder({ read: ledger.read, book, terms, blobs, sizes, packet, domain, house });
  const chain = new SolanaSettlementChain({ reader, settler: keys.settler, leader: () => leader, tables });
  const { batchWaitMs, batchThreshold, pollMs, proofs, parallelProofs } = config;
  const loops = new Settlement({
    chain,
    unfinished,
    builder,
    book,
    ledger,
    proofs,
    provers: pool.provers,
    parallelProofs,
    batchWaitMs,
    batchThreshold,
    pollMs,
    clock: SYSTEM_CLOCK,
    log,
  });
  await withdrawUnprovable(unfinished, sizes);
  tables.start();
  loops.start();
  const exitSeconds = () => (Number(book.view?.finalized.house.exitDelaySlots ?? 0n) * config.slotMs) / 1_000;
  const maxOpenBets = () => Math.floor(((loops.betsPerSecond ?? ASSUMED_BETS_PER_SECOND) * exitSeconds()) / 4);
  return { loops, unfinished, pool, tables, maxOpenBets };
}

/** The sizes whose keys are loaded, smallest first. */
function batchSizes({ provingKeys }: Context): BatchSize[] {
  return provingKeys.map(({ circuit: { name, maxBets, maxVaults }, vkId }) => ({ name, vkId, maxBets, maxVaults }));
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

function houseJson({ config, opened }: Context, { book, terms }: { book: VaultBook; terms: TermsBook }) {
  const house = book.view?.finalized.house;
  if (!house) throw new CasinoError('NOT_LEADING', 'the chain has not been read yet');
  const { id, profitBps, vrfCommitment } = terms.current;
  return {
    house: house.address,
    program: opened.reader.program,
    genesis_hash: getBase58Decoder().decode(opened.genesisHash),
    receipt_key: house.receiptKey,
    terms: { id, profit_bps: profitBps, vrf_commitment: Buffer.from(fieldToBytes(vrfCommitment)).toString('hex') },
    max_stake: config.maxStake.toString(),
    balance: house.balance.toString(),
    exposure: book.exposure.toString(),
    open_bets: book.openBets,
    last_batch: house.lastBatch.toString(),
    development_keys: true,
  };
}

/** Stops in the order in which data flows: no new bets, then no new batches, then the ledger. */
async function stopAll(parts: {
  api: ApiServer;
  feed: EventFeed;
  watcher: ChainWatcher;
  monitor: Monitor;
  reconciler: Reconciler;
  settlement: RunningSettlement;
  ledger: Ledger;
}): Promise<void> {
  parts.feed.closeAll();
  await parts.api.close();
  await parts.monitor.stop();
  await parts.reconciler.stop();
  await parts.watcher.stop();
  await parts.settlement.loops.stop();
  await parts.settlement.tables.stop();
  await parts.settlement.pool.stop();
  await parts.ledger.close();
}
