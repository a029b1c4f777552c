import {
  AccountRole,
  type Address,
  getAddressDecoder,
  getAddressEncoder,
  getProgramDerivedAddress,
  type Instruction,
  type ReadonlyUint8Array,
  type TransactionSigner,
} from '@solana/kit';
import { SYSTEM_PROGRAM_ADDRESS } from '@solana-program/system';
import { ByteWriter } from '../../protocol/bytes.ts';

/** Solana's address lookup table program; layouts and rules as in its source, solana-program/address-lookup-table. */
export const LOOKUP_TABLE_PROGRAM = 'AddressLookupTab1e1111111111111111111111111' as Address;

/** Addresses that one table takes. */
export const TABLE_CAPACITY = 256;
/**
 * Slots from its deactivation until a table can be closed: as long as the deactivation's slot is among the 512 newest of SlotHashes the
 * table still resolves. Slots without a block make it longer.
 */
export const CLOSABLE_AFTER_SLOTS = 513n;

const TABLE_DISCRIMINATOR = 1;
const METADATA_BYTES = 56;
const NEVER = 0xffff_ffff_ffff_ffffn;
const NUMBERS = { create: 0, extend: 2, deactivate: 3, close: 4 } as const;

/** What a table's account says. */
export interface LookupTable {
  /** Who may extend, deactivate and close it; undefined once nobody may. */
  authority: Address | undefined;
  deactivatedAtSlot: bigint | undefined;
  lastExtendedSlot: bigint;
  /** How many of the addresses were there before the slot of the last extension: only those resolve in that slot itself. */
  countBeforeLastExtension: number;
  addresses: Address[];
}

/** Reads a table's account; undefined if the data is not a table's. */
export function decodeLookupTable(data: ReadonlyUint8Array): LookupTable | undefined {
  const bytes = Uint8Array.from(data);
  const view = new DataView(bytes.buffer);
  if (bytes.length < METADATA_BYTES || (bytes.length - METADATA_BYTES) % 32 !== 0) return undefined;
  if (view.getUint32(0, true) !== TABLE_DISCRIMINATOR) return undefined;
  const addressAt = (offset: number) => getAddressDecoder().decode(bytes, offset);
  const deactivatedAt = view.getBigUint64(4, true);
  return {
    deactivatedAtSlot: deactivatedAt === NEVER ? undefined : deactivatedAt,
    lastExtendedSlot: view.getBigUint64(12, true),
    countBeforeLastExtension: view.getUint8(20),
    authority: view.getUint8(21) === 1 ? addressAt(22) : undefined,
    addresses: Array.from({ length: (bytes.length - METADATA_BYTES) / 32 }, (_, index) => addressAt(METADATA_BYTES + 32 * index)),
  };
}

/** The address of the table that an authority makes from a slot's number, and its bump. */
export async function lookupTableAddress(input: {
  authority: Address;
  recentSlot: bigint;
}): Promise<{ address: Address; bump: number }> {
  const seeds = [getAddressEncoder().encode(input.authority), new ByteWriter().u64(input.recentSlot).finish()];
  const [address, bump] = await getProgramDerivedAddress({ programAddress: LOOKUP_TABLE_PROGRAM, seeds });
  return { address, bump };
}

/** Makes a table, whose address is that of `lookupTableAddress`. The slot must be among the 512 newest with a block. */
export async function createLookupTable(input: { authority: TransactionSigner; recentSlot: bigint }): Promise<Instruction> {
  const { authority, recentSlot } = input;
  const { address, bump } = await lookupTableAddress({ authority: authority.address, recentSlot });
  return tableInstruction({
    number: NUMBERS.create,
    table: address,
    authority,
    payer: authority,
    write: (w) => w.u64(recentSlot).u8(bump),
  });
}

/** Appends addresses; the authority pays the rent of the room that they take. */
export function extendLookupTable(input: {
  table: Address;
  authority: TransactionSigner;
  addresses: readonly Address[];
}): Instruction {
  const { table, authority, addresses } = input;
  return tableInstruction({
    number: NUMBERS.extend,
    table,
    authority,
    payer: authority,
    write: (w) => {
      w.u64(BigInt(addresses.length));
      for (const address of addresses) w.bytes(Uint8Array.from(getAddressEncoder().encode(address)), 32);
    },
  });
}

/** Starts the wait after which a table can be closed. */
export function deactivateLookupTable(input: { table: Address; authority: TransactionSigner }): Instruction {
  return tableInstruction({ number: NUMBERS.deactivate, ...input });
}

/** Removes a table that was deactivated long enough ago; its rent goes back to the authority. */
export function closeLookupTable(input: { table: Address; authority: TransactionSigner }): Instruction {
  return tableInstruction({ number: NUMBERS.close, ...input, recipient: input.authority.address });
}

function tableInstruction(input: {
  number: number;
  table: Address;
  authority: TransactionSigner;
  payer?: TransactionSigner;
  recipient?: Address;
  write?: (writer: ByteWriter) => void;
}): Instruction {
  const { table, authority, payer, recipient } = input;
  const writer = new ByteWriter().u32(input.number);
  input.write?.(writer);
  const signs = (signer: TransactionSigner, role: AccountRole.READONLY_SIGNER | AccountRole.WRITABLE_SIGNER) => ({
    address: signer.address,
    role,
    signer,
  });
  const accounts = [
    { address: table, role: AccountRole.WRITABLE },
    signs(authority, AccountRole.READONLY_SIGNER),
    ...(payer
      ? [signs(payer, AccountRole.WRITABLE_SIGNER), { address: SYSTEM_PROGRAM_ADDRESS, role: AccountRole.READONLY }]
      : []),
    ...(recipient ? [{ address: recipient, role: AccountRole.WRITABLE }] : []),
  ];
  return { programAddress: LOOKUP_TABLE_PROGRAM, accounts, data: writer.finish() };
}
