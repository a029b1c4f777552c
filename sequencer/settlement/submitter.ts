import { compareBytes } from '../../protocol/bytes.ts';
import type { Clock } from '../clock.ts';
import { CasinoError } from '../errors.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { UnfinishedBatches } from './batches.ts';
import type { BatchBuilder } from './builder.ts';
import type { SettlementChain } from './chain-port.ts';
import { outcomesOf } from './planner.ts';

/** A batch whose dry runs failed at least this often, and whose bytes are dead, is rejected instead of signed again. */
const MAX_FAILED_SENDS = 3;
/** The same bytes are sent again this often until they are seen. */
const RESEND_EVERY_MS = 2_000;

export interface SubmitterOptions {
  chain: SettlementChain;
  unfinished: UnfinishedBatches;
  builder: BatchBuilder;
  clock: Clock;
  /** Waits for the next look at the chain; rejects once the service stops. */
  pause(): Promise<void>;
}

/**
 * Brings one proved batch onto the chain. The signed bytes, their signature and their last valid height are durable before they are
 * sent, and other bytes are signed only when these can no longer land: after their height, or when the finalized house
 * shows another leader pair than they carry.
 */
export class Submitter {
  readonly #o: SubmitterOptions;

  constructor(options: SubmitterOptions) {
    this.#o = options;
  }

