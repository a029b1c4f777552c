import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { decodeBase58 } from './base58.ts';
import { deriveFromSeed } from './genesis.ts';

/** DER of a PKCS #8 Ed25519 key up to its 32 secret bytes (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SYSTEM_PROGRAM = new Uint8Array(32);
const COMPUTE_BUDGET = decodeBase58('ComputeBudget111111111111111111111111111111') as Uint8Array;
const SYSTEM_TRANSFER = 2;
const SET_COMPUTE_UNIT_LIMIT = 2;
/** An airdrop needs 300 compute units; the limit above that only makes equal airdrops of one block differ. */
const BASE_COMPUTE_UNITS = 1_000;
const DISTINCT_LIMITS = 1_000_000;

/** The account that airdrops come from. Its key derives from the chain's seed: development only. */
export class Faucet {
  readonly address: Uint8Array;
  readonly #key: KeyObject;
  #count = 0;

  constructor(seed: Uint8Array) {
    const der = Buffer.concat([PKCS8_PREFIX, deriveFromSeed(seed, 'faucet')]);
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    this.address = createPublicKey(this.#key).export({ format: 'der', type: 'spki' }).subarray(-32);
  }

  /** A signed transfer of `lamports` to `recipient`, an ordinary transaction in wire form. */
  airdrop(options: { recipient: Uint8Array; lamports: bigint; blockhash: Uint8Array }): Uint8Array {
    this.#count = (this.#count + 1) % DISTINCT_LIMITS;
    const limit = Buffer.alloc(5);
    limit.writeUInt8(SET_COMPUTE_UNIT_LIMIT, 0);
    limit.writeUInt32LE(BASE_COMPUTE_UNITS + this.#count, 1);
    const transfer = Buffer.alloc(12);
    transfer.writeUInt32LE(SYSTEM_TRANSFER, 0);
    transfer.writeBigUInt64LE(options.lamports, 4);
    const message = Buffer.concat([
      Buffer.from([1, 0, 2, 4]),
      this.address,
      options.recipient,
      SYSTEM_PROGRAM,
      COMPUTE_BUDGET,
      options.blockhash,
      Buffer.from([2, 3, 0, limit.length]),
      limit,
      Buffer.from([2, 2, 0, 1, transfer.length]),
      transfer,
    ]);
    const wire = Buffer.concat([Buffer.from([1]), sign(null, message, this.#key), message]);
    return new Uint8Array(wire);
  }
}
