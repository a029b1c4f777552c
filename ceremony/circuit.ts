import { CIRCUIT_NAMES, circuitInfo, loadR1cs } from '../circuits/artifacts.ts';
import { CeremonyError } from './errors.ts';

/** The circuit that a ceremony makes a key for. */
export interface CeremonyCircuit {
  name: string;
  /** Its rows fit 2^power. */
  power: number;
  r1csSha256: string;
  /** In iden3's format, as it is committed and its hash is checked. */
  r1cs(): Uint8Array;
}

/** A circuit of circuits/manifest.json; `BAD_INPUT` if it has none of that name. */
export function circuitNamed(name: string): CeremonyCircuit {
  if (!(CIRCUIT_NAMES as string[]).includes(name)) {
    throw new CeremonyError('BAD_INPUT', `the circuits are ${CIRCUIT_NAMES.join(', ')}, not ${name}`);
  }
  const { power, r1csSha256 } = circuitInfo(name);
  return { name, power, r1csSha256, r1cs: () => loadR1cs(name) };
}
