import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  type Address,
  type AddressesByLookupTableAddress,
  appendTransactionMessageInstructions,
  compressTransactionMessageUsingAddressLookupTables,
  createKeyPairSignerFromPrivateKeyBytes,
  createTransactionMessage,
  type EncodedAccount,
  generateKeyPairSigner,
  getAddressEncoder,
  getTransactionEncoder,
  type Instruction,
  type KeyPairSigner,
  lamports,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from '@solana/kit';
import { getSetComputeUnitLimitInstruction, getSetComputeUnitPriceInstruction } from '@solana-program/compute-budget';
import { FailedTransactionMetadata, LiteSVM } from 'litesvm';
import { type CasinoEvent, type CasinoInstruction, eventsOf, programErrorOf } from '../client/index.ts';
import { assertInvariants, assertMoves, readBooks } from './invariants.ts';

/** The most bytes of a transaction; LiteSVM does not enforce it. */
export const PACKET_BYTES = 1232;
export const PROGRAM = 'Casino1111111111111111111111111111111111111' as Address;
export const LAMPORTS_PER_SOL = 1_000_000_000n;

/** What became of a transaction. `error`: the program's error name, another failure in words, or undefined. */
export interface Outcome {
  error: string | undefined;
  logs: string[];
  computeUnits: bigint;
  events: CasinoEvent[];
  bytes: number;
}

export interface SendOptions {
  lookupTables?: AddressesByLookupTableAddress;
  /** By default somebody who has nothing else to do with the transaction. */
  feePayer?: KeyPairSigner;
}

const encoder = getTransactionEncoder();
const binary = readFileSync(new URL('../prebuilt/zk_casino.so', import.meta.url));

/** A signer that is the same in every run: its private key is the SHA-256 of the name. */
export async function signerNamed(name: string): Promise<KeyPairSigner> {
  const seed = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name));
  return createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(seed));
}

/** LiteSVM with the committed program. After every transaction that lands, the books of every house are checked. */
export class TestChain {
  readonly svm = new LiteSVM();
  readonly feePayer: KeyPairSigner;

  private constructor(feePayer: KeyPairSigner) {
    this.feePayer = feePayer;
  }

  static async start(): Promise<TestChain> {
    const chain = new TestChain(await signerNamed('fee payer'));
    chain.svm.addProgram(PROGRAM, binary);
    chain.svm.warpToSlot(1_000n);
    chain.fund(chain.feePayer.address);
    return chain;
  }

  /** A funded signer. */
  async signer(name: string): Promise<KeyPairSigner> {
    const signer = await signerNamed(name);
    this.fund(signer.address);
    return signer;
  }

  fund(address: Address, amount = 10_000n * LAMPORTS_PER_SOL): void {
    this.svm.expireBlockhash(); // else a second gift of one amount is a duplicate
    const result = this.svm.airdrop(address, lamports(amount));
    assert.ok(result !== null && !(result instanceof FailedTransactionMetadata));
  }

  /** Signs and runs the instructions in one transaction, behind a compute unit limit and price as a real sender would. */
  async send(instructions: readonly Instruction[], options: SendOptions = {}): Promise<Outcome> {
    const transaction = await this.sign(instructions, options);
    const bytes = encoder.encode(transaction).length;
    assert.ok(bytes <= PACKET_BYTES, `the transaction has ${bytes} bytes`);
    const before = this.svm.getProgramAccounts(PROGRAM);
    const result = this.svm.sendTransaction(transaction);
    if (result instanceof FailedTransactionMetadata) {
      const meta = result.meta();
      return { error: failureOf(result), logs: meta.logs(), computeUnits: meta.computeUnitsConsumed(), events: [], bytes };
    }
    const after = readBooks(this.svm.getProgramAccounts(PROGRAM));
    assertInvariants(this.svm, after);
    assertMoves(readBooks(before), after, instructions.filter(isOurs));
    const logs = result.logs();
    return { error: undefined, logs, computeUnits: result.computeUnitsConsumed(), events: eventsOf(logs, PROGRAM), bytes };
  }

