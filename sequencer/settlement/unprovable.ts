import type { BatchRecord } from '../ledger/records.ts';
import type { UnfinishedBatches } from './batches.ts';

/**
 * Takes back the batches of a circuit that is not loaded any more, and those after them: no proof would ever come, and all would wait.
 * For a start, before the loops: none of them has a transaction, for a batch is signed only once it is proven and its turn has come.
 */
export async function withdrawUnprovable(unfinished: UnfinishedBatches, sizes: readonly { name: string }[]): Promise<void> {
  const isUnprovable = ({ state, size }: BatchRecord) =>
    (state === 'Pending' || state === 'Proving') && !sizes.some(({ name }) => name === size);
  const first = unfinished.all.find(isUnprovable);
  if (first) await unfinished.withdrawFrom(first, `the circuit ${first.size} is not loaded`);
}
