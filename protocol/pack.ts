import { ProtocolError } from './errors.ts';

export interface Lane {
  name: string;
  value: bigint;
  bits: number;
}

/** Most bits of one packed field element: it can then not wrap around r. */
const MAX_PACKED_BITS = 252;

/**
 * `a + b * 2^wa + ...`, the first lane lowest. Every lane is range-checked: packing is linear, so a lane over its width would
 * cancel in its neighbour (`NOT_CANONICAL`).
 */
export function pack(lanes: readonly Lane[]): bigint {
  let packed = 0n;
  let shift = 0;
  for (const { name, value, bits } of lanes) {
    if (value < 0n || value >> BigInt(bits) !== 0n) {
      throw new ProtocolError('NOT_CANONICAL', `${name} does not fit ${bits} bits: ${value}`);
    }
    packed |= value << BigInt(shift);
    shift += bits;
  }
  if (shift > MAX_PACKED_BITS) throw new ProtocolError('NOT_CANONICAL', `lanes take ${shift} bits`);
  return packed;
}
