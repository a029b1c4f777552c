import { hmac } from '@noble/hashes/hmac.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { multiplyBase8, SUBGROUP_ORDER } from './babyjubjub.ts';
import { concat } from './bytes.ts';
import type { SigningKey } from './eddsa.ts';
import { ProtocolError } from './errors.ts';
import { bytesToInteger, FIELD_ORDER, fieldToBytes } from './field.ts';

/** A key that can only bet, with the secret that makes its client seeds. */
export interface SessionKey extends SigningKey {
  /** 32 secret bytes. */
  clientSeedKey: Uint8Array;
}

/** The text that the wallet signs to make a session key. Addresses and hashes in base58, the nonce in 32 lower-case hex digits. */
export function sessionMessage(input: { origin: string; genesisHash: string; house: string; deviceNonce: string }): string {
  if (!/^[0-9a-f]{32}$/.test(input.deviceNonce)) {
    throw new ProtocolError('BAD_VALUE', 'the device nonce is 32 lower-case hex digits');
  }
  for (const [name, value] of Object.entries(input)) {
    if (/[\r\n]/.test(value)) throw new ProtocolError('BAD_VALUE', `${name} must be one line`);
  }
  return [
    'ZK Casino session key',
    '',
    `Site: ${input.origin}`,
    `Cluster: ${input.genesisHash}`,
    `House: ${input.house}`,
    `Device: ${input.deviceNonce}`,
    '',
    'Signing this makes a key that can place bets with the balance of your vault in this house.',
    'It can not withdraw. Sign it only on the site named above.',
  ].join('\n');
}

/** The 32-byte seed of a session key from the wallet's 64-byte signature of the session message. */
export function sessionSeedFromSignature(signature: Uint8Array): Uint8Array {
  if (signature.length !== 64) throw new ProtocolError('BAD_LENGTH', `a wallet signature has 64 bytes, got ${signature.length}`);
  return sha256(tagged('zk-casino/session-seed/1', signature));
}

/** The session key of a 32-byte seed, layouts.md section 4. */
export function sessionKeyFromSeed(seed: Uint8Array): SessionKey {
  if (seed.length !== 32) throw new ProtocolError('BAD_LENGTH', `a session seed has 32 bytes, got ${seed.length}`);
  const scalar = 1n + (bytesToInteger(sha512(tagged('zk-casino/session-scalar/1', seed))) % (SUBGROUP_ORDER - 1n));
  return {
    scalar,
    publicKey: multiplyBase8(scalar),
    nonceKey: sha256(tagged('zk-casino/session-nonce/1', seed)),
    clientSeedKey: sha256(tagged('zk-casino/client-seed/1', seed)),
  };
}

/** The client's part of a bet's randomness; the same bet gives the same seed, so a retry has the same bytes. */
export function clientSeedOf(input: {
  clientSeedKey: Uint8Array;
  accountId: bigint;
  headBefore: bigint;
  packed: bigint;
}): bigint {
  const message = concat([fieldToBytes(input.accountId), fieldToBytes(input.headBefore), fieldToBytes(input.packed)]);
  return bytesToInteger(hmac(sha512, input.clientSeedKey, message)) % FIELD_ORDER;
}

function tagged(tag: string, bytes: Uint8Array): Uint8Array {
  return concat([new TextEncoder().encode(tag), bytes]);
}
