import {
  type Address,
  type AddressesByLookupTableAddress,
  appendTransactionMessageInstructions,
  assertIsTransactionWithinSizeLimit,
  type Base64EncodedWireTransaction,
  type Blockhash,
  compileTransaction,
  compressTransactionMessageUsingAddressLookupTables,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  getTransactionDecoder,
  getTransactionEncoder,
  type Instruction,
  isSolanaError,
  isTransactionMessageWithinSizeLimit,
  pipe,
  type Signature,
  SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
  type TransactionSigner,
} from '@solana/kit';
import { getSetComputeUnitLimitInstruction } from '@solana-program/compute-budget';
import { CasinoError } from '../errors.ts';
import { type ChainRpc, call, describeFailure } from './rpc.ts';

const POLL_MS = 100;
/** The same bytes are sent again this often until they are seen. */
const RESEND_EVERY_MS = 2_000;
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

/** Tables that shorten a transaction with these accounts. */
type TablesFor<T> = (accounts: readonly Address[]) => T;

/** Any lifetime has the same size. */
const SOME_LIFETIME = { blockhash: '11111111111111111111111111111111' as Blockhash, lastValidBlockHeight: 0n };

/** Whether a transaction of these instructions fits a packet, with the help of lookup tables if need be. Makes the message, unsigned. */
export function fitsPacket(input: TransactionInput, tablesFor: TablesFor<AddressesByLookupTableAddress>): boolean {
  const message = transactionMessage(input, SOME_LIFETIME);
  if (isTransactionMessageWithinSizeLimit(message)) return true;
  return isTransactionMessageWithinSizeLimit(shortened(message, tablesFor(accountsOf(input))));
}

/** Lookup tables, read back, for a transaction that does not fit a packet without. */
type ReadTables = TablesFor<Promise<AddressesByLookupTableAddress>>;

/**
 * Signs a transaction of these instructions with a compute unit limit. One that does not fit a packet names accounts through the
 * lookup tables of `tablesFor`; `SETTLEMENT_REJECTED` if it does not fit even so.
 */
export async function signTransaction(rpc: ChainRpc, input: TransactionInput & { tablesFor?: ReadTables }): Promise<SignedBytes> {
  const { value: latest } = await call(rpc.getLatestBlockhash({ commitment: 'confirmed' }));
  const message = await fittingMessage(input, latest);
  if (!message) throw new CasinoError('SETTLEMENT_REJECTED', 'the transaction does not fit a packet');
  const signed = await signTransactionMessageWithSigners(message);
  assertIsTransactionWithinSizeLimit(signed);
  return {
    bytes: new Uint8Array(getTransactionEncoder().encode(signed)),
    signature: getSignatureFromTransaction(signed),
    lastValidBlockHeight: latest.lastValidBlockHeight,
  };
}

/**
 * Runs a transaction of these instructions, unsigned, against the confirmed state of this slot or a later one. Undefined if it does not
 * fit a packet, lookup tables included.
 */
export async function dryRunTransaction(
  rpc: ChainRpc,
  input: TransactionInput & { tablesFor?: ReadTables; minContextSlot: bigint },
) {
  const message = await fittingMessage(input, SOME_LIFETIME);
  if (!message) return undefined;
  const { minContextSlot } = input;
  const options = { commitment: 'confirmed', encoding: 'base64', replaceRecentBlockhash: true, sigVerify: false } as const;
  const wire = getBase64EncodedWireTransaction(compileTransaction(message));
  return (await call(rpc.simulateTransaction(wire, { ...options, minContextSlot }))).value;
}

/** The message, through lookup tables where it has to be shorter; undefined if it does not fit a packet even so. */
async function fittingMessage(input: TransactionInput & { tablesFor?: ReadTables }, lifetime: typeof SOME_LIFETIME) {
  const plain = transactionMessage(input, lifetime);
  if (isTransactionMessageWithinSizeLimit(plain)) return plain;
  if (!input.tablesFor) return undefined;
  const message = shortened(plain, await input.tablesFor(accountsOf(input)));
  return isTransactionMessageWithinSizeLimit(message) ? message : undefined;
}

function transactionMessage({ payer, instructions, computeUnits }: TransactionInput, lifetime: typeof SOME_LIFETIME) {
  return pipe(
    createTransactionMessage({ version: 0 }),
    (m) => setTransactionMessageFeePayerSigner(payer, m),
    (m) => setTransactionMessageLifetimeUsingBlockhash(lifetime, m),
    (m) => appendTransactionMessageInstructions([getSetComputeUnitLimitInstruction({ units: computeUnits }), ...instructions], m),
  );
}

function accountsOf({ instructions }: TransactionInput): Address[] {
  return instructions.flatMap(({ accounts = [] }) => accounts.map(({ address }) => address));
}

function shortened(message: ReturnType<typeof transactionMessage>, tables: AddressesByLookupTableAddress) {
  return compressTransactionMessageUsingAddressLookupTables(message, tables) as typeof message;
}

