import { encodeBase58 } from './base58.ts';
import type { WireInstruction, WireMessage } from './wire.ts';

/** Source of the numbers: Agave's fee structure and compute budget. */
const LAMPORTS_PER_SIGNATURE = 5_000n;
const MAX_COMPUTE_UNITS = 1_400_000;
const DEFAULT_INSTRUCTION_COMPUTE_UNITS = 200_000;
const BUILTIN_INSTRUCTION_COMPUTE_UNITS = 3_000;
const MICRO_LAMPORTS_PER_LAMPORT = 1_000_000n;

const COMPUTE_BUDGET = 'ComputeBudget111111111111111111111111111111';
const SIGNATURE_PRECOMPILES = new Set([
  'Ed25519SigVerify111111111111111111111111111',
  'KeccakSecp256k11111111111111111111111111111',
  'Secp256r1SigVerify1111111111111111111111111',
]);
const BUILTINS = new Set([
  ...SIGNATURE_PRECOMPILES,
  COMPUTE_BUDGET,
  '11111111111111111111111111111111',
  'Vote111111111111111111111111111111111111111',
  'BPFLoader1111111111111111111111111111111111',
  'BPFLoader2111111111111111111111111111111111',
  'BPFLoaderUpgradeab1e11111111111111111111111',
  'LoaderV411111111111111111111111111111111111',
]);

/** The fee of a message in lamports: its signatures, those of precompiles, and the price of its compute units. */
export function messageFeeLamports(message: WireMessage): bigint {
  let signatures = BigInt(message.requiredSignatures);
  let unitLimit: number | null = null;
  let unitPrice = 0n;
  let defaultUnits = 0;
  for (const instruction of message.instructions) {
    const program = encodeBase58(message.keys[instruction.programIdIndex] as Uint8Array);
    if (SIGNATURE_PRECOMPILES.has(program)) signatures += BigInt(instruction.data[0] ?? 0);
    if (program === COMPUTE_BUDGET) {
      unitLimit = readUnitLimit(instruction) ?? unitLimit;
      unitPrice = readUnitPrice(instruction) ?? unitPrice;
    }
    defaultUnits += BUILTINS.has(program) ? BUILTIN_INSTRUCTION_COMPUTE_UNITS : DEFAULT_INSTRUCTION_COMPUTE_UNITS;
  }
  const units = BigInt(Math.min(unitLimit ?? defaultUnits, MAX_COMPUTE_UNITS));
  const priority = (unitPrice * units + MICRO_LAMPORTS_PER_LAMPORT - 1n) / MICRO_LAMPORTS_PER_LAMPORT;
  return signatures * LAMPORTS_PER_SIGNATURE + priority;
}

function readUnitLimit({ data }: WireInstruction): number | null {
  return data[0] === 2 && data.length >= 5 ? Buffer.from(data).readUInt32LE(1) : null;
}

function readUnitPrice({ data }: WireInstruction): bigint | null {
  return data[0] === 3 && data.length >= 9 ? Buffer.from(data).readBigUInt64LE(1) : null;
}
