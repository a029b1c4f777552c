import { parentPort, workerData } from 'node:worker_threads';
import { circuitInfo } from '../../circuits/artifacts.ts';
import { CircuitError } from '../../circuits/errors.ts';
import { witnessCalculator } from '../../circuits/witness.ts';
import { witnessInputOf } from '../../circuits/witness-input.ts';
import type { BatchStatement } from '../../protocol/batch.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { messageOf } from '../errors.ts';
import { NATIVE_KERNEL } from './native-kernel.ts';

/** Computes the witnesses of one circuit size, one at a time, away from the event loop that answers bettors. */
const port = parentPort;
if (!port) throw new Error('the witness worker runs as a worker thread');

useKernel(NATIVE_KERNEL);
const { sizeName } = workerData as { sizeName: string };
const size = circuitInfo(sizeName);
const calculator = witnessCalculator(sizeName);
port.postMessage({ ready: true });

port.on('message', (statement: BatchStatement) => {
  try {
    const witness = calculator.compute({ ...witnessInputOf(statement, size) });
    port.postMessage({ witness }, [witness.buffer as ArrayBuffer]);
  } catch (error) {
    const impossible = error instanceof CircuitError && error.code === 'WITNESS_REJECTED';
    port.postMessage({ failed: messageOf(error), impossible });
  }
});
