import type { House } from '../program/client/index.ts';
import { call } from '../sequencer/chain/rpc.ts';
import type { HousePlace } from './house-place.ts';
import { Output } from './output.ts';

/** What a slot takes on Solana's clusters, to say roughly when something is due. */
const SLOT_MS = 400;
const POLL_MS = 1_000;

/** The house and the slot that shows it so, at confirmed. */
export const houseNow = ({ reader }: HousePlace): Promise<{ house: House; slot: bigint }> => reader.houseAndSlot('confirmed');

/** How long slots take, roughly, for people. */
export function slotsTime(slots: bigint): string {
  const minutes = (Number(slots) * SLOT_MS) / 60_000;
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return `about ${Math.round(minutes)} minutes`;
  return minutes < 2_880 ? `about ${Math.round(minutes / 60)} hours` : `about ${Math.round(minutes / 1_440)} days`;
}

/** When a slot is due, for people. */
export const dueIn = (due: bigint, slot: bigint): string =>
  due <= slot ? `slot ${due}, which has come` : `slot ${due}, in ${due - slot} slots (${slotsTime(due - slot)} at 0.4 s a slot)`;

/** Waits for a slot at confirmed, telling how far it has come. */
export async function waitForSlot({ rpc }: HousePlace, due: bigint): Promise<void> {
  const output = new Output(process.stderr);
  const first = await call(rpc.getSlot({ commitment: 'confirmed' }));
  for (let slot = first; slot < due; slot = await call(rpc.getSlot({ commitment: 'confirmed' }))) {
    output.bar({ label: `waiting for slot ${due}`, done: Number(slot - first), total: Number(due - first) });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  output.end();
}
