import type { Logger } from 'pino';
import { compareBytes } from '../protocol/bytes.ts';
import { Admission } from '../sequencer/admission/admission.ts';
import { VaultBook } from '../sequencer/admission/book.ts';
import { Archiver } from '../sequencer/archive/archiver.ts';
import type { ArchiveFiles } from '../sequencer/archive/files.ts';
import type { RemoteBlobStore } from '../sequencer/blobs/remote-store.ts';
import type { BlobStore } from '../sequencer/blobs/store.ts';
import type { ChainView } from '../sequencer/chain/view.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { addressBytes } from '../sequencer/ledger/addresses.ts';
import type { LedgerPort } from '../sequencer/ledger/ledger.ts';
import { fenceOf } from '../sequencer/ledger/stale.ts';
import { Gate } from '../sequencer/operations/gate.ts';
import type { BatchProver } from '../sequencer/settlement/batch-prover.ts';
import { UnfinishedBatches } from '../sequencer/settlement/batches.ts';
import { BatchBuilder } from '../sequencer/settlement/builder.ts';
import type { PacketLimit } from '../sequencer/settlement/packet-limit.ts';
import { BlobPublisher } from '../sequencer/settlement/publisher.ts';
import { Settlement } from '../sequencer/settlement/settlement.ts';
import type { Life } from './life.ts';
import type { SimulatedNode } from './node.ts';
import { DOMAIN, HOUSE, SEEDS, SIGNER, SIZES, signatureOf, TERMS_BOOK } from './people.ts';
import type { Scheduler } from './scheduler.ts';

export const SLOT_MS = 400;
const POLL_MS = 500;
/** Settled bets soon leave the ledger, a few at a time: whoever asks for them must not notice. */
const ARCHIVING = { archiveAfterMs: 3_000, leastBets: 4, mostBets: 60 };
const LIMITS = { maxStakeUnits: 50n, maxOpenBetsPerVault: 10, maxOpenBets: () => 24 };
/** Waits for its own transaction to be final. */
const FINALITY_TIMEOUT_MS = 120_000;

export interface Parts {
  life: Life;
  scheduler: Scheduler;
  ledger: LedgerPort;
  archives: ArchiveFiles;
  blobs: Pick<BlobStore, 'put' | 'get'>;
  /** Where blobs are published besides. */
  store: RemoteBlobStore;
  packet: PacketLimit;
  provers: BatchProver[];
  log: Logger;
  node(leader: () => Pair): SimulatedNode;
  /** Makes the nonce of a leader pair. */
  nonce(): bigint;
}

interface Pair {
  epoch: bigint;
  nonce: bigint;
}

/** A sequencer that takes bets. */
export interface RunningSequencer {
  life: Life;
  ledger: LedgerPort;
  admission: Admission;
  book: VaultBook;
  settlement: Settlement;
  unfinished: UnfinishedBatches;
}

/**
 * Starts the real stages in the order of `startService`, over the simulated world. Rejects with what makes the process end. `onReady` is
 * called once bets are taken; the chain is then looked at until the life ends.
 */
export async function runSequencer(parts: Parts, onReady: (running: RunningSequencer) => void): Promise<never> {
  const { life, ledger } = parts;
  let pair: Pair = { epoch: 0n, nonce: 0n };
  const node = parts.node(() => pair);
  const book = new VaultBook({
    ledger,
    terms: TERMS_BOOK,
    domain: DOMAIN,
    house: HOUSE,
    onChange: ({ address }, { type }) => parts.scheduler.trace(`${life.name}: ${address} ${type}`),
  });
  pair = await takeLead(parts, node);
  const nowMs = () => parts.scheduler.nowMs;
  const look = async () => book.observe(await node.view(nowMs));
  await look();
  const running = { life, ledger, book, ...startStages(parts, { node, book, pair }) };
  onReady(running);
  for (;;) {
    await life.wait(POLL_MS, 'poll', () => {});
    await look().catch((error: unknown) => {
      if (error instanceof CasinoError && !error.retry) throw error;
      parts.scheduler.trace(`${life.name}: the chain could not be read (${messageOf(error)})`);
    });
  }
}

