import { CIRCUIT_NAMES, circuitInfo } from '../../circuits/artifacts.ts';
import { keyBytes, simulateProof, TRAPDOOR, type Trapdoor } from '../../program/test/trapdoor.ts';
import { type BatchStatement, publicBatchOf, publicInput } from '../../protocol/batch.ts';
import type { Proving } from '../prover/proving.ts';
import type { Proof } from '../settlement/batch-prover.ts';

/** Real proofs at once: under a verifying key whose trapdoor the tests know, they need no witness. The program verifies them like any. */
export function simulatedProving(trapdoor: Trapdoor = TRAPDOOR): Proving {
  const keys = CIRCUIT_NAMES.map((name, index) => ({
    circuit: circuitInfo(name),
    vkId: index + 1,
    path: 'simulated',
    verifyingKey: keyBytes(trapdoor),
  }));
  const provers = keys.map(({ circuit }) => ({
    circuit,
    prove: async (statement: BatchStatement): Promise<Proof> => {
      const compressed = simulateProof(publicInput(publicBatchOf(statement), circuit.maxVaults), { key: trapdoor });
      return { compressed, witnessMs: 1, proveMs: 1 };
    },
  }));
  return { keys, start: () => ({ provers, lastProof: undefined, stop: async () => {} }) };
}
