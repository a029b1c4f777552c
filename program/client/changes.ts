import type { Address } from '@solana/kit';
import type { ByteWriter } from '../../protocol/bytes.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { CHANGE_AUTHORITY, CHANGE_DELAYS, CHANGE_RECEIPT_KEY, NATIVE_MINT } from './constants.ts';
import { addressBytes } from './instructions/build.ts';
import type { AccountReader } from './reader.ts';

/** A change that waits `changeDelaySlots`. `receiptKey` is 32 bytes. All zero: withdraw what is pending. */
export type Change =
  | { kind: 'authority'; authority: Address }
  | { kind: 'receiptKey'; receiptKey: Uint8Array }
  | { kind: 'delays'; exitDelaySlots: bigint; changeDelaySlots: bigint };

export type ChangeKind = Change['kind'];

export const CHANGE_KINDS = {
  authority: CHANGE_AUTHORITY,
  receiptKey: CHANGE_RECEIPT_KEY,
  delays: CHANGE_DELAYS,
} as const;

/** The value that withdraws the pending change of a kind. */
export function withdrawnChange(kind: ChangeKind): Change {
  if (kind === 'authority') return { kind, authority: NATIVE_MINT };
  if (kind === 'receiptKey') return { kind, receiptKey: new Uint8Array(32) };
  return { kind, exitDelaySlots: 0n, changeDelaySlots: 0n };
}

/** Kind and value, as `schedule_change` takes them. */
export function writeChange(writer: ByteWriter, change: Change): void {
  writer.u8(CHANGE_KINDS[change.kind]);
  if (change.kind === 'authority') writer.bytes(addressBytes(change.authority));
  else if (change.kind === 'receiptKey') writer.bytes(change.receiptKey, 32);
  else writer.u64(change.exitDelaySlots).u64(change.changeDelaySlots);
}

/** Kind and 32 bytes, as events hold them. Throws a `ProtocolError` (`BAD_VALUE`) for an unknown kind. */
export function readChange(reader: AccountReader): Change {
  const kind = reader.u8();
  if (kind === CHANGE_AUTHORITY) return { kind: 'authority', authority: reader.address() };
  if (kind === CHANGE_RECEIPT_KEY) return { kind: 'receiptKey', receiptKey: reader.bytes(32) };
  if (kind !== CHANGE_DELAYS) throw new ProtocolError('BAD_VALUE', `unknown kind of change ${kind}`);
  const change = { kind: 'delays' as const, exitDelaySlots: reader.u64(), changeDelaySlots: reader.u64() };
  reader.zeros(16);
  return change;
}
