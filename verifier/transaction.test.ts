// Would catch: a transaction that anyone can send, by which the history of a house that it only names can no longer be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Address, getBase58Decoder, getCompiledTransactionMessageEncoder } from '@solana/kit';
import { ByteWriter } from '../protocol/bytes.ts';
import { addressOf } from './layout/reader.ts';
import type { RawTransaction } from './rpc.ts';
import { HistoryFault, readTransaction } from './transaction.ts';

const SEED = new Uint8Array(32).fill(3);
const [PROGRAM, HOUSE, OTHER_HOUSE, ACCOUNT] = [11, 12, 13, 14].map((byte) => addressOf(new Uint8Array(32).fill(byte))) as [
  Address,
  Address,
  Address,
  Address,
];
const SENDER = addressOf(ed25519.getPublicKey(SEED));
const KEYS = [SENDER, HOUSE, OTHER_HOUSE, ACCOUNT, PROGRAM];

interface Call {
  accounts: Address[];
  data: Uint8Array;
}

/** `settle_batch` of one bet of one vault, and `fund_house`. */
const settle = (house: Address): Call => ({
  accounts: [SENDER, house, ACCOUNT, ACCOUNT, ACCOUNT],
  data: new ByteWriter()
    .u8(7)
    .u16(1)
    .u64(1n)
    .u64(1n)
    .u64(1n)
    .bytes(new Uint8Array(32 + 128 + 1 + 1 + 1 + 1 + 8))
    .finish(),
});
const fund = (house: Address): Call => ({
  accounts: [SENDER, house, ACCOUNT, ACCOUNT],
  data: new ByteWriter().u8(14).u64(5n).finish(),
});

/** A transaction of calls of the program, signed, with this log. */
function transactionOf(calls: readonly Call[], logs: string[]): { raw: RawTransaction; signature: string } {
  const message = Uint8Array.from(
    getCompiledTransactionMessageEncoder().encode({
      version: 'legacy',
      header: { numSignerAccounts: 1, numReadonlySignerAccounts: 0, numReadonlyNonSignerAccounts: 0 },
      staticAccounts: KEYS,
      lifetimeToken: HOUSE,
      instructions: calls.map(({ accounts, data }) => ({
        programAddressIndex: KEYS.indexOf(PROGRAM),
        accountIndices: accounts.map((account) => KEYS.indexOf(account)),
        data,
      })),
    }),
  );
  const signed = ed25519.sign(message, SEED);
  const wire = new ByteWriter().u8(1).bytes(signed).bytes(message).finish();
  const raw = { slot: 9n, blockTime: undefined, failed: false, wire, logs, loaded: [], inner: new Map() };
  return { raw, signature: getBase58Decoder().decode(signed) };
}

function read(calls: readonly Call[], logs: string[]) {
  const { raw, signature } = transactionOf(calls, logs);
  return readTransaction(raw, { signature, program: PROGRAM, house: HOUSE });
}

test("a log that was cut short is a fault where it hides this house's batch, and not where it hides another's", () => {
  // Anyone can make a house of its own, settle a batch of it under its own key, and fill the log before.
  const { frames, settlements } = read([settle(OTHER_HOUSE), fund(HOUSE)], ['Log truncated']);
  assert.deepEqual(
    frames.map(({ instruction, events, logged }) => [instruction.name, events.length, logged]),
    [['fund_house', 0, false]],
  );
  assert.deepEqual(settlements, []);
  assert.throws(
    () => read([fund(OTHER_HOUSE), settle(HOUSE)], ['Log truncated']),
    (error) => error instanceof HistoryFault && error.code === 'log-truncated',
  );
});
