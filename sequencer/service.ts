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
import { connectRpc } from './chain/rpc.ts';
import { type Leader, SolanaSettlementChain } from './chain/settlement-chain.ts';
import { ChainWatcher } from './chain/watcher.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { Config } from './config.ts';
import { CasinoError } from './errors.ts';
import { addressBytes } from './ledger/addresses.ts';
import { Ledger } from './ledger/ledger.ts';
import { Gate } from './operations/gate.ts';
import { healthOf } from './operations/health.ts';
import { type OpenedHouse, openHouse } from './operations/house-setup.ts';
import { loadOperatorKeys, type OperatorKeys } from './operations/keys.ts';
import { takeLead } from './operations/leadership.ts';
import { describeReport, reconcile } from './operations/reconcile.ts';
import { NATIVE_KERNEL } from './prover/native-kernel.ts';
import { ProverPool } from './prover/prover.ts';
import { loadDevelopmentKeys, type ProvingKey } from './prover/proving-keys.ts';
import { UnfinishedBatches } from './settlement/batches.ts';
import { BatchBuilder } from './settlement/builder.ts';
import { Settlement } from './settlement/settlement.ts';

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
}

/** Where everything that lasts is kept. */
export const dataPaths = (directory: string) => ({
  ledger: join(directory, 'ledger.db'),
  keys: join(directory, 'keys'),
  provingKeys: join(directory, 'proving-keys'),
  tables: join(directory, 'proving-keys', 'tables'),
  blobs: join(directory, 'blobs'),
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
    const provingKeys = await loadDevelopmentKeys(paths.provingKeys, onProgress);
    const rpc = connectRpc(config.rpcUrl);
    const house = { ...config, rpc, keys, keysDirectory: paths.keys, provingKeys, nowMs: () => performance.now(), onProgress };
    const opened = await openHouse(house);
    await bindLedger(ledger, opened);
    return await run({ config, log, ledger, keys, opened, provingKeys }, { onProgress, onFatal });
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
  const book = new VaultBook({ ledger, terms, domain, house: reader.house });
  const leader = await leadAndReconcile(context, hooks.onProgress);
  await book.observe(await reader.view());
  const gate = new Gate({
    leader: leader.pair,
    slotMs: config.slotMs,
    nowMs: () => performance.now(),
    discrepancies: leader.discrepancies,
  });
  const feed = new EventFeed();
  const settlement = startSettlement(context, { book, terms, leader: leader.pair, feed, onFatal: hooks.onFatal });
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
  const watcher = new ChainWatcher({
    reader,
    pollMs: config.pollMs,
    log,
    onView: (view) => book.observe(view),
    onFatal: hooks.onFatal,
  });
  watcher.start();
  const startedAtMs = Date.now();
  const api = await createApi({
    parts: {
      admission,
      book,
      read: ledger.read,
      onBet: (owner, answer) => feed.betTaken(owner, answer),
      house: () => houseJson(context, { book, terms }),
      health: () =>
        healthOf({ book, gate, settlement: settlement.loops, unfinished: settlement.unfinished, startedAtMs, nowMs: Date.now() }),
    },
    feed,
    requestsPerMinute: config.requestsPerMinute,
    log,
  });
  const url = await api.listen({ host: config.host, port: config.port });
  return { url, stop: () => stopAll({ api, feed, watcher, settlement, ledger }) };
}

async function leadAndReconcile(context: Context, onProgress: (message: string) => void) {
  const { ledger, keys, opened, log } = context;
  onProgress('taking the lead');
  const pair = await takeLead({ reader: opened.reader, ledger, settler: keys.settler });
  const report = await reconcile({ reader: opened.reader, read: ledger.read, nowMs: Date.now });
  const level = report.discrepancies.length > 0 ? 'error' : 'info';
  log[level]({ discrepancies: report.discrepancies }, describeReport(report));
  return { pair, discrepancies: report.discrepancies };
}

interface RunningSettlement {
  loops: Settlement;
  unfinished: UnfinishedBatches;
  pool: ProverPool;
  maxOpenBets(): number;
}

/** Proving rate that is assumed until one is measured, in bets a second. */
const ASSUMED_BETS_PER_SECOND = 5;

function startSettlement(
  context: Context,
  parts: { book: VaultBook; terms: TermsBook; leader: Leader; feed: EventFeed; onFatal(error: CasinoError): void },
): RunningSettlement {
  const { config, log, ledger, keys, opened, provingKeys } = context;
  const { reader, domain } = opened;
  const { book, terms, leader, feed } = parts;
  const pool = new ProverPool(provingKeys, {
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
  const sizes = provingKeys.map(({ circuit, vkId }) => ({
    name: circuit.name,
    vkId,
    maxBets: circuit.maxBets,
    maxVaults: circuit.maxVaults,
  }));
  const blobs = new BlobStore(dataPaths(config.dataDirectory).blobs);
  const house = addressBytes(reader.house);
  const builder = new BatchBuilder({ read: ledger.read, book, terms, blobs, sizes, domain, house });
  const chain = new SolanaSettlementChain({ reader, settler: keys.settler, leader: () => leader });
  const { batchWaitMs, batchThreshold, pollMs, parallelProofs } = config;
  const loops = new Settlement({
    chain,
    unfinished,
    builder,
    book,
    ledger,
    provers: pool.provers,
    parallelProofs,
    batchWaitMs,
    batchThreshold,
    pollMs,
    clock: SYSTEM_CLOCK,
    log,
  });
  loops.start();
  const exitSeconds = () => (Number(book.view?.finalized.house.exitDelaySlots ?? 0n) * config.slotMs) / 1_000;
  const maxOpenBets = () => Math.floor(((loops.betsPerSecond ?? ASSUMED_BETS_PER_SECOND) * exitSeconds()) / 4);
  return { loops, unfinished, pool, maxOpenBets };
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
  settlement: RunningSettlement;
  ledger: Ledger;
}): Promise<void> {
  parts.feed.closeAll();
  await parts.api.close();
  await parts.watcher.stop();
  await parts.settlement.loops.stop();
  await parts.settlement.pool.stop();
  await parts.ledger.close();
}
