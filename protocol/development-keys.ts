import { sha256 } from '@noble/hashes/sha2.js';
import { compareBytes, toHex } from './bytes.ts';
import { ProtocolError } from './errors.ts';

/** A verifying key as the program stores it: alpha G1 64, beta G2 128, gamma G2 128, delta G2 128, IC0 and IC1 G1 64 each. */
const KEY_BYTES = 576;
const [GAMMA_AT, DELTA_AT, IC_AT] = [192, 320, 448];

/**
 * What makes proofs under a key worth nothing: `development` it is a development key, `derived-from-development` its alpha and beta are
 * a development key's, so contributions were put on top of public secrets, `no-contribution` its delta is gamma, as a key has it to
 * which nobody has contributed.
 */
export type KeyWeakness = 'development' | 'derived-from-development' | 'no-contribution';

/** A circuit's development key: SHA-256 of the whole key, and of its alpha and beta. */
interface KnownKey {
  circuit: string;
  keySha256: string;
  alphaBetaSha256: string;
}

/**
 * The development keys of every circuit that this project has had; append only, since a house may have been opened with an old one.
 * They derive from the circuits (native/src/setup.rs): development-keys.test.ts computes them anew and prints what is missing here.
 */
const DEVELOPMENT_KEYS: readonly KnownKey[] = [
  {
    circuit: 'tiny',
    keySha256: 'acb0074dba5dd01fd57ac9a52dd47ffd1af91d52657690f7bb4d081db6ff96e2',
    alphaBetaSha256: '93e2d3194bc559ab7f35947a5d10dfc21cf23b45b357449dcfe8d52056894092',
  },
  {
    circuit: 'small',
    keySha256: '54335d11246de4b0a5639561e23e59e75c6f4032825904dce3fbdc0a95d6f2b0',
    alphaBetaSha256: '1bc2af03b5bfff842185fe63db14886e3c6dd4b79621e72f9d4fc3e200b44ceb',
  },
  {
    circuit: 'large',
    keySha256: 'cbf9c2a2002c736d7ff0eab2ed647ad8c1dded9285874612baf2050765c2b620',
    alphaBetaSha256: 'f4d2c1a0186e28241ebb85c3087e94c297f998b88db668bea7d1cf1e076c0cfc',
  },
];

/**
 * Whether a verifying key's SHA-256, 32 bytes as its account on chain has it, is that of a development key: its secret is public, so
 * anyone can forge proofs under it.
 */
export function isDevelopmentKey(keyHash: Uint8Array): boolean {
  const hash = toHex(keyHash);
  return DEVELOPMENT_KEYS.some(({ keySha256 }) => keySha256 === hash);
}

/**
 * Why proofs under this verifying key (576 bytes) convince nobody; undefined if nothing is known against it, which does not make it a
 * ceremony's. Stricter than `isDevelopmentKey`. `BAD_LENGTH`.
 */
export function keyWeakness(key: Uint8Array): KeyWeakness | undefined {
  if (key.length !== KEY_BYTES)
    throw new ProtocolError('BAD_LENGTH', `a verifying key has ${KEY_BYTES} bytes, not ${key.length}`);
  if (isDevelopmentKey(sha256(key))) return 'development';
  const alphaBeta = toHex(sha256(key.subarray(0, GAMMA_AT)));
  if (DEVELOPMENT_KEYS.some(({ alphaBetaSha256 }) => alphaBetaSha256 === alphaBeta)) return 'derived-from-development';
  const uncontributed = compareBytes(key.subarray(GAMMA_AT, DELTA_AT), key.subarray(DELTA_AT, IC_AT)) === 0;
  return uncontributed ? 'no-contribution' : undefined;
}
