/** Keys that snarkjs has contributed to, without the minutes that powers of tau of that size take. */
import { developmentSetup } from '../index.ts';
import { snarkjs, withSection } from './fixtures.ts';

const BEACON = 'c0ffee'.repeat(11).slice(0, 64);
/** The names of the r1cs file's wires, which no proof depends on. */
const WIRE_LABELS = 3;

/**
 * A zkey of a circuit with one contribution and a beacon, as a ceremony ends. It begins with a development set-up: the circuit's own, as
 * somebody would who passes a development key off as a ceremony's, or, for `secrets: 'others'`, one whose alpha, beta and tau are those of
 * no circuit: the same constraints in a file with other labels.
 */
export async function contributedKey(r1cs: Uint8Array, options: { secrets: 'development' | 'others' }): Promise<Uint8Array> {
  const relabelled = (labels: Uint8Array) => labels.with(labels.length - 1, (labels.at(-1) as number) ^ 1);
  const source = options.secrets === 'others' ? withSection(r1cs, WIRE_LABELS, relabelled) : r1cs;
  const [contributed, ended]: { type: 'mem'; data?: Uint8Array }[] = [{ type: 'mem' }, { type: 'mem' }];
  await snarkjs.zKey.contribute(await developmentSetup(source), contributed, 'Ada', 'entropy');
  await snarkjs.zKey.beacon(contributed?.data, ended, 'beacon', BEACON, 10);
  if (!ended?.data) throw new Error('snarkjs wrote no key');
  return ended.data;
}
