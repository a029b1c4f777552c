import { parentPort, workerData } from 'node:worker_threads';
import { useKernel } from '../protocol/kernel.ts';
import { simulateBets } from '../verifier/fairness/simulate.ts';
import { packBets, type SimulatedHouse } from './fairness-simulation.ts';

const { bets, seed, blockBets, native } = workerData as SimulatedHouse;
if (native) useKernel((await import('../sequencer/prover/native-kernel.ts')).NATIVE_KERNEL);
const simulated = simulateBets({ bets, seed });

// One block for each message, whatever it says: the reader sets the pace.
parentPort?.on('message', () => {
  const block = [];
  while (block.length < blockBets) {
    const { value } = simulated.next();
    if (!value) break;
    block.push(value);
  }
  const packed = packBets(block);
  parentPort?.postMessage(packed, [packed.vaults.buffer, packed.sides.buffer, packed.stakes.buffer]);
});
