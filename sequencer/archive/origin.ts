import { getBase58Encoder } from '@solana/kit';
import type { LedgerReader } from '../ledger/reader.ts';
import type { ArchiveOrigin } from './format.ts';

const PART_BYTES = 32;

/** Whose bets a ledger's archives hold. */
export function originOf(read: LedgerReader, archiveNumber: bigint): ArchiveOrigin {
  return { archiveNumber, ledgerId: Buffer.from(read.meta('ledger') ?? '', 'hex'), identity: identityBytes(read) };
}

/** Program, house and genesis hash that a ledger is bound to, 32 bytes each; zeros before it is. */
export function identityBytes(read: LedgerReader): Uint8Array {
  const identity = new Uint8Array(3 * PART_BYTES);
  for (const [index, part] of (read.meta('identity')?.split('/') ?? []).entries()) {
    identity.set(getBase58Encoder().encode(part), index * PART_BYTES);
  }
  return identity;
}
