import { join } from 'node:path';
import { type Address, createKeyPairSignerFromBytes, type Instruction, type KeyPairSigner } from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import {
  applyChange,
  type Change,
  type House,
  MAX_CHANGE_DELAY_SLOTS,
  MAX_EXIT_DELAY_SLOTS,
  MIN_EXIT_DELAY_SLOTS,
  scheduleChange,
  setPaused,
  setSettler,
  withdrawnChange,
} from '../program/client/index.ts';
import { call } from '../sequencer/chain/rpc.ts';
import { sendAndFinalize } from '../sequencer/chain/transactions.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { abandonRotation, beginRotation, finishRotations, nextKeypair } from '../sequencer/operations/key-rotation.ts';
import { money } from './amounts.ts';
import { type Answer, EndEarly } from './command-end.ts';
import { confirmed } from './confirm.ts';
import { EXIT_AGAIN, EXIT_FINDING } from './exit-codes.ts';
import { authorityOf, type HouseFlags, type HousePlace, openPlace, signerAt } from './house-place.ts';
import { dueIn, houseNow, waitForSlot } from './house-slots.ts';

/** The changes that wait; the receipt key's is not made here: docs/decisions/0032-operator-commands.md. */
export const CHANGE_NAMES = ['authority', 'receipt-key', 'delays'] as const;
export type ChangeName = (typeof CHANGE_NAMES)[number];

export interface DelayFlags extends HouseFlags {
  exitSlots: string;
  changeSlots: string;
}

const COMPUTE_UNITS = 40_000;
/** What stays with the old key for the fees of transactions that are on their way, in lamports. */
const LEFT_BEHIND = 10_000_000n;

const NOTHING_DONE: Answer = { code: 0, words: 'nothing was done', json: { done: false } };

/** `casino house pause` and `unpause`. */
export async function pause(paused: boolean, flags: HouseFlags): Promise<Answer> {
  const place = await openPlace(flags);
  const { rpc, program, house: address } = place;
  const { house } = await houseNow(place);
  const state = paused ? 'paused: no new vaults, no deposits' : 'not paused';
  if (house.paused === paused) return { code: 0, words: `the house is ${state} already`, json: { done: false, paused } };
  const authority = await authorityOf(flags);
  const effect = paused
    ? 'Pause the house: no new vaults and no deposits; bets, settlement, withdrawals and exits go on'
    : 'Take new vaults and deposits again';
  if (!(await confirmed(effect, flags))) return NOTHING_DONE;
  const instructions = [setPaused({ program, authority, house: address, paused })];
  const signature = await sendAndFinalize(rpc, { payer: authority, instructions, computeUnits: COMPUTE_UNITS });
  return { code: 0, words: `the house is ${state}\nfinal: ${signature}`, json: { done: true, paused, signature } };
}

/**
 * `casino house rotate settler`: the fresh key is on disk before the chain names it, and takes the old one's place once that is final. An
 * interrupted run is taken up by the next, and by the service's next start.
 */
export async function rotateSettler(flags: HouseFlags): Promise<Answer> {
  const place = await openPlace(flags);
  const before = await place.reader.houseAt('finalized');
  if (finishRotations(place.keys, before)) return settlerRotated(place, { settler: before.settler, resumed: true });
  const old = await signerAt(join(place.keys, 'settler.json'));
  const authority = await authorityOf(flags);
  if (old.address !== before.settler) {
    throw new CasinoError('CHAIN_MISMATCH', `the house's settler is ${before.settler}, and settler.json holds ${old.address}`);
  }
  const question = [
    `Make a fresh settler key for house ${place.house}, in place of ${old.address}`,
    '  its lamports move along, and the old key stays in the keys directory under its address',
    '  a service that runs ends within seconds and has to be started again, which its supervisor does',
  ].join('\n');
  if (!(await confirmed(question, flags))) return NOTHING_DONE;
  const next = addressOf(beginRotation(place.keys, 'settler').slice(32));
  const { rpc, program, house } = place;
  const pays = await handOver(place, { from: old, to: next });
  const instructions = [...pays, setSettler({ program, authority, house, settler: next })];
  await sendAndFinalize(rpc, { payer: authority, instructions, computeUnits: COMPUTE_UNITS });
  // The service may have taken the key over by now: whoever comes first.
  finishRotations(place.keys, await place.reader.houseAt('finalized'));
  return settlerRotated(place, { settler: next, resumed: false });
}

/** The transfer of what a key holds to the one that follows it; none if it holds next to nothing. */
async function handOver({ rpc }: HousePlace, { from, to }: { from: KeyPairSigner; to: Address }): Promise<Instruction[]> {
  const { value: held } = await call(rpc.getBalance(from.address, { commitment: 'confirmed' }));
  if (held <= 2n * LEFT_BEHIND) return [];
  return [getTransferSolInstruction({ source: from, destination: to, amount: held - LEFT_BEHIND })];
}

