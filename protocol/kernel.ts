import { poseidon1 } from 'poseidon-lite/poseidon1';
import { poseidon2 } from 'poseidon-lite/poseidon2';
import { poseidon3 } from 'poseidon-lite/poseidon3';
import { poseidon4 } from 'poseidon-lite/poseidon4';
import { poseidon5 } from 'poseidon-lite/poseidon5';
import { poseidon12 } from 'poseidon-lite/poseidon12';
import { ProtocolError } from './errors.ts';
import { assertField, legendre, squareRoot } from './field.ts';

/** The functions whose speed matters to a server. Inputs are canonical field elements. */
export interface FieldKernel {
  poseidon(inputs: readonly bigint[]): bigint;
  legendre(value: bigint): -1 | 0 | 1;
  /** The smaller root, or undefined for a non-square. */
  squareRoot(value: bigint): bigint | undefined;
}

type FixedPoseidon = (inputs: bigint[]) => bigint;
const BY_INPUTS = new Map<number, FixedPoseidon>([
  [1, poseidon1 as FixedPoseidon],
  [2, poseidon2 as FixedPoseidon],
  [3, poseidon3 as FixedPoseidon],
  [4, poseidon4 as FixedPoseidon],
  [5, poseidon5 as FixedPoseidon],
  [12, poseidon12 as FixedPoseidon],
]);

/** Runs everywhere, a browser included. */
export const PORTABLE_KERNEL: FieldKernel = {
  poseidon(inputs) {
    const hash = BY_INPUTS.get(inputs.length);
    if (!hash) throw new ProtocolError('BAD_LENGTH', `no Poseidon with ${inputs.length} inputs is in the protocol`);
    return hash([...inputs]);
  },
  legendre,
  squareRoot,
};

let current = PORTABLE_KERNEL;

/**
 * Replaces the portable kernel by a faster one for this process, a server's native one say. It is compared with the portable one
 * on every arity first; a kernel that differs is a broken build and throws.
 */
export function useKernel(kernel: FieldKernel): void {
  for (const arity of BY_INPUTS.keys()) {
    const inputs = Array.from({ length: arity }, (_, index) => BigInt(index + 1) << 200n);
    if (kernel.poseidon(inputs) !== PORTABLE_KERNEL.poseidon(inputs)) {
      throw new Error(`the kernel's Poseidon with ${arity} inputs differs from the portable one`);
    }
  }
  for (const value of [0n, 4n, 5n, 1n << 200n]) {
    const same = kernel.legendre(value) === legendre(value) && kernel.squareRoot(value) === squareRoot(value);
    if (!same) throw new Error("the kernel's Legendre symbol or square root differs");
  }
  current = kernel;
}

/** circomlib's Poseidon over BN254; inputs must be canonical (`NOT_CANONICAL`). */
export function poseidon(inputs: readonly bigint[]): bigint {
  for (const input of inputs) assertField(input, 'Poseidon input');
  return current.poseidon(inputs);
}

/** Legendre symbol of a canonical field element. */
export function legendreSymbol(value: bigint): -1 | 0 | 1 {
  return current.legendre(assertField(value));
}

/** The smaller square root of a canonical field element, or undefined if it has none. */
export function rootOfSquare(value: bigint): bigint | undefined {
  return current.squareRoot(assertField(value));
}
