import type { Logger } from 'pino';
import { compareBytes } from '../../protocol/bytes.ts';
import type { Clock } from '../clock.ts';
import { CasinoError } from '../errors.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { UnfinishedBatches } from './batches.ts';
import type { BatchBuilder } from './builder.ts';
import type { BatchInstruction, DryRunFailure, SettlementChain } from './chain-port.ts';
import { outcomesOf } from './planner.ts';
import type { BlobPublisher } from './publisher.ts';

/** A batch that passes its dry runs and yet fails on chain this often is rejected. */
const MAX_FAILED_LANDINGS = 3;
/** What fails this often in a row, and is no vault's fault, is reported: a node that is a moment behind is not. */
const FAILURES_TO_REPORT = 3;
/** The same bytes are sent again this often until they are seen. */
const RESEND_EVERY_MS = 2_000;

export interface SubmitterOptions {
  chain: SettlementChain;
  unfinished: UnfinishedBatches;
  builder: BatchBuilder;
  publisher: Pick<BlobPublisher, 'isPublished' | 'isDelayed'>;
  clock: Clock;
  log: Logger;
  /** Waits for the next look at the chain, the longer the more often a step has failed; rejects once the service stops. */
  pause(failures: number): Promise<void>;
}

/** Why the chain does not take a batch; whether that is a matter of the vaults in it. */
export class BatchRejected extends Error {
  readonly scope: Exclude<DryRunFailure['scope'], 'house'>;

  constructor(reason: string, scope: Exclude<DryRunFailure['scope'], 'house'>) {
    super(reason);
    this.scope = scope;
  }
}

/** How submitting a batch has gone so far. */
interface Sending {
  /** Dry runs of sent bytes that failed in a row. */
  failedSends: number;
  /** Dry runs before signing that failed for the house's sake, in a row. */
  blocked: number;
  /** Signatures that landed and failed for good. */
  failedLandings: Set<string>;
  sentAtMs: number;
}

/**
 * Brings one proved batch onto the chain. A batch is dry-run before it is signed, so that one that can not settle is known as such
 * while no bytes of it exist; before either, its blob has been fetched back from every store. The signed bytes, their signature and their last valid height are durable before they are
 * sent, and other bytes are signed only when these can no longer land, by a state of the chain that no fork takes back.
 */
export class Submitter {
  readonly #o: SubmitterOptions;
  #problem: string | undefined;
  /** The batch of whose blob the trail says already that it is waited for. */
  #waiting: BatchRecord | undefined;

  constructor(options: SubmitterOptions) {
    this.#o = options;
  }

