import { existsSync } from 'node:fs';
import { decodeTerms, type House, NATIVE_MINT, termsAddress, type VerifyingKey } from '../program/client/index.ts';
import { toHex } from '../protocol/bytes.ts';
import { keyWeakness } from '../protocol/development-keys.ts';
import { call } from '../sequencer/chain/rpc.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { NOTICES } from '../sequencer/operations/problems.ts';
import { settlerFunds } from '../sequencer/operations/settler-balance.ts';
import { money } from './amounts.ts';
import type { Answer } from './command-end.ts';
import { EXIT_FINDING } from './exit-codes.ts';
import { accountAt, houseAndEscrow } from './house-accounts.ts';
import { CHANGE_NAMES, pendingOf } from './house-changes.ts';
import { freeOf, readExposure } from './house-exposure.ts';
import { type HouseFlags, type HousePlace, openPlace } from './house-place.ts';
import { dueIn } from './house-slots.ts';
import { operatorKeyFiles } from './operator-keys.ts';

const NEVER = (1n << 64n) - 1n;

/** `casino house show`: the finalized house. A finding, exit code 1, if its escrow does not cover what it owes. */
export async function show(flags: HouseFlags): Promise<Answer> {
  const place = await openPlace(flags);
  const { house, slot, escrow, held } = await houseAndEscrow(place);
  const exposure = await readExposure(place, flags);
  const { rpc, program, house: address } = place;
  const terms = await accountAt(place, {
    address: await termsAddress({ program, house: address, id: house.currentTerms }),
    decode: decodeTerms,
  });
  const settler = settlerFunds((await call(rpc.getBalance(house.settler, { commitment: 'finalized' }))).value);
  const keys = (await place.reader.verifyingKeys()).sort((one, other) => one.id - other.id);
  const seen = { place, house, slot, escrow, held, exposure: exposure?.amount, terms, settler, keys };
  const solvent = house.mint !== NATIVE_MINT || held >= house.liabilities;
  return { code: solvent ? 0 : EXIT_FINDING, words: describe(seen, solvent), json: toJson(seen, solvent) };
}

interface Seen {
  place: HousePlace;
  house: House;
  slot: bigint;
  escrow: string;
  held: bigint;
  exposure: bigint | undefined;
  terms: { id: number; profitBps: number; vrfCommitment: bigint } | undefined;
  settler: { lamports: bigint; batchesLeft: bigint };
  keys: readonly VerifyingKey[];
}

function describe(seen: Seen, solvent: boolean): string {
  const { place, house, slot, held, exposure, terms, settler, keys } = seen;
  const line = (name: string, text: string) => `${name.padEnd(16)}${text}`;
  const takesDevelopment = keys.some((key) => isActive(key, slot) && keyWeakness(key.key));
  const surplus = held - house.liabilities;
  const escrowLine = solvent ? `covers it, with ${money(surplus)} over` : `FALLS SHORT by ${money(-surplus)}`;
  return [
    ...(takesDevelopment ? [`!!! ${NOTICES.DEVELOPMENT_KEYS} !!!`] : []),
    line('house', `${place.house}${house.paused ? '  PAUSED: no new vaults, no deposits' : ''}`),
    line('program', `${place.program}, on the chain ${place.genesisHash}, slot ${slot}`),
    line(
      'mint',
      house.mint === NATIVE_MINT ? 'SOL' : `token ${house.mint}: amounts here are its base units, its escrow is not looked at`,
    ),
    '',
    line('bankroll', money(house.balance)),
    line('open bets', exposure === undefined ? 'not known: name the service with --api' : `can cost ${money(exposure)}`),
    ...(house.reserved > 0n ? [line('challenges', `reserve ${money(house.reserved)}, ${house.overdue} overdue`)] : []),
    ...(exposure === undefined ? [] : [line('free', money(freeOf(house, exposure)))]),
    line('withdrawal', withdrawalLine(house, slot)),
    line('owed in all', `${money(house.liabilities)}, the bankroll included`),
    ...(house.mint === NATIVE_MINT ? [line('escrow', `${money(held)}: ${escrowLine}`)] : []),
    line('vaults', `${house.vaultCount}`),
    line('settled', `batch ${house.lastBatch}, transfer ${house.lastTransfer}`),
    '',
    line('authority', `${house.authority}${ownNote(place, 'authority', house.authority)}`),
    line('settler', `${house.settler}${ownNote(place, 'settler', house.settler)}`),
    line('', `${money(settler.lamports)}, enough for ${settler.batchesLeft} batches`),
    line('receipt key', `${addressOf(house.receiptKey)}${ownNote(place, 'receipt', addressOf(house.receiptKey))}`),
    line('leader pair', `epoch ${house.leaderEpoch}, nonce ${house.leaderNonce}`),
    line('terms', terms ? `${terms.id}: a win pays ${terms.profitBps / 10_000} of the stake on top of it` : 'none yet'),
    line('delays', `exit ${house.exitDelaySlots} slots, change ${house.changeDelaySlots} slots`),
    ...keys.map((key) => line('verifying key', `${key.id} (${key.maxBets} bets, ${key.maxVaults} vaults)${keyNote(key, slot)}`)),
    ...pendingLines(house, slot).map((text) => line('announced', text)),
  ].join('\n');
}

