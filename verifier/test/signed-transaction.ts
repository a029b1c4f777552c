import { ed25519 } from '@noble/curves/ed25519.js';
import { type Address, getBase58Decoder, getCompiledTransactionMessageEncoder } from '@solana/kit';
import { ByteWriter } from '../../protocol/bytes.ts';
import { addressOf } from '../layout/reader.ts';
import type { RawTransaction } from '../rpc.ts';

const SEED = new Uint8Array(32).fill(3);
/** Who pays for and signs these transactions. */
export const SENDER: Address = addressOf(ed25519.getPublicKey(SEED));

export interface ProgramCall {
  accounts: Address[];
  data: Uint8Array;
}

/** A finalized transaction of calls of one program, signed by `SENDER`, with this log. */
export function signedTransaction(input: { program: Address; calls: readonly ProgramCall[]; logs: string[]; slot: bigint }): {
  raw: RawTransaction;
  signature: string;
} {
  const { program, calls, logs, slot } = input;
  const keys = [...new Set([SENDER, ...calls.flatMap(({ accounts }) => accounts), program])];
  const message = Uint8Array.from(
    getCompiledTransactionMessageEncoder().encode({
      version: 'legacy',
      header: { numSignerAccounts: 1, numReadonlySignerAccounts: 0, numReadonlyNonSignerAccounts: 0 },
      staticAccounts: keys,
      lifetimeToken: program,
      instructions: calls.map(({ accounts, data }) => ({
        programAddressIndex: keys.indexOf(program),
        accountIndices: accounts.map((account) => keys.indexOf(account)),
        data,
      })),
    }),
  );
  const signed = ed25519.sign(message, SEED);
  const wire = new ByteWriter().u8(1).bytes(signed).bytes(message).finish();
  const raw = { slot, blockTime: undefined, failed: false, wire, logs, loaded: [], inner: new Map() };
  return { raw, signature: getBase58Decoder().decode(signed) };
}
