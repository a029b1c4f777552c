import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** PKCS #8 wrapping of a raw ed25519 seed (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A message of the receipt key: its exact bytes and the ed25519 signature over them. */
export interface SignedMessage {
  message: Uint8Array;
  signature: Uint8Array;
}

/** Signs receipts, limits, refusals and seed commitments with the house's receipt key. Ed25519 is deterministic. */
export class ReceiptSigner {
  readonly #key: KeyObject;
  readonly #publicKey: KeyObject;

  /** Takes the 32-byte seed of the key. */
  constructor(seed: Uint8Array) {
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
    this.#publicKey = createPublicKey(this.#key);
  }

  sign(message: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, message, this.#key));
  }

  signed(message: Uint8Array): SignedMessage {
    return { message, signature: this.sign(message) };
  }

  /** Whether this key has signed a message. */
  hasSigned({ message, signature }: SignedMessage): boolean {
    return verify(null, message, this.#publicKey, signature);
  }
}
