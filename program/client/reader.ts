import { type Address, getAddressDecoder, type ReadonlyUint8Array } from '@solana/kit';
import { ByteReader } from '../../protocol/bytes.ts';

const decoder = getAddressDecoder();

/** Reads account and event bytes: as `ByteReader`, and addresses. */
export class AccountReader extends ByteReader {
  constructor(bytes: ReadonlyUint8Array) {
    super(Uint8Array.from(bytes));
  }

  address(): Address {
    return decoder.decode(this.bytes(32));
  }

  bool(name: string): boolean {
    return this.bit(name) === 1;
  }
}
