import {
  appendTransactionMessageInstructions,
  assertIsTransactionWithinSizeLimit,
  type Base64EncodedWireTransaction,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  type Instruction,
  pipe,
  type Signature,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from '@solana/kit';
import { programErrorOf } from '../program/client/errors.ts';
import type { Chain } from './chain.ts';
import type { Clock } from './clock.ts';
import { ClientError } from './errors.ts';
import type { Wallet } from './wallet.ts';

/** How far a transaction has come. */
export type TransactionStage = 'sent' | 'confirmed' | 'finalized';

export interface LandedTransaction {
  /** Base58. */
  signature: Signature;
  slot: bigint;
}

const POLL_MS = 250;
/** Time after which the same bytes are sent again: a node may have dropped them. */
const RESEND_MS = 2_000;
/** Freshly signed transactions that are tried, each after the one before has expired without a trace. */
const MAX_SIGNINGS = 5;

/**
 * Signs instructions with the wallet, which pays, and waits until the transaction is final. Signs anew only when the earlier one can
 * no longer land: its last block height is past at finality and a last look shows nothing. `TRANSACTION_FAILED` with the program's
 * own error where it named one, `TRANSACTION_EXPIRED`, or `TIMEOUT`, after which it may still land.
 */
export async function sendUntilFinal(input: {
  chain: Chain;
  clock: Clock;
  wallet: Wallet;
  instructions: readonly Instruction[];
  timeoutMs: number;
  onStage?: ((stage: TransactionStage, signature: Signature) => void) | undefined;
}): Promise<LandedTransaction> {
  const { chain, clock, wallet } = input;
  const deadlineMs = clock.nowMs() + input.timeoutMs;
  for (let signing = 1; signing <= MAX_SIGNINGS; signing += 1) {
    const { blockhash, lastValidBlockHeight } = await chain.latestBlockhash();
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (empty) => setTransactionMessageFeePayerSigner(wallet, empty),
      (paid) => setTransactionMessageLifetimeUsingBlockhash({ blockhash, lastValidBlockHeight }, paid),
      (timed) => appendTransactionMessageInstructions(input.instructions, timed),
    );
    const signed = await signTransactionMessageWithSigners(message);
    assertIsTransactionWithinSizeLimit(signed);
    const signature = getSignatureFromTransaction(signed);
    const wire = getBase64EncodedWireTransaction(signed);
    const onStage = (stage: TransactionStage) => input.onStage?.(stage, signature);
    const slot = await follow({ chain, clock, wire, signature, lastValidBlockHeight, deadlineMs, onStage });
    if (slot !== undefined) return { signature, slot };
  }
  throw new ClientError('TRANSACTION_EXPIRED', `the chain took none of ${MAX_SIGNINGS} signed transactions in time`);
}

interface Followed {
  chain: Chain;
  clock: Clock;
  wire: Base64EncodedWireTransaction;
  signature: Signature;
  lastValidBlockHeight: bigint;
  deadlineMs: number;
  onStage: (stage: TransactionStage) => void;
}

/** Sends the bytes until they are final; the slot they landed in, or undefined once they never can. */
async function follow(input: Followed): Promise<bigint | undefined> {
  const { chain, clock, signature } = input;
  const stages = new Set<TransactionStage>();
  const reach = (stage: TransactionStage) => {
    if (!stages.has(stage)) input.onStage(stage);
    stages.add(stage);
  };
  for (let sentAtMs = Number.NEGATIVE_INFINITY; ; await clock.sleep(POLL_MS)) {
    // The height is read before the status: what the status then misses can not land any more.
    const height = await chain.finalizedBlockHeight();
    const status = await chain.status(signature);
    if (status?.failure) throw failed(status.failure);
    if (status && status.commitment !== 'processed') reach(status.commitment);
    if (status?.commitment === 'finalized') return status.slot;
    if (!status && height > input.lastValidBlockHeight) return undefined;
    if (clock.nowMs() > input.deadlineMs) throw new ClientError('TIMEOUT', `transaction ${signature} is not final yet`);
    if (!status && clock.nowMs() - sentAtMs >= RESEND_MS) {
      await send(input, { first: !stages.has('sent') });
      reach('sent');
      sentAtMs = clock.nowMs();
    }
  }
}

/** Sends once. A failed dry run is an answer only to bytes that were never sent before: others may have landed. */
async function send({ chain, wire }: Followed, { first }: { first: boolean }): Promise<void> {
  const sent = await chain.send(wire);
  if (sent.result === 'rejected' && first) throw failed(sent.cause);
}

function failed(cause: unknown): ClientError {
  const named = programErrorOf(cause);
  const reason = named ? `${named.name}: ${named.message}` : describe(cause);
  return new ClientError('TRANSACTION_FAILED', `the chain rejected the transaction: ${reason}`, { cause });
}

function describe(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return JSON.stringify(cause, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}
