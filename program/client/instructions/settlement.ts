import type { Address, TransactionSigner } from '@solana/kit';
import { type ByteWriter, compareBytes } from '../../../protocol/bytes.ts';
import { ProtocolError } from '../../../protocol/errors.ts';
import { termsAddress, verifyingKeyAddress } from '../addresses.ts';
import { FLAG_CONSUME, FLAG_KEY_SLOT, FLAG_PAY, PROOF_BYTES } from '../constants.ts';
import { addressBytes, type CasinoInstruction, instruction, readonly, signs, writable } from './build.ts';

/** One vault's run in `settle_batch`. */
export interface SettleRun {
  vault: Address;
  /** Which of the vault's session keys signed. */
  keySlot: 0 | 1;
  betCount: number;
  /** Balance after the run. */
  after: bigint;
  /** Part of the pending deposit to consume; 0 for none. */
  consume: bigint;
  /** Pay the open withdrawal request. */
  pay: boolean;
}

/** One vault in `settle_transfers`. */
export type SettleTransfer = Pick<SettleRun, 'vault' | 'consume' | 'pay'>;

/** The pair that names the present leader. */
export interface LeaderPair {
  leaderEpoch: bigint;
  leaderNonce: bigint;
}

/** Orders vaults as the program wants them: strictly ascending by address bytes. */
export function compareAddresses(a: Address, b: Address): number {
  return compareBytes(addressBytes(a), addressBytes(b));
}

function requireAscending(vaults: readonly { vault: Address }[]): void {
  for (const [index, { vault }] of vaults.entries()) {
    const previous = vaults[index - 1];
    if (previous !== undefined && compareAddresses(previous.vault, vault) >= 0) {
      throw new ProtocolError('BAD_VALUE', 'vaults must be strictly ascending by address');
    }
  }
}

/** `ceil(maxBets / 8)` bytes, row i in bit i mod 8 of byte i div 8. */
export function outcomeBytes(outcomes: readonly (0 | 1)[], maxBets: number): Uint8Array {
  if (outcomes.length > maxBets) throw new ProtocolError('BAD_VALUE', `${outcomes.length} outcomes for ${maxBets} bets`);
  const bytes = new Uint8Array(Math.ceil(maxBets / 8));
  for (const [row, bit] of outcomes.entries()) bytes[row >> 3] = (bytes[row >> 3] ?? 0) | (bit << (row & 7));
  return bytes;
}

function writeFlags(writer: ByteWriter, entry: SettleTransfer, keySlot: 0 | 1): void {
  const pay = entry.pay ? FLAG_PAY : 0;
  const consume = entry.consume > 0n ? FLAG_CONSUME : 0;
  writer.u8((keySlot === 1 ? FLAG_KEY_SLOT : 0) | pay | consume);
}

/** What `settle_batch` is given. `proof` is compressed, 128 bytes; `outcomes` has one bit a bet, runs in order; `maxBets` is the key's. */
export interface SettleBatchInput extends LeaderPair {
  program: Address;
  settler: TransactionSigner;
  house: Address;
  termsId: number;
  verifyingKeyId: number;
  maxBets: number;
  batchNumber: bigint;
  blobHash: Uint8Array;
  proof: Uint8Array;
  outcomes: readonly (0 | 1)[];
  runs: readonly SettleRun[];
}

/** Settles a batch. `BAD_VALUE` unless the runs ascend by vault address. */
export async function settleBatch(input: SettleBatchInput): Promise<CasinoInstruction> {
  const { program, house } = input;
  const terms = await termsAddress({ program, house, id: input.termsId });
  const verifyingKey = await verifyingKeyAddress({ program, house, id: input.verifyingKeyId });
  return settleBatchAt(input, { terms, verifyingKey });
}

/** As `settleBatch`, with the derived addresses given. */
export function settleBatchAt(input: SettleBatchInput, derived: { terms: Address; verifyingKey: Address }): CasinoInstruction {
  const { program, settler, house, runs } = input;
  const { terms, verifyingKey } = derived;
  requireAscending(runs);
  return instruction({
    program,
    name: 'settleBatch',
    accounts: [
      signs(settler),
      writable(house),
      readonly(terms),
      readonly(verifyingKey),
      ...runs.map(({ vault }) => writable(vault)),
    ],
    write: (w) => {
      w.u16(input.verifyingKeyId).u64(input.batchNumber).u64(input.leaderEpoch).u64(input.leaderNonce);
      w.bytes(input.blobHash, 32).bytes(input.proof, PROOF_BYTES).bytes(outcomeBytes(input.outcomes, input.maxBets));
      w.u8(runs.length);
      for (const run of runs) {
        writeFlags(w, run, run.keySlot);
        w.u8(run.betCount).u64(run.after);
        if (run.consume > 0n) w.u64(run.consume);
      }
    },
  });
}

/** Consumes deposits and pays requests of vaults without unsettled bets. `BAD_VALUE` unless they ascend by address. */
export function settleTransfers(
  input: LeaderPair & {
    program: Address;
    settler: TransactionSigner;
    house: Address;
    transferNumber: bigint;
    transfers: readonly SettleTransfer[];
  },
): CasinoInstruction {
  const { program, settler, house, transfers } = input;
  requireAscending(transfers);
  return instruction({
    program,
    name: 'settleTransfers',
    accounts: [signs(settler), writable(house), ...transfers.map(({ vault }) => writable(vault))],
    write: (w) => {
      w.u64(input.transferNumber).u64(input.leaderEpoch).u64(input.leaderNonce).u8(transfers.length);
      for (const transfer of transfers) {
        writeFlags(w, transfer, 0);
        if (transfer.consume > 0n) w.u64(transfer.consume);
      }
    },
  });
}