  /** What `send` would fail with, without changing anything. */
  async simulate(instructions: readonly Instruction[]): Promise<string | undefined> {
    const result = this.svm.simulateTransaction(await this.sign(instructions));
    return result instanceof FailedTransactionMetadata ? failureOf(result) : undefined;
  }

  /** Bytes of the transaction that `send` would send. */
  async sizeOf(instructions: readonly Instruction[], options?: SendOptions): Promise<number> {
    return encoder.encode(await this.sign(instructions, options)).length;
  }

  private async sign(instructions: readonly Instruction[], options: SendOptions = {}) {
    const { lookupTables: tables, feePayer = this.feePayer } = options;
    this.svm.expireBlockhash();
    const lifetime = { blockhash: this.svm.latestBlockhash(), lastValidBlockHeight: 0xffff_ffffn };
    const budget = [
      getSetComputeUnitLimitInstruction({ units: 1_400_000 }),
      getSetComputeUnitPriceInstruction({ microLamports: 1_000n }),
    ];
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (empty) => setTransactionMessageFeePayerSigner(feePayer, empty),
      (paid) => setTransactionMessageLifetimeUsingBlockhash(lifetime, paid),
      (timed) => appendTransactionMessageInstructions([...budget, ...instructions], timed),
    );
    const compressed = tables === undefined ? message : compressTransactionMessageUsingAddressLookupTables(message, tables);
    return signTransactionMessageWithSigners(compressed);
  }

  /** As `send`, and the transaction must land. */
  async land(instructions: readonly Instruction[], options?: SendOptions): Promise<Outcome> {
    const outcome = await this.send(instructions, options);
    assert.equal(outcome.error, undefined, outcome.logs.join('\n'));
    return outcome;
  }

  /** Puts a lookup table with these addresses there, as its program lays it out: 56 bytes of metadata, then the addresses. */
  async lookupTable(addresses: Address[]): Promise<AddressesByLookupTableAddress> {
    const { address } = await generateKeyPairSigner();
    const data = new Uint8Array(56 + 32 * addresses.length);
    const view = new DataView(data.buffer);
    view.setUint32(0, 1, true);
    view.setBigUint64(4, 0xffff_ffff_ffff_ffffn, true);
    for (const [index, entry] of addresses.entries()) data.set(getAddressEncoder().encode(entry), 56 + 32 * index);
    const programAddress = 'AddressLookupTab1e1111111111111111111111111' as Address;
    const rent = lamports(LAMPORTS_PER_SOL);
    const account = { address, data, programAddress, executable: false, lamports: rent, space: BigInt(data.length) };
    this.svm.setAccount(account);
    return { [address]: addresses };
  }

  account(address: Address): EncodedAccount {
    const account = this.svm.getAccount(address);
    assert.ok(account.exists, `no account ${address}`);
    return { ...account, data: Uint8Array.from(account.data) };
  }

  lamportsOf(address: Address): bigint {
    return this.svm.getBalance(address) ?? 0n;
  }

  get slot(): bigint {
    return this.svm.getClock().slot;
  }

  /** Rewrites an account as no transaction could, runs the step, and puts the account back. */
  async withForged<T>(address: Address, forge: (account: EncodedAccount) => EncodedAccount, step: () => Promise<T>): Promise<T> {
    const before = this.account(address);
    this.svm.setAccount(forge({ ...before, data: Uint8Array.from(before.data) }));
    try {
      return await step();
    } finally {
      this.svm.setAccount(before);
    }
  }
}

const isOurs = (instruction: Instruction): instruction is CasinoInstruction => instruction.programAddress === PROGRAM;

function failureOf(result: FailedTransactionMetadata): string {
  const error = result.err() as { index?: number; err?: () => { code?: number } };
  const code = error.err?.().code;
  const named = programErrorOf({ InstructionError: [error.index, { Custom: code }] });
  return named?.name ?? String(result);
}