  /** What keeps the next batch from the chain and is no vault's fault, or undefined. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * True once the batch is Confirmed, false if it is no longer the next one. Throws `BatchRejected` if the chain does not take it; nothing of
   * it can land then.
   */
  async settle(batch: BatchRecord): Promise<boolean> {
    const sending: Sending = { failedSends: 0, blocked: 0, failedLandings: new Set(), sentAtMs: Number.NEGATIVE_INFINITY };
    while (this.#o.unfinished.next === batch) {
      if (await this.#confirm(batch)) break;
      const fate = await this.#fateOf(batch);
      if (fate === 'settled') await this.#takeOver(batch, sending);
      if (fate === 'failed') this.#countFailedLanding(batch, sending);
      if (fate === 'alive') await this.#sendIfDue(batch, sending);
      if (fate === 'unsigned' || fate === 'dead' || fate === 'failed') await this.#signAndSend(batch, sending);
      await this.#o.pause(sending.blocked);
    }
    this.#problem = undefined;
    return isConfirmed(batch);
  }

  /** Whether nothing of a batch can land any more, nor has: it was never signed, or its bytes are dead. */
  async isHarmless(batch: BatchRecord): Promise<boolean> {
    if (!batch.transaction) return true;
    const fate = await this.#fateOf(batch);
    return fate === 'unsigned' || fate === 'dead' || fate === 'failed';
  }

  /** Whether a Confirmed batch is final. */
  async isFinal(batch: BatchRecord): Promise<boolean> {
    const state = batch.signature && (await this.#o.chain.status(batch.signature));
    if (state) return state.commitment === 'finalized' && !state.failure;
    // A node without its history shows nothing: what was confirmed as ours is final once the finalized house has it.
    return (await this.#o.chain.finalizedHouse()).lastBatch >= batch.batchNumber;
  }

  /** Moves the batch to Confirmed if the chain shows it. */
  async #confirm(batch: BatchRecord): Promise<boolean> {
    if (batch.state !== 'Submitted' || !batch.signature) return false;
    const { chain, unfinished, clock } = this.#o;
    const state = await chain.status(batch.signature);
    if (!state || state.failure || state.commitment === 'processed') return false;
    const landed = await chain.landedBatch(batch.signature);
    if (!landed || (await chain.lastBatch()) < batch.batchNumber) return false;
    if (landed.batchNumber !== batch.batchNumber || compareBytes(landed.blobHash, batch.blobHash) !== 0) {
      throw new CasinoError('CHAIN_MISMATCH', `${batch.signature} settled another batch than ${batch.batchNumber}`);
    }
    const progress = { computeUnits: landed.computeUnits, confirmedAtMs: clock.nowMs() };
    await unfinished.move(batch, { to: 'Confirmed', reason: 'confirmed on chain', progress });
    return true;
  }

  /**
   * What can become of the stored bytes. They are dead when the finalized chain lacks the batch and is past their height, or past their
   * leader pair, and a last look at their status shows nothing; a failure counts when it is final, for a fork could still undo it.
   */
  async #fateOf(batch: BatchRecord): Promise<'unsigned' | 'alive' | 'dead' | 'failed' | 'settled'> {
    const { chain } = this.#o;
    const { signature, transaction, batchNumber } = batch;
    if (!signature || !transaction) return (await chain.lastBatch()) >= batchNumber ? 'settled' : 'unsigned';
    const house = await chain.finalizedHouse();
    if (house.lastBatch >= batchNumber) return 'settled';
    const [epoch, nonce] = [batch.leaderEpoch as bigint, batch.leaderNonce as bigint];
    // An older pair than the bytes carry is shown by a node that is behind: it says nothing.
    const fenced = house.leader.epoch > epoch || (house.leader.epoch === epoch && house.leader.nonce !== nonce);
    const expired = house.blockHeight > (batch.lastValidBlockHeight as bigint);
    const status = await chain.status(signature);
    if (status?.failure && status.commitment === 'finalized') return 'failed';
    return (fenced || expired) && status === undefined ? 'dead' : 'alive';
  }

  #countFailedLanding(batch: BatchRecord, sending: Sending): void {
    sending.failedLandings.add(batch.signature as string);
    if (sending.failedLandings.size < MAX_FAILED_LANDINGS) return;
    throw new BatchRejected(`transactions of batch ${batch.batchNumber} keep failing on chain`, 'vaults');
  }

