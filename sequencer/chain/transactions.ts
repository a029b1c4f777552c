import {
  appendTransactionMessageInstructions,
  assertIsTransactionWithinSizeLimit,
  type Base64EncodedWireTransaction,
  type Blockhash,
  compileTransaction,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  getTransactionDecoder,
  getTransactionEncoder,
  type Instruction,
  pipe,
  type Signature,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  type TransactionSigner,
} from '@solana/kit';
import { getSetComputeUnitLimitInstruction } from '@solana-program/compute-budget';
import { CasinoError } from '../errors.ts';
import { type ChainRpc, call, describeFailure } from './rpc.ts';

const POLL_MS = 100;
/** Longest that `sendAndFinalize` waits. */
const FINALITY_TIMEOUT_MS = 120_000;

export interface SignedBytes {
  bytes: Uint8Array;
  signature: Signature;
  lastValidBlockHeight: bigint;
}

export interface TransactionInput {
  payer: TransactionSigner;
  instructions: readonly Instruction[];
  computeUnits: number;
}

/** Signs a transaction of these instructions with a compute unit limit, and checks that it fits a packet. */
export async function signTransaction(rpc: ChainRpc, input: TransactionInput): Promise<SignedBytes> {
  const { value: latest } = await call(rpc.getLatestBlockhash({ commitment: 'confirmed' }));
  const signed = await signTransactionMessageWithSigners(messageOf(input, latest));
  assertIsTransactionWithinSizeLimit(signed);
  return {
    bytes: new Uint8Array(getTransactionEncoder().encode(signed)),
    signature: getSignatureFromTransaction(signed),
    lastValidBlockHeight: latest.lastValidBlockHeight,
  };
}

/** Runs a transaction of these instructions, unsigned, against the confirmed state of this slot or a later one. */
export async function dryRunTransaction(rpc: ChainRpc, input: TransactionInput & { minContextSlot: bigint }) {
  const anyBlockhash = { blockhash: '11111111111111111111111111111111' as Blockhash, lastValidBlockHeight: 0n };
  const transaction = compileTransaction(messageOf(input, anyBlockhash));
  assertIsTransactionWithinSizeLimit(transaction);
  const { minContextSlot } = input;
  const options = { commitment: 'confirmed', encoding: 'base64', replaceRecentBlockhash: true, sigVerify: false } as const;
  const wire = getBase64EncodedWireTransaction(transaction);
  return (await call(rpc.simulateTransaction(wire, { ...options, minContextSlot }))).value;
}

function messageOf(input: TransactionInput, blockhash: { blockhash: Blockhash; lastValidBlockHeight: bigint }) {
  return pipe(
    createTransactionMessage({ version: 0 }),
    (m) => setTransactionMessageFeePayerSigner(input.payer, m),
    (m) => setTransactionMessageLifetimeUsingBlockhash(blockhash, m),
    (m) =>
      appendTransactionMessageInstructions(
        [getSetComputeUnitLimitInstruction({ units: input.computeUnits }), ...input.instructions],
        m,
      ),
  );
}

/** Hands signed bytes to the chain, after a dry run. Sending the same bytes again is harmless. */
export async function sendBytes(rpc: ChainRpc, bytes: Uint8Array): Promise<void> {
  const wire: Base64EncodedWireTransaction = getBase64EncodedWireTransaction(getTransactionDecoder().decode(bytes));
  await call(rpc.sendTransaction(wire, { encoding: 'base64', preflightCommitment: 'confirmed' }));
}

/** Signs, sends and waits until the transaction is final; for set-up steps. `SETTLEMENT_REJECTED` if it fails. */
export async function sendAndFinalize(rpc: ChainRpc, input: TransactionInput): Promise<Signature> {
  const { bytes, signature } = await signTransaction(rpc, input);
  await sendBytes(rpc, bytes);
  const deadlineMs = performance.now() + FINALITY_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    const { value } = await call(rpc.getSignatureStatuses([signature]));
    const status = value[0];
    if (status?.err) throw new CasinoError('SETTLEMENT_REJECTED', `${signature} failed: ${describeFailure(status.err)}`);
    if (status?.confirmationStatus === 'finalized') return signature;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new CasinoError('CHAIN_UNREACHABLE', `${signature} was not finalized within ${FINALITY_TIMEOUT_MS} ms`);
}
