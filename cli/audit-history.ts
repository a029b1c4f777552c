import { createHash } from 'node:crypto';
import { getAddressDecoder } from '@solana/kit';
import { fieldToHex } from '../protocol/bytes.ts';
import type {
  ChainRecord,
  ChangeRecord,
  DepositRecord,
  WithdrawalKind,
  WithdrawalRecord,
} from '../sequencer/audit/chain-tables.ts';
import { CasinoError } from '../sequencer/errors.ts';
import type { HouseEvent } from '../verifier/layout/events.ts';
import type { ProgramInstruction } from '../verifier/layout/instructions.ts';
import type { HistoryTransaction } from '../verifier/transaction.ts';

type Unplaced<T> = T extends ChainRecord ? Omit<T, 'signature' | 'slot' | 'timeMs' | 'index'> : never;
type Told = Unplaced<DepositRecord> | Unplaced<WithdrawalRecord> | Unplaced<ChangeRecord>;

/** What an audit export has of a house's history, a transaction at a time, oldest first. */
export async function* chainRecords(history: AsyncIterable<HistoryTransaction>): AsyncGenerator<ChainRecord[]> {
  for await (const { signature, slot, blockTimeMs, frames } of history) {
    const told = frames.flatMap(({ instruction, events }) => [...toldByInstruction(instruction), ...events.flatMap(toldByEvent)]);
    yield told.map((one, index) => ({ ...one, signature, slot, timeMs: blockTimeMs, index }) as ChainRecord);
  }
}

/**
 * The same history, once it has shown that it is whole: it begins with the house's opening, and comes to a batch that the ledger knows as
 * final. `CHAIN_UNREACHABLE` otherwise: a node that forgets, or is behind, would leave rows out in silence.
 */
export async function* wholeHistory(
  history: AsyncIterable<HistoryTransaction>,
  lastBatch: bigint,
): AsyncGenerator<HistoryTransaction> {
  let isOpened = false;
  let reached = 0n;
  for await (const transaction of history) {
    for (const { instruction, events } of transaction.frames) {
      if (!isOpened && instruction.name !== 'init_house') throw lacking("the house's opening");
      isOpened = true;
      for (const event of events) if (event.name === 'BatchSettled' && event.batchNumber > reached) reached = event.batchNumber;
    }
    yield transaction;
  }
  if (!isOpened) throw lacking("the house's opening");
  if (reached < lastBatch) throw lacking(`batch ${lastBatch}, which is final: it ends at batch ${reached}`);
}

const lacking = (what: string): CasinoError =>
  new CasinoError('CHAIN_UNREACHABLE', `the node's history lacks ${what}; ask one that keeps all transactions, or later`);

const change = (name: string, value: object): Unplaced<ChangeRecord> => ({
  table: 'chain_changes',
  change: name,
  value: JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)),
});

/** Settings that no event tells of. */
function toldByInstruction(instruction: ProgramInstruction): Told[] {
  switch (instruction.name) {
    case 'init_house': {
      const { creator, authority, settler, receiptKey, mint, exitDelaySlots, changeDelaySlots } = instruction;
      const keys = { creator, authority, settler, receipt_key: receiptKey, mint };
      return [change('house-opened', { ...keys, exit_delay_slots: exitDelaySlots, change_delay_slots: changeDelaySlots })];
    }
    case 'add_terms': {
      const { id, profitBps, vrfCommitment } = instruction;
      return [change('terms-opened', { id, profit_bps: profitBps, vrf_commitment: fieldToHex(vrfCommitment) })];
    }
    case 'add_verifying_key': {
      const { id, maxBets, maxVaults, key } = instruction;
      const sha256 = createHash('sha256').update(key).digest('hex');
      return [change('verifying-key-added', { id, max_bets: maxBets, max_vaults: maxVaults, sha256 })];
    }
    default:
      return [];
  }
}

function toldByEvent(event: HouseEvent): Told[] {
  switch (event.name) {
    case 'Deposited':
      return [{ table: 'deposits', kind: 'vault', vault: event.vault, amount: event.amount }];
    case 'HouseFunded':
      return [{ table: 'deposits', kind: 'house', vault: undefined, amount: event.amount }];
    case 'SettlerSet':
      return [change('settler-set', { settler: event.settler })];
    case 'PausedSet':
      return [change('paused-set', { paused: event.paused })];
    case 'VerifyingKeyRetired':
      return [change('verifying-key-retired', { id: event.verifyingKeyId, retired_from_slot: event.retiredFromSlot })];
    case 'ChangeScheduled': {
      if (event.dueSlot === 0n) return [change('change-withdrawn', { kind: kindOf(event.kind) })];
      return [change('change-scheduled', { ...changed(event), due_slot: event.dueSlot })];
    }
    case 'ChangeApplied':
      return [change('change-applied', changed(event))];
    default:
      return toldOfWithdrawals(event);
  }
}

function toldOfWithdrawals(event: HouseEvent): Told[] {
  switch (event.name) {
    case 'WithdrawalRequested':
      return [
        event.amount === 0n
          ? outgoing('request-withdrawn', { vault: event.vault, amount: 0n })
          : outgoing('requested', { vault: event.vault, amount: event.amount, dueSlot: event.deadline }),
      ];
    case 'BatchSettled':
      return paid(event.runs, 'paid-by-batch', event.batchNumber);
    case 'TransfersSettled':
      return paid(event.transfers, 'paid-by-transfer', event.transferNumber);
    case 'VaultExited':
      return [outgoing('exited', { vault: event.vault, amount: event.amount })];
    case 'Claimed':
      return [outgoing('claimed', { vault: event.vault, amount: event.amount })];
    case 'HouseWithdrawalRequested':
      return [
        event.amount === 0n
          ? outgoing('house-request-withdrawn', { amount: 0n })
          : outgoing('house-requested', { amount: event.amount, dueSlot: event.payableFromSlot }),
      ];
    case 'HousePaid':
      return [outgoing('house-paid', { amount: event.amount })];
    default:
      return [];
  }
}

function outgoing(
  kind: WithdrawalKind,
  step: { vault?: string; amount: bigint; dueSlot?: bigint; number?: bigint },
): Unplaced<WithdrawalRecord> {
  const { vault, amount, dueSlot, number } = step;
  return { table: 'withdrawals', kind, vault, amount, dueSlot, number };
}

const paid = (parts: readonly { vault: string; paid: bigint }[], kind: WithdrawalKind, number: bigint): Told[] =>
  parts.filter((part) => part.paid > 0n).map((part) => outgoing(kind, { vault: part.vault, amount: part.paid, number }));

const CHANGE_KINDS = ['authority', 'receipt-key', 'delays'];
const kindOf = (kind: number): string => CHANGE_KINDS[kind] ?? String(kind);

/** The 32 bytes of a change's value: an address or a key, or two delays. */
function changed({ kind, value }: { kind: number; value: Uint8Array }): object {
  const name = kindOf(kind);
  if (name !== 'delays') return { kind: name, value: getAddressDecoder().decode(value) };
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const delays = { exit_delay_slots: view.getBigUint64(0, true), change_delay_slots: view.getBigUint64(8, true) };
  return { kind: name, ...delays };
}
