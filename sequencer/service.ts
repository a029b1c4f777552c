import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type Address, getBase58Decoder } from '@solana/kit';
import type { Logger } from 'pino';
import { verifyEddsaPoseidon } from '../native/index.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { useKernel } from '../protocol/kernel.ts';
import { Admission } from './admission/admission.ts';
import { VaultBook } from './admission/book.ts';
import { SeedBook, TermsBook } from './admission/seeds.ts';
import { ReceiptSigner } from './admission/signer.ts';
import { EventFeed } from './api/feed.ts';
import { houseJson } from './api/house-json.ts';
import { type ApiServer, createApi } from './api/server.ts';
import { Archiver } from './archive/archiver.ts';
import { ArchiveDirectory } from './archive/files.ts';
import { openBlobStores } from './blobs/settings.ts';
import { BlobStore } from './blobs/store.ts';
import { deriveBatchAccounts } from './chain/batch-transaction.ts';
import { type ChainRpc, connectRpc } from './chain/rpc.ts';
import type { Leader } from './chain/settlement-chain.ts';
import { ChainWatcher } from './chain/watcher.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { Config } from './config.ts';
import { type Context, dataPaths } from './context.ts';
import { CasinoError } from './errors.ts';
import { Ledger } from './ledger/ledger.ts';
import { fenceOf, staleMark } from './ledger/stale.ts';
import { writeFileDurably } from './operations/files.ts';
import { Gate } from './operations/gate.ts';
import { keepReport, keepSettings } from './operations/history.ts';
import { HouseKeys } from './operations/house-keys.ts';
import { makeDevelopmentHouse } from './operations/house-making.ts';
import { findHouse, type OpenedHouse, openHouse } from './operations/house-setup.ts';
import { finishRotations } from './operations/key-rotation.ts';
import { loadOperatorKeys, type OperatorKeys, readOperatorKeys } from './operations/keys.ts';
import { takeLead } from './operations/leadership.ts';
import { Monitor } from './operations/monitor.ts';
import { NOTICES } from './operations/problems.ts';
import { reportJson } from './operations/reconcile.ts';
import { SolanaReconciliationChain } from './operations/reconcile-chain.ts';
import { Reconciler } from './operations/reconciler.ts';
import { NATIVE_KERNEL } from './prover/native-kernel.ts';
import { nativeProving, type Proving } from './prover/proving.ts';
import { recoverStale } from './recovery/recover.ts';
import { type RunningSettlement, startSettlement } from './settlement-stage.ts';

export interface Service {
  url: string;
  stop(): Promise<void>;
}

/**
 * Starts the whole service: opens the ledger, compares it and the keys with the chain, takes the lead, resumes settlement, and only
 * then answers bettors. `onFatal` is called when it can not go on.
 */
export async function startService(options: {
  config: Config;
  log: Logger;
  onProgress(message: string): void;
  onFatal(error: CasinoError): void;
  /** Make keys and house if they are missing, with lamports of the chain's faucet: for a chain of one's own, elsewhere `casino init` does. */
  makeHouse?: boolean;
  /** Instead of the keys that the settings name and their native provers. */
  proving?: Proving;
}): Promise<Service> {
  const { config, log, onProgress, onFatal } = options;
  useKernel(NATIVE_KERNEL);
  const remote = openBlobStores(config.blobStores, process.env);
  mkdirSync(config.dataDirectory, { recursive: true });
  const paths = dataPaths(config.dataDirectory);
  const ledger = await Ledger.open({ path: paths.ledger, onFailure: onFatal });
  try {
    const wasOpen = ledger.read.meta('identity') !== undefined;
    const { circuits, proverThreads: threads, rpcTimeoutMs, provingKeysDirectory: ceremonyKeys } = config;
    const rpc = connectRpc(config.rpcUrl, rpcTimeoutMs);
    const keys = await presentKeys(paths.keys, {
      rpc,
      program: config.program,
      // Of a house that exists the keys are there, or it is another's: fresh ones would be those of another house.
      load: options.makeHouse && !wasOpen ? loadOperatorKeys : readOperatorKeys,
    });
    const proving = options.proving ?? (await nativeProving({ paths, ceremonyKeys, circuits, threads, onProgress }));
    const { keys: provingKeys } = proving;
    const house = { ...config, rpc, keys, keysDirectory: paths.keys, provingKeys, nowMs: () => performance.now(), onProgress };
    if (options.makeHouse) await makeDevelopmentHouse(house);
    const opened = await openHouse({ ...house, wasOpen });
    await bindLedger(ledger, opened);
    await keepSettings(ledger, { config, timeMs: Date.now() });
    const blobs = { own: new BlobStore(paths.blobs), remote };
    onProgress('taking the lead');
    const stale = staleMark(ledger.read);
    const leader = await takeLead({ reader: opened.reader, ledger, settler: keys.settler, isStale: stale !== undefined });
    const led = stale ? await recoverStale({ stale, house, opened, leader, ledger, blobs, nowMs: Date.now, log }) : opened;
    const batchAccounts = await deriveBatchAccounts({
      program: config.program,
      house: led.reader.house,
      termsIds: led.terms.map(({ id }) => id),
      vkIds: provingKeys.map(({ vkId }) => vkId),
    });
    const context = { config, log, ledger, blobs, keys, opened: led, proving, batchAccounts };
    return await run(context, { leader, onFatal });
  } catch (error) {
    await ledger.close().catch(() => {});
    throw error;
  }
}