  /**
   * Resolves when the batch is Confirmed; `SETTLEMENT_REJECTED` if the chain does not take it: its transaction landed and failed, or its
   * dry runs kept failing until its bytes could no longer land. Not before: bytes that are alive may land after all.
   */
  async settle(batch: BatchRecord): Promise<void> {
    const sending: Sending = { failures: 0, rejection: undefined, sentAtMs: Number.NEGATIVE_INFINITY };
    while (this.#o.unfinished.has(batch)) {
      if (await this.#confirm(batch)) return;
      if (batch.state === 'Proved' || (await this.canNeverLand(batch))) await this.#signUnlessSettled(batch, sending);
      await this.#sendIfDue(batch, sending);
      await this.#o.pause();
    }
  }

  /**
   * Looks again at a Confirmed batch: true once it is finalized. One that a fork took back returns to Submitted.
   */
  async finalize(batch: BatchRecord): Promise<boolean> {
    const state = await this.#o.chain.status(batch.signature as string);
    if (state?.commitment === 'finalized' && !state.failure) {
      const progress = { finalizedAtMs: this.#o.clock.nowMs() };
      await this.#o.unfinished.move(batch, { to: 'Finalized', reason: 'finalized on chain', progress });
      return true;
    }
    // A node that is behind shows nothing either: only a house without the batch tells of a fork.
    if ((!state || state.failure) && (await this.#o.chain.lastBatch()) < batch.batchNumber) {
      await this.#o.unfinished.move(batch, { to: 'Submitted', reason: 'a fork took the confirmation back' });
    }
    return false;
  }

  /** Moves the batch to Confirmed if the chain shows it; throws if its transaction landed and failed. */
  async #confirm(batch: BatchRecord): Promise<boolean> {
    if (batch.state !== 'Submitted' || !batch.signature) return false;
    const { chain, unfinished } = this.#o;
    const state = await chain.status(batch.signature);
    if (state?.failure && state.commitment !== 'processed') {
      throw new CasinoError('SETTLEMENT_REJECTED', `the transaction failed on chain: ${state.failure}`);
    }
    if (!state || state.failure || state.commitment === 'processed') return false;
    const landed = await chain.landedBatch(batch.signature);
    if (!landed || (await chain.lastBatch()) < batch.batchNumber) return false;
    if (landed.batchNumber !== batch.batchNumber || compareBytes(landed.blobHash, batch.blobHash) !== 0) {
      throw new CasinoError('CHAIN_MISMATCH', `${batch.signature} settled another batch than ${batch.batchNumber}`);
    }
    const progress = { computeUnits: landed.computeUnits, confirmedAtMs: this.#o.clock.nowMs() };
    await unfinished.move(batch, { to: 'Confirmed', reason: 'confirmed on chain', progress });
    return true;
  }

  /** Whether the stored bytes are dead: past their height or fenced off, and unseen at a last look. */
  async canNeverLand(batch: BatchRecord): Promise<boolean> {
    const { chain } = this.#o;
    if (!batch.signature || !batch.transaction) return false;
    const leader = await chain.finalizedLeader();
    const fenced = leader.epoch !== batch.leaderEpoch || leader.nonce !== batch.leaderNonce;
    if (!fenced && (await chain.blockHeight()) <= (batch.lastValidBlockHeight as bigint)) return false;
    return (await chain.status(batch.signature)) === undefined;
  }

  /**
   * Signs the batch, unless its number is settled already: then by earlier bytes of ours, whose signature is taken over as soon as the
   * chain names it.
   */
  async #signUnlessSettled(batch: BatchRecord, sending: Sending): Promise<void> {
    const { chain, unfinished } = this.#o;
    if ((await chain.lastBatch()) < batch.batchNumber) {
      if (sending.rejection && sending.failures >= MAX_FAILED_SENDS) throw sending.rejection;
      await this.#sign(batch);
      sending.sentAtMs = Number.NEGATIVE_INFINITY;
      return;
    }
    const signature = await chain.findBatch(batch.batchNumber);
    const landed = signature && (await chain.landedBatch(signature));
    if (!signature || !landed) return;
    if (compareBytes(landed.blobHash, batch.blobHash) !== 0) {
      throw new CasinoError('CHAIN_MISMATCH', `batch ${batch.batchNumber} was settled with another blob`);
    }
    await unfinished.move(batch, { to: 'Submitted', reason: 'found on chain', progress: { signature } });
  }

  async #sign(batch: BatchRecord): Promise<void> {
    const { chain, unfinished, builder } = this.#o;
    const { vkId, batchNumber, termsId, blobHash, runs } = batch;
    const proof = batch.proof as Uint8Array;
    const signed = await chain.signBatch({
      vkId,
      batchNumber,
      termsId,
      blobHash,
      runs,
      proof,
      maxBets: builder.maxBets(batch),
      outcomes: outcomesOf(batch.outcomes, batch.betCount),
    });
    const { signature, lastValidBlockHeight, leaderEpoch, leaderNonce } = signed;
    const progress = { transaction: signed.bytes, signature, lastValidBlockHeight, leaderEpoch, leaderNonce };
    const reason = batch.state === 'Proved' ? 'signed' : 'signed again: the earlier bytes can no longer land';
    await unfinished.move(batch, { to: 'Submitted', reason, progress, attempt: batch.attempt + 1 });
  }

  /** Sends the stored bytes every so often. A failed dry run is noted; it is no proof of anything. */
  async #sendIfDue(batch: BatchRecord, sending: Sending): Promise<void> {
    if (!batch.transaction || this.#o.clock.nowMs() - sending.sentAtMs < RESEND_EVERY_MS) return;
    sending.sentAtMs = this.#o.clock.nowMs();
    const rejection = await this.#send(batch.transaction);
    sending.failures = rejection ? sending.failures + 1 : 0;
    sending.rejection = rejection;
  }

  /** Hands bytes over. Returns why a dry run failed; an unreachable chain is waited for. */
  async #send(transaction: Uint8Array): Promise<CasinoError | undefined> {
    try {
      await this.#o.chain.send(transaction);
      return undefined;
    } catch (error) {
      if (error instanceof CasinoError && error.code === 'SETTLEMENT_REJECTED') return error;
      if (error instanceof CasinoError && error.retry) return undefined;
      throw error;
    }
  }
}

/** How sending a batch has gone so far. */
interface Sending {
  /** Dry runs that failed in a row, and the last one's reason. */
  failures: number;
  rejection: CasinoError | undefined;
  sentAtMs: number;
}
