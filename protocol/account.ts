import type { Point } from './babyjubjub.ts';
import { limbs } from './field.ts';
import { poseidon } from './kernel.ts';

/** The cluster as a field element: `P2` of its genesis hash (32 bytes). */
export function domainOf(genesisHash: Uint8Array): bigint {
  return poseidon(limbs(genesisHash));
}

/** What names a vault inside the circuit and starts its hash chain: `P3(domain, hi, lo)` of the vault's address (32 bytes). */
export function accountIdOf({ domain, vault }: { domain: bigint; vault: Uint8Array }): bigint {
  return poseidon([domain, ...limbs(vault)]);
}

/** What the vault stores of a session key: `P2(Ax, Ay)`. */
export function sessionKeyHashOf(sessionKey: Point): bigint {
  return poseidon([sessionKey.x, sessionKey.y]);
}
