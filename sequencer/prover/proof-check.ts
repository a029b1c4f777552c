import { type Groth16Proof, verifyGroth16 } from '../../native/index.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { bytesToInteger } from '../../protocol/field.ts';

/** BN254's base field. */
const BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const FIELD_BYTES = 32;
/** Set on the first byte of a compressed point if y is the larger of the two roots. */
const LARGER_ROOT = 0x80;

/**
 * Whether a proof holds under the verifying key that the chain has, and its compressed form, which is what goes there, is of the same
 * points. The prover has checked it already; this is for what happened to the bytes since, and to the prover's own key.
 */
export function holds(proof: Groth16Proof, verifyingKey: Uint8Array): boolean {
  const { compressed, publicInputs } = proof;
  return (
    compareBytes(compressedOf(proof.proof), compressed) === 0 && verifyGroth16({ verifyingKey, proof: proof.proof, publicInputs })
  );
}

/** A 256-byte proof in Solana's 128 bytes: x of A, B and C, each with the sign of its y. */
function compressedOf(proof: Uint8Array): Uint8Array {
  const [a, b, c] = [proof.subarray(0, 64), proof.subarray(64, 192), proof.subarray(192, 256)];
  return Uint8Array.from([a, b, c].flatMap((point) => [...compressedPoint(point)]));
}

/** `x || y` of either group; of an element of the quadratic extension the high part comes first, and decides unless it is zero. */
function compressedPoint(point: Uint8Array): Uint8Array {
  const half = point.length / 2;
  const x = point.slice(0, half);
  const high = bytesToInteger(point.subarray(half, half + FIELD_BYTES));
  const y = high === 0n ? bytesToInteger(point.subarray(point.length - FIELD_BYTES)) : high;
  if (y > BASE_FIELD - y) x[0] = (x[0] as number) | LARGER_ROOT;
  return x;
}
