import type { Address, Instruction, InstructionWithData, TransactionSigner } from '@solana/kit';
import { ByteWriter } from '../../../protocol/bytes.ts';
import { vaultAddress } from '../addresses.ts';
import { type CasinoInstruction, instruction, readonly, signs, writable } from './build.ts';

const ED25519_PROGRAM = 'Ed25519SigVerify111111111111111111111111111' as Address;
const INSTRUCTIONS_SYSVAR = 'Sysvar1nstructions1111111111111111111111111' as Address;

const RECEIPT_BYTES = 213;
/** Where key, signature and receipt lie in the data, behind a header of 16 bytes. */
const KEY_OFFSET = 16;
const SIGNATURE_OFFSET = 48;
const RECEIPT_OFFSET = 112;
/** How the ed25519 program writes "this same instruction". */
const SAME_INSTRUCTION = 0xffff;

/**
 * Has the runtime verify a receipt, for the `challenge` that must come right after it in the same transaction. `receiptKey` 32 bytes,
 * `signature` 64, `receipt` 213 as `encodeReceipt` gives them.
 */
export function receiptCheck(input: {
  receiptKey: Uint8Array;
  signature: Uint8Array;
  receipt: Uint8Array;
}): Instruction & InstructionWithData<Uint8Array> {
  const data = new ByteWriter()
    .u8(1)
    .u8(0)
    .u16(SIGNATURE_OFFSET)
    .u16(SAME_INSTRUCTION)
    .u16(KEY_OFFSET)
    .u16(SAME_INSTRUCTION)
    .u16(RECEIPT_OFFSET)
    .u16(RECEIPT_BYTES)
    .u16(SAME_INSTRUCTION)
    .bytes(input.receiptKey, 32)
    .bytes(input.signature, 64)
    .bytes(input.receipt, RECEIPT_BYTES)
    .finish();
  return { programAddress: ED25519_PROGRAM, data };
}

/** Shows the receipt of the `receiptCheck` right before it: what it promises beyond what the vault holds is reserved of the house. */
export async function challenge(input: {
  program: Address;
  owner: TransactionSigner;
  house: Address;
}): Promise<CasinoInstruction> {
  const { program, owner, house } = input;
  const vault = await vaultAddress({ program, house, owner: owner.address });
  const accounts = [signs(owner), writable(house), writable(vault), readonly(INSTRUCTIONS_SYSVAR)];
  return instruction({ program, name: 'challenge', accounts });
}

/** Counts a challenge older than `exitDelaySlots` as overdue, which stops the house's own payments; anyone may send it. */
export function escalateChallenge(input: { program: Address; house: Address; vault: Address }): CasinoInstruction {
  const accounts = [writable(input.house), writable(input.vault)];
  return instruction({ program: input.program, name: 'escalateChallenge', accounts });
}
