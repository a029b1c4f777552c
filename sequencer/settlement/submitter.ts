import { compareBytes } from '../../protocol/bytes.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { UnfinishedBatches } from './batches.ts';
import type { BatchBuilder } from './builder.ts';
import type { SettlementChain } from './chain-port.ts';
import { outcomesOf } from './planner.ts';

/** Dry runs that may fail before a batch counts as rejected: a node may be behind the batch before. */
const MAX_FAILED_SENDS = 5;
/** The same bytes are sent again this often until they are seen. */
const RESEND_EVERY_MS = 2_000;

export interface SubmitterOptions {
  chain: SettlementChain;
  unfinished: UnfinishedBatches;
  builder: BatchBuilder;
  nowMs(): number;
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

  /** Resolves when the batch is Confirmed; `SETTLEMENT_REJECTED` if the chain does not take it. */
  async settle(batch: BatchRecord): Promise<void> {
    const sending = { failures: 0, sentAtMs: Number.NEGATIVE_INFINITY };
    while (this.#o.unfinished.has(batch)) {
      if (await this.#confirm(batch)) return;
      if (batch.state === 'Proved' || (await this.#canNeverLand(batch))) {
        if (await this.#adoptLanded(batch)) continue;
        await this.#sign(batch);
        sending.sentAtMs = Number.NEGATIVE_INFINITY;
      }
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
      const progress = { finalizedAtMs: this.#o.nowMs() };
      await this.#o.unfinished.move(batch, { to: 'Finalized', reason: 'finalized on chain', progress });
      return true;
    }
    if (!state || state.failure) {
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
    const progress = { computeUnits: landed.computeUnits, confirmedAtMs: this.#o.nowMs() };
    await unfinished.move(batch, { to: 'Confirmed', reason: 'confirmed on chain', progress });
    return true;
  }

  /** Whether the stored bytes are dead: past their height or fenced off, and unseen at a last look. */
  async #canNeverLand(batch: BatchRecord): Promise<boolean> {
    const { chain } = this.#o;
    const leader = await chain.finalizedLeader();
    const fenced = leader.epoch !== batch.leaderEpoch || leader.nonce !== batch.leaderNonce;
    if (!fenced && (await chain.blockHeight()) <= (batch.lastValidBlockHeight as bigint)) return false;
    return (await chain.status(batch.signature as string)) === undefined;
  }

  /** If the batch number is settled already, by earlier bytes of ours, takes that signature over. */
  async #adoptLanded(batch: BatchRecord): Promise<boolean> {
    const { chain, unfinished } = this.#o;
    if ((await chain.lastBatch()) < batch.batchNumber) return false;
    const signature = await chain.findBatch(batch.batchNumber);
    const landed = signature && (await chain.landedBatch(signature));
    if (!signature || !landed) return false;
    if (compareBytes(landed.blobHash, batch.blobHash) !== 0) {
      throw new CasinoError('CHAIN_MISMATCH', `batch ${batch.batchNumber} was settled with another blob`);
    }
    await unfinished.move(batch, { to: 'Submitted', reason: 'found on chain', progress: { signature } });
    return true;
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

  /** Sends the stored bytes every so often. Dry runs that keep failing, and nothing on chain after all, are a rejection. */
  async #sendIfDue(batch: BatchRecord, sending: { failures: number; sentAtMs: number }): Promise<void> {
    if (this.#o.nowMs() - sending.sentAtMs < RESEND_EVERY_MS) return;
    const rejection = await this.#send(batch);
    if (!rejection) {
      sending.failures = 0;
      sending.sentAtMs = this.#o.nowMs();
      return;
    }
    sending.failures += 1;
    if (sending.failures >= MAX_FAILED_SENDS && !(await this.#confirm(batch))) throw rejection;
  }

  /** Sends the stored bytes. A failed dry run is returned, for it is no proof of anything; an unreachable chain is waited for. */
  async #send(batch: BatchRecord): Promise<CasinoError | undefined> {
    try {
      await this.#o.chain.send(batch.transaction as Uint8Array);
      return undefined;
    } catch (error) {
      if (error instanceof CasinoError && error.code === 'SETTLEMENT_REJECTED') return error;
      if (error instanceof CasinoError && error.retry) return undefined;
      throw new CasinoError('SETTLEMENT_REJECTED', messageOf(error), { cause: error });
    }
  }
}
