import { columnsOf, type Table } from './columns.ts';

/** Where on the chain something happened. `index`: its place among the events of the transaction that are exported, from 0. */
export interface ChainPlace {
  signature: string;
  slot: bigint;
  /** The block's; undefined where the node does not tell it. */
  timeMs: number | undefined;
  index: number;
}

export const DEPOSIT_KINDS = ['vault', 'house'] as const;

/** Money that came into the house's escrow, in base units. */
export interface DepositRecord extends ChainPlace {
  table: 'deposits';
  kind: (typeof DEPOSIT_KINDS)[number];
  /** Undefined for the house. */
  vault: string | undefined;
  amount: bigint;
}

export type WithdrawalKind =
  | 'requested'
  | 'request-withdrawn'
  | 'paid-by-batch'
  | 'paid-by-transfer'
  | 'exited'
  | 'claimed'
  | 'house-requested'
  | 'house-request-withdrawn'
  | 'house-paid';

/** A step of money on its way out, in base units. It has left the escrow once it is `claimed` or `house-paid`. */
export interface WithdrawalRecord extends ChainPlace {
  table: 'withdrawals';
  kind: WithdrawalKind;
  vault: string | undefined;
  amount: bigint;
  /** Of a request: the slot from which it can be enforced, or the house be paid. */
  dueSlot: bigint | undefined;
  /** Number of the batch or of the transfer that paid. */
  number: bigint | undefined;
}

/** A change of what the house is set to on chain. `value` is JSON. */
export interface ChangeRecord extends ChainPlace {
  table: 'chain_changes';
  change: string;
  value: string;
}

export type ChainRecord = DepositRecord | WithdrawalRecord | ChangeRecord;

const PLACE = { signature: 'base58', slot: 'u64', index: 'int', time: 'time?' } as const;
const placeOf = ({ signature, slot, index, timeMs }: ChainPlace) => [signature, slot, index, timeMs ?? null];

export const DEPOSITS: Table<DepositRecord> = {
  name: 'deposits',
  version: 1,
  columns: columnsOf({ ...PLACE, kind: 'text', vault: 'base58?', amount: 'u64' }),
  sums: DEPOSIT_KINDS.map((kind) => ({ name: kind, column: 'amount', where: { column: 'kind', in: [kind] } })),
  cells: (deposit) => [...placeOf(deposit), deposit.kind, deposit.vault ?? null, deposit.amount],
};

const summed = (name: string, kinds: readonly WithdrawalKind[]) => ({
  name,
  column: 'amount',
  where: { column: 'kind', in: kinds },
});

export const WITHDRAWALS: Table<WithdrawalRecord> = {
  name: 'withdrawals',
  version: 1,
  columns: columnsOf({ ...PLACE, kind: 'text', vault: 'base58?', amount: 'u64', due_slot: 'u64?', number: 'u64?' }),
  sums: [
    summed('paid', ['paid-by-batch', 'paid-by-transfer']),
    summed('exited', ['exited']),
    summed('claimed', ['claimed']),
    summed('house_paid', ['house-paid']),
  ],
  cells: (step) => [...placeOf(step), step.kind, step.vault ?? null, step.amount, step.dueSlot ?? null, step.number ?? null],
};

export const CHAIN_CHANGES: Table<ChangeRecord> = {
  name: 'chain_changes',
  version: 1,
  columns: columnsOf({ ...PLACE, change: 'text', value: 'json' }),
  sums: [],
  cells: (change) => [...placeOf(change), change.change, change.value],
};