/** The operator's keys, those that a rotation has put into force on chain included. */
async function presentKeys(
  directory: string,
  { load, ...place }: { rpc: ChainRpc; program: Address; load: typeof loadOperatorKeys },
): Promise<OperatorKeys> {
  const keys = await load(directory);
  const house = await findHouse({ ...place, keys });
  return house && finishRotations(directory, house) ? load(directory) : keys;
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

async function run(context: Context, hooks: { leader: Leader; onFatal(error: CasinoError): void }): Promise<Service> {
  const { config, log, ledger, keys, opened } = context;
  const { reader, domain } = opened;
  const terms = new TermsBook(opened.terms, opened.currentTerms);
  const feed = new EventFeed(randomBytes(8).toString('hex'));
  const onChange = feed.vaultChanged.bind(feed);
  const book = new VaultBook({ ledger, terms, domain, house: reader.house, onChange });
  const { leader } = hooks;
  // First what the chain shows is taken in: an exit that happened while the service was down is no difference.
  await book.observe(await reader.view());
  const reconciler = makeReconciler(context, book);
  await reconciler.runFirst();
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
    fence: fenceOf(ledger.read),
    onStale: hooks.onFatal,
    nowMs: Date.now,
  });
  const { loops, unfinished, publisher, provers } = settlement;
  const files = new ArchiveDirectory(dataPaths(config.dataDirectory).archive);
  const archiver = new Archiver({ ledger, files, archiveAfterMs: config.archiveAfterMs, clock: SYSTEM_CLOCK, log });
  const sizes = context.proving.keys.map(({ circuit }) => circuit.name);
  const ledgerPath = dataPaths(config.dataDirectory).ledger;
  const houseKeys = new HouseKeys({ reader, keys: opened.verifyingKeys, log });
  const developmentKeys = () => book.view !== undefined && houseKeys.takesDevelopmentKeys(book.view.finalized.slot);
  if (developmentKeys()) log.warn({ notice: 'DEVELOPMENT_KEYS' }, NOTICES.DEVELOPMENT_KEYS);
  const parts = { book, gate, ledger, ledgerPath, settlement: loops, unfinished, publisher, provers, sizes, reconciler };
  const watched = { ...parts, archiver, developmentKeys };
  const monitor = new Monitor({ ...watched, config, log, rpc: reader.rpc, settler: keys.settler.address });
  monitor.start();
  const watcher = new ChainWatcher({
    reader,
    pollMs: config.pollMs,
    log,
    onView: async (view) => {
      monitor.chainAnswered();
      await book.observe(view);
      // Nothing that this process signs settles any more: the next start takes the key that took over.
      const settler = book.view?.finalized.house.settler;
      if (settler !== keys.settler.address) {
        hooks.onFatal(
          new CasinoError('NOT_LEADING', `the house's settler is ${settler} now: this process can not settle any more`),
        );
      }
    },
    onFatal: hooks.onFatal,
  });
  watcher.start();
  reconciler.start();
  archiver.start();
  houseKeys.start();
  const api = await createApi({
    parts: {
      admission,
      book,
      read: ledger.read,
      blobs: context.blobs.own,
      onBet: (owner, answer) => feed.betTaken(owner, answer),
      house: () => houseOf(context, { book, terms, houseKeys }),
      health: () => monitor.health(),
      reconciliation: () => reconciler.report,
    },
    feed,
    requestsPerMinute: config.requestsPerMinute,
    corsOrigins: config.corsOrigins,
    log,
  });
  const url = await api.listen({ host: config.host, port: config.port });
  return { url, stop: () => stopAll({ api, feed, watcher, monitor, reconciler, archiver, houseKeys, settlement, ledger }) };
}

function makeReconciler({ config, log, ledger, opened }: Context, book: VaultBook): Reconciler {
  const path = dataPaths(config.dataDirectory).reconciliation;
  return new Reconciler({
    chain: new SolanaReconciliationChain(opened.reader, { leastSlot: () => book.view?.finalized.slot ?? 0n }),
    read: ledger.read,
    everyMs: config.reconcileEveryMs,
    nowMs: Date.now,
    log,
    save: async (report) => {
      await keepReport(ledger, report);
      writeFileDurably(path, new TextEncoder().encode(`${JSON.stringify(reportJson(report), null, 2)}\n`));
    },
  });
}

function houseOf({ config, opened }: Context, parts: { book: VaultBook; terms: TermsBook; houseKeys: HouseKeys }) {
  const { book, terms, houseKeys } = parts;
  const { house, slot } = book.view?.finalized ?? {};
  if (!house || slot === undefined) throw new CasinoError('NOT_LEADING', 'the chain has not been read yet');
  return houseJson({
    ...{ house, program: opened.reader.program, genesisHash: opened.genesisHash, terms: terms.current },
    ...{ maxStake: config.maxStake, exposure: book.exposure, openBets: book.openBets },
    ...{ verifyingKeys: houseKeys.all, developmentKeys: houseKeys.takesDevelopmentKeys(slot) },
  });
}

/** Stops in the order in which data flows: no new bets, then no new batches, then the ledger. */
async function stopAll(parts: {
  api: ApiServer;
  feed: EventFeed;
  watcher: ChainWatcher;
  monitor: Monitor;
  reconciler: Reconciler;
  archiver: Archiver;
  houseKeys: HouseKeys;
  settlement: RunningSettlement;
  ledger: Ledger;
}): Promise<void> {
  parts.feed.closeAll();
  await parts.api.close();
  await parts.monitor.stop();
  await parts.reconciler.stop();
  await parts.archiver.stop();
  await parts.houseKeys.stop();
  await parts.watcher.stop();
  await parts.settlement.loops.stop();
  await parts.settlement.tables.stop();
  await parts.settlement.provers.stop();
  await parts.ledger.close();
}