/** Hands signed bytes to the chain, after a dry run. Sending the same bytes again is harmless, also when they have landed. */
export async function sendBytes(rpc: ChainRpc, bytes: Uint8Array): Promise<void> {
  const wire: Base64EncodedWireTransaction = getBase64EncodedWireTransaction(getTransactionDecoder().decode(bytes));
  try {
    await call(rpc.sendTransaction(wire, { encoding: 'base64', preflightCommitment: 'confirmed' }));
  } catch (error) {
    if (!isAlreadyProcessed(error)) throw error;
  }
}

/**
 * Signs, sends and waits until the transaction is final; for set-up steps. The bytes are sent again until they are seen, and signed
 * anew once they are past their height and unseen. `SETTLEMENT_REJECTED` if the transaction fails, `CHAIN_UNREACHABLE` if it takes too
 * long.
 */
export async function sendAndFinalize(rpc: ChainRpc, input: TransactionInput): Promise<Signature> {
  const deadlineMs = performance.now() + FINALITY_TIMEOUT_MS;
  for (;;) {
    const signed = await signTransaction(rpc, input);
    if (await untilFinal(rpc, signed, { deadlineMs, sentBefore: false })) return signed.signature;
  }
}

/**
 * Sends signed bytes until their end is known: true once they are final, false once they never can be. Rejects as `sendAndFinalize`.
 * `sentBefore`: an earlier run may have sent them.
 */
export function followToEnd(rpc: ChainRpc, signed: SignedBytes, { sentBefore }: { sentBefore: boolean }): Promise<boolean> {
  return untilFinal(rpc, signed, { deadlineMs: performance.now() + FINALITY_TIMEOUT_MS, sentBefore });
}

/** True once the transaction is final, false once it never can be. */
async function untilFinal(
  rpc: ChainRpc,
  signed: SignedBytes,
  { deadlineMs, sentBefore }: { deadlineMs: number; sentBefore: boolean },
): Promise<boolean> {
  let [sends, sentAtMs] = [sentBefore ? 1 : 0, Number.NEGATIVE_INFINITY];
  let refusal: CasinoError | undefined;
  while (performance.now() < deadlineMs) {
    const found = await unlessUnreachable(() => look(rpc, signed));
    if (found === 'final') return true;
    if (found === 'expired') {
      if (refusal) throw refusal;
      return false;
    }
    if (found === 'unseen' && performance.now() - sentAtMs >= RESEND_EVERY_MS) {
      [sends, sentAtMs] = [sends + 1, performance.now()];
      refusal = await unlessUnreachable(() => refusalOf(rpc, signed.bytes));
      // A later refusal proves nothing: what was sent before may be on its way.
      if (refusal && sends === 1) throw refusal;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new CasinoError('CHAIN_UNREACHABLE', `${signed.signature} was not finalized within ${FINALITY_TIMEOUT_MS} ms`);
}

/** Where a transaction stands. It is expired if a node that knows of its height's end does not know it: that node is asked last. */
async function look(rpc: ChainRpc, signed: SignedBytes): Promise<'unseen' | 'landed' | 'final' | 'expired'> {
  // With the history: bytes that an earlier run has kept may have landed long ago.
  const options = { searchTransactionHistory: true } as const;
  const ask = async () => (await call(rpc.getSignatureStatuses([signed.signature], options))).value[0];
  let [status, expired] = [await ask(), false];
  if (!status) {
    expired = (await blockHeight(rpc)) > signed.lastValidBlockHeight;
    if (expired) status = await ask();
  }
  if (status?.err) throw new CasinoError('SETTLEMENT_REJECTED', `${signed.signature} failed: ${describeFailure(status.err)}`);
  if (status) return status.confirmationStatus === 'finalized' ? 'final' : 'landed';
  return expired ? 'expired' : 'unseen';
}

/** The confirmed block height. Answers to later calls are from no earlier slot. */
async function blockHeight(rpc: ChainRpc): Promise<bigint> {
  // Unlike getBlockHeight it names its slot, so that a status asked for afterwards can be held against it.
  return (await call(rpc.getEpochInfo({ commitment: 'confirmed' }))).blockHeight;
}

async function refusalOf(rpc: ChainRpc, bytes: Uint8Array): Promise<CasinoError | undefined> {
  try {
    await sendBytes(rpc, bytes);
    return undefined;
  } catch (error) {
    if (error instanceof CasinoError && error.code === 'SETTLEMENT_REJECTED') return error;
    throw error;
  }
}

/** What a step comes to; undefined if the chain gave no answer. */
async function unlessUnreachable<T>(step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof CasinoError && error.code === 'CHAIN_UNREACHABLE') return undefined;
    throw error;
  }
}

function isAlreadyProcessed(error: unknown): boolean {
  const cause = error instanceof CasinoError && error.cause;
  return cause instanceof Error && isSolanaError(cause.cause, SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED);
}