function withdrawalLine({ requestAmount, requestSlot, exitDelaySlots }: House, slot: bigint): string {
  if (requestAmount === 0n) return 'none asked for';
  const lapses = requestSlot + exitDelaySlots;
  if (slot > lapses) return `${money(requestAmount)}, lapsed after slot ${lapses}`;
  return `${money(requestAmount)}, payable from ${dueIn(requestSlot, slot)}, lapses after slot ${lapses}`;
}

function pendingLines(house: House, slot: bigint): string[] {
  return CHANGE_NAMES.flatMap((kind) => {
    const { due, until, value } = pendingOf(house, kind);
    if (due === 0n) return [];
    return [
      slot > until ? `${kind}: ${value}, lapsed` : `${kind}: ${value}, from ${dueIn(due, slot)}, lapses after slot ${until}`,
    ];
  });
}

/** Whether the data directory has the key; nothing if it has none of its kind. */
function ownNote(place: HousePlace, name: string, shown: string): string {
  if (!existsSync(place.keys)) return '';
  const own = operatorKeyFiles(place.keys).find((file) => file.name === name);
  if (!own) return '';
  return own.address === shown ? ' (yours)' : `  DIFFERS from ${own.file}, which is ${own.address}`;
}

const isActive = ({ activeFromSlot, retiredFromSlot }: VerifyingKey, slot: bigint): boolean =>
  activeFromSlot <= slot && slot < retiredFromSlot;

function keyNote(key: VerifyingKey, slot: bigint): string {
  const weak = keyWeakness(key.key) ? ' DEVELOPMENT KEY' : '';
  if (isActive(key, slot)) return `, in force${weak}`;
  const when = key.activeFromSlot > slot ? `from ${dueIn(key.activeFromSlot, slot)}` : `retired in slot ${key.retiredFromSlot}`;
  return `, ${when}${weak}`;
}

function toJson(seen: Seen, solvent: boolean): object {
  const { place, house, slot, escrow, held, exposure, terms, settler, keys } = seen;
  const open = house.requestAmount > 0n;
  return {
    ...{
      house: place.house,
      program: place.program,
      genesis_hash: place.genesisHash,
      slot,
      mint: house.mint,
      paused: house.paused,
    },
    ...{ balance: house.balance, exposure: exposure ?? null, free: exposure === undefined ? null : freeOf(house, exposure) },
    ...{
      reserved: house.reserved,
      overdue: house.overdue,
      liabilities: house.liabilities,
      escrow,
      escrow_lamports: held,
      solvent,
    },
    ...{ vaults: house.vaultCount, last_batch: house.lastBatch, last_transfer: house.lastTransfer },
    ...{ authority: house.authority, settler: house.settler, receipt_key: addressOf(house.receiptKey) },
    ...{ settler_lamports: settler.lamports, settler_batches_left: settler.batchesLeft },
    ...{ leader: { epoch: house.leaderEpoch, nonce: house.leaderNonce } },
    terms: terms ? { id: terms.id, profit_bps: terms.profitBps } : null,
    ...{ exit_delay_slots: house.exitDelaySlots, change_delay_slots: house.changeDelaySlots },
    withdrawal: open
      ? {
          ...{ amount: house.requestAmount, payable_slot: house.requestSlot },
          lapses_after_slot: house.requestSlot + house.exitDelaySlots,
        }
      : null,
    pending_changes: CHANGE_NAMES.map((kind) => ({ kind, ...pendingOf(house, kind) }))
      .filter(({ due }) => due > 0n)
      .map(({ kind, value, due, until }) => ({ kind, value, due_slot: due, lapses_after_slot: until })),
    verifying_keys: keys.map((key) => ({
      ...{ id: key.id, max_bets: key.maxBets, max_vaults: key.maxVaults, key_hash: toHex(key.keyHash) },
      ...{ active_from_slot: key.activeFromSlot, retired_from_slot: key.retiredFromSlot === NEVER ? null : key.retiredFromSlot },
      development: keyWeakness(key.key) !== undefined,
    })),
  };
}