async function settlerRotated({ rpc }: HousePlace, done: { settler: Address; resumed: boolean }): Promise<Answer> {
  const { settler, resumed } = done;
  const { value: held } = await call(rpc.getBalance(settler, { commitment: 'finalized' }));
  const words = [
    resumed ? `an earlier run had done it: the settler is ${settler}` : `the settler is ${settler} now`,
    held > LEFT_BEHIND
      ? `it has ${money(held)}`
      : `PAY IT: it has ${money(held)}, and the service does not start with too little`,
    'a service that still runs with the old key ends by itself; start it again if nothing else does',
  ].join('\n');
  return { code: 0, words, json: { done: !resumed, settler, resumed, settler_lamports: held } };
}

/** `casino house rotate authority`: announces a fresh key, which `house apply authority` puts into force. */
export async function rotateAuthority(flags: HouseFlags): Promise<Answer> {
  const place = await openPlace(flags);
  const before = await place.reader.houseAt('finalized');
  if (finishRotations(place.keys, before)) {
    return {
      code: 0,
      words: `an earlier run had done it: the authority is ${before.authority}`,
      json: { done: false, authority: before.authority },
    };
  }
  if (flags.keypair !== undefined) {
    throw new CasinoError('CONFIG_INVALID', 'the authority of the keys directory is rotated; one that is kept elsewhere is not');
  }
  const known = nextKeypair(place.keys, 'authority');
  const { house, slot } = await houseNow(place);
  if (known && house.pendingAuthority === addressOf(known.slice(32)) && pendingOf(house, 'authority').until >= slot) {
    return announced(place, 'authority', { again: true });
  }
  const question = [
    `Announce a fresh authority key for house ${place.house}, in place of ${house.authority}`,
    `  to be put into force after ${house.changeDelaySlots} slots with: casino house apply authority`,
  ].join('\n');
  if (!(await confirmed(question, flags))) return NOTHING_DONE;
  const authority = addressOf(beginRotation(place.keys, 'authority').slice(32));
  await announce(place, { kind: 'authority', authority }, flags);
  return announced(place, 'authority', { again: false });
}

/** `casino house rotate delays`. */
export async function changeDelays(flags: DelayFlags): Promise<Answer> {
  const [exitDelaySlots, changeDelaySlots] = [BigInt(flags.exitSlots), BigInt(flags.changeSlots)];
  const fits =
    exitDelaySlots >= MIN_EXIT_DELAY_SLOTS &&
    exitDelaySlots <= MAX_EXIT_DELAY_SLOTS &&
    changeDelaySlots >= 2n * exitDelaySlots &&
    changeDelaySlots <= MAX_CHANGE_DELAY_SLOTS;
  if (!fits) {
    const exits = `the exit delay is ${MIN_EXIT_DELAY_SLOTS} to ${MAX_EXIT_DELAY_SLOTS} slots`;
    const message = `${exits}, the change delay at least twice that and at most ${MAX_CHANGE_DELAY_SLOTS}`;
    throw new CasinoError('CONFIG_INVALID', message);
  }
  const place = await openPlace(flags);
  const { house, slot } = await houseNow(place);
  const { until } = pendingOf(house, 'delays');
  const same = house.pendingExitDelaySlots === exitDelaySlots && house.pendingChangeDelaySlots === changeDelaySlots;
  if (same && until >= slot) return announced(place, 'delays', { again: true });
  const question = [
    `Announce an exit delay of ${exitDelaySlots} slots (now ${house.exitDelaySlots})`,
    `  and a change delay of ${changeDelaySlots} slots (now ${house.changeDelaySlots})`,
  ].join('\n');
  if (!(await confirmed(question, flags))) return NOTHING_DONE;
  await announce(place, { kind: 'delays', exitDelaySlots, changeDelaySlots }, flags);
  return announced(place, 'delays', { again: false });
}

async function announce({ rpc, program, house }: HousePlace, change: Change, flags: HouseFlags): Promise<void> {
  const authority = await authorityOf(flags);
  const instructions = [scheduleChange({ program, authority, house, change })];
  await sendAndFinalize(rpc, { payer: authority, instructions, computeUnits: COMPUTE_UNITS });
}

async function announced(place: HousePlace, name: ChangeName, { again }: { again: boolean }): Promise<Answer> {
  const { house, slot } = await houseNow(place);
  const { due, until, value } = pendingOf(house, name);
  const words = [
    `${name}: ${value} is announced${again ? ' already' : ''}`,
    `to be applied from ${dueIn(due, slot)}, lapses after slot ${until}`,
    `then: casino house apply ${name}`,
  ].join('\n');
  return { code: 0, words, json: { done: !again, kind: name, value, due_slot: due, lapses_after_slot: until, slot } };
}

