import {
  type AccountMeta,
  AccountRole,
  type AccountSignerMeta,
  type Address,
  getAddressEncoder,
  type Instruction,
  type InstructionWithAccounts,
  type InstructionWithData,
  type TransactionSigner,
} from '@solana/kit';
import { ByteWriter } from '../../../protocol/bytes.ts';

/** The first byte of each instruction's data. */
export const INSTRUCTION_NUMBERS = {
  initHouse: 0,
  addTerms: 1,
  addVerifyingKey: 2,
  retireVerifyingKey: 3,
  openVault: 4,
  deposit: 5,
  requestWithdrawal: 6,
  settleBatch: 7,
  settleTransfers: 8,
  claim: 9,
  forceExit: 10,
  rotateSessionKey: 11,
  challenge: 12,
  escalateChallenge: 13,
  fundHouse: 14,
  requestHouseWithdrawal: 15,
  payHouseWithdrawal: 16,
  setSettler: 17,
  advanceEpoch: 18,
  scheduleChange: 19,
  applyChange: 20,
  setPaused: 21,
} as const;

export type InstructionName = keyof typeof INSTRUCTION_NUMBERS;

/** An instruction of the program: ready for kit's `appendTransactionMessageInstruction`, its signers attached. */
export type CasinoInstruction = Instruction &
  InstructionWithAccounts<(AccountMeta | AccountSignerMeta)[]> &
  InstructionWithData<Uint8Array>;

export const SYSTEM_PROGRAM = '11111111111111111111111111111111' as Address;

const addressEncoder = getAddressEncoder();

/** The raw 32 bytes of an address. */
export function addressBytes(address: Address): Uint8Array {
  return Uint8Array.from(addressEncoder.encode(address));
}

export const readonly = (address: Address): AccountMeta => ({ address, role: AccountRole.READONLY });
export const writable = (address: Address): AccountMeta => ({ address, role: AccountRole.WRITABLE });
export const signs = (signer: TransactionSigner): AccountSignerMeta => ({
  address: signer.address,
  role: AccountRole.READONLY_SIGNER,
  signer,
});
export const signsAndPays = (signer: TransactionSigner): AccountSignerMeta => ({
  address: signer.address,
  role: AccountRole.WRITABLE_SIGNER,
  signer,
});

/** Puts an instruction together; `write` adds the data after the number. */
export function instruction(input: {
  program: Address;
  name: InstructionName;
  accounts: (AccountMeta | AccountSignerMeta)[];
  write?: (writer: ByteWriter) => void;
}): CasinoInstruction {
  const writer = new ByteWriter().u8(INSTRUCTION_NUMBERS[input.name]);
  input.write?.(writer);
  return { programAddress: input.program, accounts: input.accounts, data: writer.finish() };
}
