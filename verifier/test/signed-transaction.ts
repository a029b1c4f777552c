import { ed25519 } from '@noble/curves/ed25519.js';
import { type Address, getBase58Decoder, getCompiledTransactionMessageEncoder } from '@solana/kit';
import { concat } from '../../protocol/bytes.ts';
import { addressOf } from '../layout/reader.ts';
import type { RawTransaction } from '../rpc.ts';

const SEED = new Uint8Array(32).fill(3);
/** Who pays for and signs these transactions. */
export const SENDER: Address = addressOf(ed25519.getPublicKey(SEED));

export interface ProgramCall {
  accounts: Address[];
  data: Uint8Array;
}

/** A finalized transaction of calls of one program, signed by `SENDER`, with this log. Of version 1 its signature comes last. */
export function signedTransaction(input: {
  program: Address;
  calls: readonly ProgramCall[];
  logs: string[];
  slot: bigint;
  version?: 'legacy' | 1;
}): { raw: RawTransaction; signature: string } {
  const { program, calls, logs, slot } = input;
  const keys = [...new Set([SENDER, ...calls.flatMap(({ accounts }) => accounts), program])];
  const instructions = calls.map(({ accounts, data }) => ({
    programAddressIndex: keys.indexOf(program),
    accountIndices: accounts.map((account) => keys.indexOf(account)),
    data,
  }));
  const head = {
    header: { numSignerAccounts: 1, numReadonlySignerAccounts: 0, numReadonlyNonSignerAccounts: 0 },
    ...{ staticAccounts: keys, lifetimeToken: program },
  };
  const message = Uint8Array.from(
    getCompiledTransactionMessageEncoder().encode(
      input.version === 1
        ? {
            ...{ ...head, version: 1, configMask: 0, configValues: [] },
            ...{ numInstructions: instructions.length, numStaticAccounts: keys.length },
            instructionHeaders: instructions.map(({ programAddressIndex, accountIndices, data }) => ({
              programAccountIndex: programAddressIndex,
              ...{ numInstructionAccounts: accountIndices.length, numInstructionDataBytes: data.length },
            })),
            instructionPayloads: instructions.map(({ accountIndices, data }) => ({
              instructionAccountIndices: accountIndices,
              instructionData: data,
            })),
          }
        : { ...head, version: 'legacy', instructions },
    ),
  );
  const signed = ed25519.sign(message, SEED);
  const wire = input.version === 1 ? concat([message, signed]) : concat([Uint8Array.of(1), signed, message]);
  const raw = { slot, blockTime: undefined, failed: false, wire, logs, loaded: [], inner: new Map() };
  return { raw, signature: getBase58Decoder().decode(signed) };
}
