import { type Address, getBase58Decoder } from '@solana/kit';
import type { Static } from 'typebox';
import { NEVER, type VerifyingKey } from '../../program/client/index.ts';
import { keyWeakness } from '../../protocol/development-keys.ts';
import { fieldToBytes } from '../../protocol/field.ts';
import type { Terms } from '../admission/seeds.ts';
import type { HouseView, PendingChange } from '../chain/view.ts';
import type { HouseSchema } from './house-schemas.ts';
import { hexOf } from './json.ts';

type HouseJson = Static<typeof HouseSchema>;

/** What the service knows of its house. Amounts in base units. */
export interface HouseFacts {
  /** At the newest finalized look. */
  house: HouseView;
  program: Address;
  genesisHash: Uint8Array;
  terms: Terms;
  maxStake: bigint;
  exposure: bigint;
  openBets: number;
  verifyingKeys: readonly VerifyingKey[];
  developmentKeys: boolean;
}

export function houseJson(facts: HouseFacts): HouseJson {
  const { house, terms, genesisHash } = facts;
  const { published } = house;
  return {
    house: house.address,
    program: facts.program,
    genesis_hash: getBase58Decoder().decode(genesisHash),
    receipt_key: house.receiptKey,
    terms: { id: terms.id, profit_bps: terms.profitBps, vrf_commitment: hexOf(fieldToBytes(terms.vrfCommitment)) },
    max_stake: facts.maxStake.toString(),
    balance: house.balance.toString(),
    exposure: facts.exposure.toString(),
    open_bets: facts.openBets,
    last_batch: house.lastBatch.toString(),
    authority: published.authority,
    settler: house.settler,
    mint: published.mint,
    paused: house.paused,
    exit_delay_slots: house.exitDelaySlots.toString(),
    change_delay_slots: published.changeDelaySlots.toString(),
    vaults: published.vaults.toString(),
    liabilities: house.liabilities.toString(),
    reserved: house.reserved.toString(),
    overdue: published.overdue.toString(),
    withdrawal: withdrawalJson(house),
    pending_changes: published.pending.map((change) => pendingJson(change, published.changeDelaySlots)),
    verifying_keys: facts.verifyingKeys.map(keyJson),
    development_keys: facts.developmentKeys,
  };
}

function withdrawalJson({ requestAmount, requestSlot, exitDelaySlots }: HouseView): HouseJson['withdrawal'] {
  if (requestAmount === 0n) return null;
  const lapses = requestSlot + exitDelaySlots;
  return { amount: requestAmount.toString(), payable_slot: requestSlot.toString(), lapses_after_slot: lapses.toString() };
}

function pendingJson(change: PendingChange, changeDelaySlots: bigint): HouseJson['pending_changes'][number] {
  const lapses = change.dueSlot + changeDelaySlots;
  const slots = { due_slot: change.dueSlot.toString(), lapses_after_slot: lapses.toString() };
  switch (change.kind) {
    case 'authority':
      return { kind: 'authority', authority: change.key, ...slots };
    case 'receiptKey':
      return { kind: 'receipt_key', receipt_key: change.key, ...slots };
    case 'delays':
      return {
        kind: 'delays',
        exit_delay_slots: change.exitDelaySlots.toString(),
        change_delay_slots: change.changeDelaySlots.toString(),
        ...slots,
      };
  }
}

function keyJson({ id, maxBets, maxVaults, keyHash, activeFromSlot, retiredFromSlot, key }: VerifyingKey) {
  return {
    id,
    max_bets: maxBets,
    max_vaults: maxVaults,
    key_hash: hexOf(keyHash),
    active_from_slot: activeFromSlot.toString(),
    retired_from_slot: retiredFromSlot === NEVER ? null : retiredFromSlot.toString(),
    development: keyWeakness(key) !== undefined,
  };
}
