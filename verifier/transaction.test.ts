// Would catch: a transaction that anyone can send, by which the history of a house that it only names can no longer be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '@solana/kit';
import { ByteWriter } from '../protocol/bytes.ts';
import { addressBytes, addressOf } from './layout/reader.ts';
import { type ProgramCall, SENDER, signedTransaction } from './test/signed-transaction.ts';
import { HistoryFault, readTransaction } from './transaction.ts';

const named = (byte: number): Address => addressOf(new Uint8Array(32).fill(byte));
const [PROGRAM, HOUSE, OTHER_HOUSE, ACCOUNT] = [named(11), named(12), named(13), named(14)] as const;

/** `settle_batch` of one bet of one vault, and `fund_house`. */
const settle = (house: Address): ProgramCall => ({
  accounts: [SENDER, house, ACCOUNT, ACCOUNT, ACCOUNT],
  data: new ByteWriter().u8(7).u16(1).u64(1n).u64(1n).u64(1n).bytes(new Uint8Array(172)).finish(),
});
const fund = (house: Address): ProgramCall => ({
  accounts: [SENDER, house, ACCOUNT, ACCOUNT],
  data: new ByteWriter().u8(14).u64(5n).finish(),
});

function read(calls: readonly ProgramCall[], logs: string[], version?: 1) {
  const { raw, signature } = signedTransaction({ program: PROGRAM, calls, logs, slot: 9n, ...(version && { version }) });
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

test('a transaction of version 1 is read like others: anyone can name the house in one', () => {
  const event = Buffer.concat([Buffer.from('evfund\0\0'), addressBytes(HOUSE), Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0)]);
  const logs = [`Program ${PROGRAM} invoke [1]`, `Program data: ${event.toString('base64')}`, `Program ${PROGRAM} success`];
  const [older, newer] = [read([fund(HOUSE)], logs), read([fund(HOUSE)], logs, 1)];
  assert.deepEqual(newer.frames, older.frames);
  assert.deepEqual(newer.events, [{ name: 'HouseFunded', house: HOUSE, amount: 5n }]);
});

test('a node that does not record what programs call cannot hide a call of this one', () => {
  const other = signedTransaction({ program: ACCOUNT, calls: [fund(HOUSE)], logs: [], slot: 9n });
  const logs = [ACCOUNT, PROGRAM].map((program, depth) => `Program ${program} invoke [${depth + 1}]`);
  const context = { signature: other.signature, program: PROGRAM, house: HOUSE };
  const unrecorded = { ...other.raw, inner: undefined };
  assert.throws(
    () => readTransaction({ ...unrecorded, logs }, context),
    (error) => error instanceof HistoryFault && error.code === 'log-missing',
  );
  assert.deepEqual(readTransaction({ ...unrecorded, logs: logs.slice(0, 1) }, context).frames, []);
});