function startStages(parts: Parts, input: { node: SimulatedNode; book: VaultBook; pair: Pair }) {
  const { life, ledger, blobs, store, packet, provers, log, scheduler } = parts;
  const { node: chain, book, pair } = input;
  const { clock } = life;
  const unfinished = new UnfinishedBatches({
    ledger,
    clock,
    onChange: ({ batchNumber, state }, change) =>
      scheduler.trace(`${life.name}: batch ${batchNumber} is ${change === 'withdrawn' ? 'taken back' : state}`),
  });
  const house = addressBytes(HOUSE);
  const sources = { read: ledger.read, book, terms: TERMS_BOOK, blobs, packet };
  const builder = new BatchBuilder({ ...sources, sizes: SIZES, domain: DOMAIN, house });
  const publisher = new BlobPublisher({ stores: [store], bytesOf: builder.blobBytes.bind(builder), clock, log });
  const timing = { batchWaitMs: 300, batchThreshold: 4, pollMs: POLL_MS, slotMs: SLOT_MS, parallelProofs: 2, clock };
  const settlement = new Settlement({
    chain,
    unfinished,
    builder,
    publisher,
    book,
    ledger,
    proofs: true,
    provers,
    ...timing,
    log,
  });
  const gate = new Gate({ leader: pair, slotMs: SLOT_MS, nowMs: () => scheduler.nowMs, fundsDiffer: () => false });
  const admission = new Admission({
    ledger,
    book,
    terms: TERMS_BOOK,
    seeds: SEEDS,
    signer: SIGNER,
    limits: LIMITS,
    verifySignature: (key, signature, head) => compareBytes(signature, signatureOf(key, head)) === 0,
    stopped: (view: ChainView) => gate.stopped(view),
    fence: fenceOf(ledger.read),
    onStale: (error) => {
      throw error;
    },
    nowMs: clock.nowMs,
  });
  settlement.start();
  new Archiver({ ledger, files: parts.archives, clock, log, ...ARCHIVING }).start();
  return { admission, settlement, unfinished };
}

/** The steps of `operations/leadership.ts`, which speaks JSON-RPC, over the model. */
async function takeLead({ life, ledger, nonce, scheduler }: Parts, node: SimulatedNode): Promise<Pair> {
  const house = await node.house();
  const recorded = ledger.read.leaders();
  const lastFinalized = recorded.findLast(({ finalized }) => finalized)?.epoch ?? 0n;
  const fresh = house.leaderEpoch === 0n && lastFinalized === 0n;
  const known = recorded.some(
    ({ epoch, nonce: own }) => epoch >= lastFinalized && epoch === house.leaderEpoch && own === house.leaderNonce,
  );
  if (!fresh && !known) throw new CasinoError('LEDGER_STALE', 'the house has been led with another ledger since');
  if (house.lastBatch > ledger.read.lastBatchNumber()) {
    throw new CasinoError('LEDGER_STALE', `the chain has settled batch ${house.lastBatch}, the ledger lacks it`);
  }
  const leader = { epoch: house.leaderEpoch + 1n, nonce: nonce() };
  await ledger.commit([{ kind: 'leader', leader: { ...leader, finalized: false } }]);
  const { bytes, signature } = await node.signAdvance(house.leaderEpoch, leader);
  await node.send(bytes);
  const deadlineMs = scheduler.nowMs + FINALITY_TIMEOUT_MS;
  for (;;) {
    const state = await node.status(signature);
    if (state?.failure) throw new CasinoError('SETTLEMENT_REJECTED', `${signature} failed: ${state.failure}`);
    if (state?.commitment === 'finalized') break;
    if (scheduler.nowMs > deadlineMs) throw new CasinoError('CHAIN_UNREACHABLE', `${signature} was not finalized`);
    await life.wait(POLL_MS, 'poll', () => {});
  }
  const after = await node.house();
  if (after.leaderEpoch !== leader.epoch || after.leaderNonce !== leader.nonce) {
    throw new CasinoError('NOT_LEADING', 'another process took the lead of the house');
  }
  await ledger.commit([{ kind: 'leader', leader: { ...leader, finalized: true } }]);
  scheduler.trace(`${life.name}: leads with epoch ${leader.epoch}`);
  return leader;
}