/** A pending change: slots 0 if there is none. `until`: the last slot in which it can be applied. */
export function pendingOf(house: House, name: ChangeName): { due: bigint; until: bigint; value: string } {
  const of = (due: bigint, value: string) => ({ due, until: due === 0n ? 0n : due + house.changeDelaySlots, value });
  if (name === 'authority') return of(house.pendingAuthoritySlot, house.pendingAuthority);
  if (name === 'receipt-key') return of(house.pendingReceiptKeySlot, addressOf(house.pendingReceiptKey));
  return of(house.pendingDelaysSlot, `exit ${house.pendingExitDelaySlots} slots, change ${house.pendingChangeDelaySlots} slots`);
}

/** `casino house changes`. */
export async function changes(flags: HouseFlags): Promise<Answer> {
  const { house, slot } = await houseNow(await openPlace(flags));
  const pending = CHANGE_NAMES.map((kind) => ({ kind, ...pendingOf(house, kind) })).filter(({ due }) => due > 0n);
  const lines = pending.map(({ kind, value, due, until }) => {
    if (slot > until) return `${kind}: ${value}; lapsed after slot ${until}, announce it again`;
    return `${kind}: ${value}; from ${dueIn(due, slot)}, lapses after slot ${until}`;
  });
  const json = pending.map(({ kind, value, due, until }) => ({ kind, value, due_slot: due, lapses_after_slot: until }));
  return { code: 0, words: lines.join('\n') || 'no change is announced', json: { slot, pending_changes: json } };
}

/** `casino house apply`. */
export async function apply(name: ChangeName, flags: HouseFlags & { wait?: boolean }): Promise<Answer> {
  requireBuilt(name);
  const place = await openPlace(flags);
  if (name === 'authority' && finishRotations(place.keys, await place.reader.houseAt('finalized'))) {
    return { code: 0, words: 'an earlier run had done it', json: { done: false, kind: name } };
  }
  const { house, slot } = await houseNow(place);
  const { due, until, value } = pendingOf(house, name);
  if (due === 0n)
    return { code: 0, words: `no change of ${name} is announced, or it was applied`, json: { done: false, kind: name } };
  if (slot > until) throw new EndEarly(EXIT_FINDING, `the change lapsed after slot ${until}: announce it again`);
  if (slot < due && !flags.wait) throw new EndEarly(EXIT_AGAIN, `it can be applied from ${dueIn(due, slot)}`);
  await waitForSlot(place, due);
  if (!(await confirmed(`Put into force: ${name} ${value}`, flags))) return NOTHING_DONE;
  const signature = await sendApply(place, name, { flags, house });
  return {
    code: 0,
    words: `in force: ${name} ${value}\nfinal: ${signature}`,
    json: { done: true, kind: name, value, signature },
  };
}

function requireBuilt(name: ChangeName): asserts name is 'authority' | 'delays' {
  if (name !== 'receipt-key') return;
  const reason = 'service and clients do not take another receipt key yet, so that receipts would stop to hold';
  throw new CasinoError('CONFIG_INVALID', `${reason}: docs/operating/house.md`);
}

async function sendApply(
  place: HousePlace,
  name: 'authority' | 'delays',
  { flags, house: before }: { flags: HouseFlags; house: House },
): Promise<string> {
  const { rpc, program, house } = place;
  const authority = await authorityOf(flags);
  const operated = { program, authority, house };
  if (name === 'delays') {
    const instructions = [applyChange({ ...operated, kind: name })];
    return sendAndFinalize(rpc, { payer: authority, instructions, computeUnits: COMPUTE_UNITS });
  }
  const next = nextKeypair(place.keys, 'authority');
  if (!next || addressOf(next.slice(32)) !== before.pendingAuthority) {
    const message = `authority.next.json does not hold the announced key ${before.pendingAuthority}, which has to sign`;
    throw new CasinoError('CONFIG_INVALID', message);
  }
  const newAuthority = await createKeyPairSignerFromBytes(next);
  const pays = await handOver(place, { from: authority, to: newAuthority.address });
  const instructions = [...pays, applyChange({ ...operated, kind: name, newAuthority })];
  const signature = await sendAndFinalize(rpc, { payer: authority, instructions, computeUnits: COMPUTE_UNITS });
  finishRotations(place.keys, await place.reader.houseAt('finalized'));
  return signature;
}

/** `casino house cancel`. */
export async function cancelChange(name: ChangeName, flags: HouseFlags): Promise<Answer> {
  const place = await openPlace(flags);
  const { house } = await houseNow(place);
  const { due, value } = pendingOf(house, name);
  if (due === 0n) return { code: 0, words: `no change of ${name} is announced`, json: { done: false, kind: name } };
  if (!(await confirmed(`Withdraw the announced change: ${name} ${value}`, flags))) return NOTHING_DONE;
  await announce(place, withdrawnChange(name === 'receipt-key' ? 'receiptKey' : name), flags);
  // Only once the chain can not name the key any more.
  if (name === 'authority' && (await place.reader.houseAt('finalized')).authority === house.authority) {
    abandonRotation(place.keys, 'authority');
  }
  return { code: 0, words: `withdrawn: ${name} ${value}`, json: { done: true, kind: name, value } };
}
