/** Ceremonies for tests: powers of tau made on the spot, the multiplier circuit, and a place to hold it in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { multiplierR1cs, snarkjs } from '../../native/test/fixtures.ts';
import type { CeremonyCircuit } from '../circuit.ts';
import { Snarkjs } from '../snarkjs.ts';
import { applyBeacon, contribute, type Place, startCeremony } from '../steps.ts';
import { type VerifyInput, verifyCeremony } from '../verify.ts';

/** native/fixtures/multiplier.circom, which has 64 constraints and three public signals. */
export const MULTIPLIER: CeremonyCircuit = {
  name: 'multiplier',
  power: 7,
  r1csSha256: createHash('sha256').update(multiplierR1cs).digest('hex'),
  r1cs: () => multiplierR1cs,
};

export const BEACON = {
  value: 'c0ffee'.repeat(11).slice(0, 64),
  iterationsExponent: 10,
  source: 'round 4 of the beacon of this test',
};

/**
 * Powers of tau with one contribution and a beacon, prepared for phase 2: of no use to anybody, since one process knew them all. In
 * memory, as snarkjs leaves files open.
 */
export async function makePowersOfTau(options: { power: number; name?: string; prepared?: boolean }): Promise<Uint8Array> {
  const { powersOfTau, curves } = snarkjs;
  const file = (): { type: 'mem'; data?: Uint8Array } => ({ type: 'mem' });
  const [made, contributed, ended, prepared] = [file(), file(), file(), file()];
  await powersOfTau.newAccumulator(await curves.getCurveFromName('bn128'), options.power, made);
  await powersOfTau.contribute(made.data, contributed, options.name ?? 'first', 'entropy');
  await powersOfTau.beacon(contributed.data, ended, 'beacon', BEACON.value, BEACON.iterationsExponent);
  if (options.prepared !== false) await powersOfTau.preparePhase2(ended.data, prepared);
  return prepared.data ?? ended.data ?? assert.fail();
}

/** A place in a directory, without anybody who watches. `stopReferenceThreads` ends the threads, once for all. */
export async function inPlace<T>(directory: string, run: (place: Place) => Promise<T>): Promise<T> {
  return run({ directory, snarkjs: await Snarkjs.load(() => {}) });
}

/** A whole ceremony: two people and the beacon. */
export function holdCeremony(directory: string, input: { ptau: string; circuit?: CeremonyCircuit }): Promise<void> {
  return inPlace(directory, async (place) => {
    await startCeremony(place, { circuit: input.circuit ?? MULTIPLIER, ptau: input.ptau });
    for (const name of ['Ada', 'Grace']) await contribute(place, { name, entropy: new TextEncoder().encode(name) });
    await applyBeacon(place, BEACON);
  });
}

/** The codes of what is found, each once; the powers of tau themselves are looked at only where a test is about them. */
export async function findingsOf(directory: string, input: Partial<VerifyInput> = {}): Promise<string[]> {
  const { findings } = await inPlace(directory, (place) =>
    verifyCeremony(place, { circuit: MULTIPLIER, trustPowersOfTau: true, ...input }),
  );
  return [...new Set(findings.map(({ code }) => code))];
}