  /**
   * The batch's number is settled: by bytes of ours, whose signature is taken over as soon as the chain names it. A node that has forgotten
   * it can still show the batch as the last one of the finalized house.
   */
  async #takeOver(batch: BatchRecord, sending: Sending): Promise<void> {
    const { chain, unfinished } = this.#o;
    const signature = await chain.findBatch(batch.batchNumber);
    const landed = signature && (await chain.landedBatch(signature));
    if (!signature || !landed) {
      const house = await chain.finalizedHouse();
      if (house.lastBatch === batch.batchNumber && compareBytes(house.lastBlobHash, batch.blobHash) === 0) {
        const progress = { confirmedAtMs: this.#o.clock.nowMs() };
        return unfinished.move(batch, { to: 'Confirmed', reason: 'shown by the finalized house', progress });
      }
      return this.#reportBlocked(batch, sending, 'its number is settled, and the node does not find the transaction that did it');
    }
    this.#reportBlocked(batch, sending, undefined);
    if (compareBytes(landed.blobHash, batch.blobHash) !== 0) {
      throw new CasinoError('CHAIN_MISMATCH', `batch ${batch.batchNumber} was settled with another blob`);
    }
    if (signature !== batch.signature) {
      return unfinished.move(batch, { to: 'Submitted', reason: 'found on chain', progress: { signature } });
    }
    const progress = { computeUnits: landed.computeUnits, confirmedAtMs: this.#o.clock.nowMs() };
    await unfinished.move(batch, { to: 'Confirmed', reason: 'found on chain', progress });
  }

  /** Signs and sends the batch if the chain would take it now. */
  async #signAndSend(batch: BatchRecord, sending: Sending): Promise<void> {
    const { chain, unfinished } = this.#o;
    // Its turn comes once the chain has the batch before it, which a fork may have taken back.
    if ((await chain.lastBatch()) !== batch.batchNumber - 1n) return;
    if (!this.#o.publisher.isPublished(batch)) return this.#waitForBlob(batch);
    const instruction = this.#instructionOf(batch);
    const failure = await this.#dryRun(instruction);
    if (failure && failure.scope !== 'house') throw new BatchRejected(failure.reason, failure.scope);
    this.#reportBlocked(batch, sending, failure?.reason);
    if (failure) return;
    const signed = await chain.signBatch(instruction);
    const { signature, lastValidBlockHeight, leaderEpoch, leaderNonce } = signed;
    const progress = { transaction: signed.bytes, signature, lastValidBlockHeight, leaderEpoch, leaderNonce };
    const reason = batch.state === 'Proved' ? 'signed' : 'signed again: the earlier bytes can no longer land';
    await unfinished.move(batch, { to: 'Submitted', reason, progress, attempt: batch.attempt + 1 });
    sending.sentAtMs = Number.NEGATIVE_INFINITY;
    await this.#sendIfDue(batch, sending);
  }

  /** Publishing goes on by itself; of one that does not go smoothly the batch's trail says so, once. */
  async #waitForBlob(batch: BatchRecord): Promise<void> {
    if (this.#waiting === batch || !this.#o.publisher.isDelayed(batch)) return;
    this.#waiting = batch;
    const reason = 'waits for its blob, which not every store has given back yet';
    await this.#o.unfinished.move(batch, { to: batch.state, reason });
  }

  async #dryRun(instruction: BatchInstruction): Promise<DryRunFailure | undefined> {
    try {
      return await this.#o.chain.dryRun(instruction);
    } catch (error) {
      if (error instanceof CasinoError && error.code === 'SETTLEMENT_REJECTED') return { reason: error.message, scope: 'vaults' };
      throw error;
    }
  }

  /** The house can not settle, and no vault is to blame: said once, shown by health, and tried again for ever. */
  #reportBlocked(batch: BatchRecord, sending: Sending, reason: string | undefined): void {
    if (reason === undefined) {
      sending.blocked = 0;
      this.#problem = undefined;
      return;
    }
    sending.blocked += 1;
    if (sending.blocked < FAILURES_TO_REPORT) return;
    const problem = `batch ${batch.batchNumber} waits: ${reason}`;
    if (problem !== this.#problem) {
      const line = { alert: 'settlement-blocked', batch: batch.batchNumber.toString(), reason };
      this.#o.log.error(line, 'the house can not settle; trying again');
    }
    this.#problem = problem;
  }

  #instructionOf(batch: BatchRecord): BatchInstruction {
    const { vkId, batchNumber, termsId, blobHash, runs } = batch;
    const proof = batch.proof as Uint8Array;
    const outcomes = outcomesOf(batch.outcomes, batch.betCount);
    return { vkId, batchNumber, termsId, blobHash, runs, proof, maxBets: this.#o.builder.maxBets(batch), outcomes };
  }

  /** Sends the stored bytes every so often. A failed dry run is no proof of anything while they can land. */
  async #sendIfDue(batch: BatchRecord, sending: Sending): Promise<void> {
    const nowMs = this.#o.clock.nowMs();
    if (!batch.transaction || nowMs - sending.sentAtMs < RESEND_EVERY_MS) return;
    sending.sentAtMs = nowMs;
    const rejection = await this.#send(batch.transaction);
    sending.failedSends = rejection ? sending.failedSends + 1 : 0;
    if (!rejection) this.#problem = undefined;
    else if (sending.failedSends >= FAILURES_TO_REPORT) this.#problem = `batch ${batch.batchNumber} waits: ${rejection.message}`;
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

function isConfirmed({ state }: BatchRecord): boolean {
  return state === 'Confirmed' || state === 'Finalized';
}
