import { type Address, getAddressDecoder, getAddressEncoder } from '@solana/kit';
import { ByteReader } from '../../protocol/bytes.ts';
import { ProtocolError } from '../../protocol/errors.ts';

const decoder = getAddressDecoder();
const encoder = getAddressEncoder();

/** Reads account, event and instruction bytes: as `ByteReader`, and addresses. */
export class LayoutReader extends ByteReader {
  address(): Address {
    return decoder.decode(this.bytes(32));
  }

  bool(name: string): boolean {
    return this.bit(name) === 1;
  }

  /** Refuses the bytes as malformed. */
  fail(message: string): never {
    throw new ProtocolError('BAD_VALUE', message);
  }
}

/** The 32 bytes of an address. */
export function addressBytes(address: Address): Uint8Array {
  return Uint8Array.from(encoder.encode(address));
}

/** The address of 32 bytes. */
export function addressOf(bytes: Uint8Array): Address {
  return decoder.decode(bytes);
}
