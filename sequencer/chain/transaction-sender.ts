import type { Instruction, TransactionSigner } from '@solana/kit';
import { CasinoError } from '../errors.ts';
import { type ChainRpc, call, describeFailure } from './rpc.ts';
import { type SignedBytes, sendBytes, signTransaction } from './transactions.ts';

/** The same bytes are sent again this often until they are seen. */
const RESEND_EVERY_MS = 2_000;

/** Sends one transaction at a time and follows it until it is final or can no longer land. Nothing of it outlives a crash. */
export class TransactionSender {
  readonly #o: { rpc: ChainRpc; payer: TransactionSigner; nowMs(): number };
  #sent: (SignedBytes & { sentAtMs: number }) | undefined;
  /** The slot of the last transaction that landed: reads that are to show its effects ask for it. */
  landedSlot = 0n;

  constructor(options: { rpc: ChainRpc; payer: TransactionSigner; nowMs(): number }) {
    this.#o = options;
  }

  /** Signs and sends. A send that fails is no proof of anything: `isWaiting` follows the bytes all the same. */
  async send(instructions: readonly Instruction[], computeUnits: number): Promise<void> {
    const { rpc, payer, nowMs } = this.#o;
    const signed = await signTransaction(rpc, { payer, instructions, computeUnits });
    this.#sent = { ...signed, sentAtMs: nowMs() };
    await sendBytes(rpc, signed.bytes);
  }

  /**
   * Whether the sent transaction may still land or be taken back; sends it again now and then. `SETTLEMENT_REJECTED`, once, if it landed
   * and failed.
   */
  async isWaiting(): Promise<boolean> {
    const sent = this.#sent;
    if (!sent) return false;
    const { rpc, nowMs } = this.#o;
    // The height is read first: what is unseen after it has passed can not come any more.
    const height = await call(rpc.getBlockHeight({ commitment: 'finalized' }));
    const { value } = await call(rpc.getSignatureStatuses([sent.signature], { searchTransactionHistory: true }));
    const status = value[0];
    if (status?.confirmationStatus === 'finalized') {
      this.#sent = undefined;
      this.landedSlot = status.slot;
      if (status.err) throw new CasinoError('SETTLEMENT_REJECTED', `${sent.signature} failed: ${describeFailure(status.err)}`);
      return false;
    }
    if (!status && height > sent.lastValidBlockHeight) {
      this.#sent = undefined;
      return false;
    }
    if (!status && nowMs() - sent.sentAtMs >= RESEND_EVERY_MS) {
      sent.sentAtMs = nowMs();
      await sendBytes(rpc, sent.bytes);
    }
    return true;
  }
}
