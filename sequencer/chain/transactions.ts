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
  isTransactionMessageWithinSizeLimit,
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
