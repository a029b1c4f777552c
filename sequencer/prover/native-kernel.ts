import { legendre, poseidon, sqrt } from '../../native/index.ts';
import { bytesToInteger, fieldToBytes } from '../../protocol/field.ts';
import type { FieldKernel } from '../../protocol/kernel.ts';

/** The Rust kernel's arithmetic behind the protocol's functions. */
export const NATIVE_KERNEL: FieldKernel = {
  poseidon(inputs) {
    const bytes = new Uint8Array(32 * inputs.length);
    for (const [index, input] of inputs.entries()) bytes.set(fieldToBytes(input), 32 * index);
    return bytesToInteger(poseidon(bytes));
  },
  legendre: (value) => legendre(fieldToBytes(value)),
  squareRoot(value) {
    const root = sqrt(fieldToBytes(value));
    return root === null ? undefined : bytesToInteger(root);
  },
};
