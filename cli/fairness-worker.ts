import { parentPort, workerData } from 'node:worker_threads';
import { useKernel } from '../protocol/kernel.ts';
import type { ObservedBet } from '../verifier/fairness/fairness.ts';
import { simulateBets } from '../verifier/fairness/simulate.ts';

/** What a worker is started with: one of the simulated houses. */
export interface SimulatedHouse {
  bets: number;
  seed: number;
  /** Sets its vaults apart from those of other houses. */
  house: number;
  blockBets: number;
  native: boolean;
}

const { bets, seed, house, blockBets, native } = workerData as SimulatedHouse;
if (native) useKernel((await import('../sequencer/prover/native-kernel.ts')).NATIVE_KERNEL);
const simulated = simulateBets({ bets, seed });

// One block for each message, whatever it says: the reader sets the pace.
parentPort?.on('message', () => parentPort?.postMessage(nextBlock()));

function nextBlock(): ObservedBet[] {
  const block: ObservedBet[] = [];
  while (block.length < blockBets) {
    const { value } = simulated.next();
    if (!value) break;
    block.push({ ...value, vault: `house ${house}, ${value.vault}` });
  }
  return block;
}
