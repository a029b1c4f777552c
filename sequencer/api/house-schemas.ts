import { Type } from 'typebox';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import { ADDRESS, AMOUNT, COUNTER, hex, orNull } from './schema-fields.ts';

const SLOTS = { ...COUNTER, description: 'A number of slots' };
const PENDING = {
  due_slot: { ...COUNTER, description: 'From which slot on it can be applied' },
  lapses_after_slot: { ...COUNTER, description: 'Through which slot' },
};

const PENDING_CHANGE = Type.Union(
  [
    Type.Object({ kind: Type.Literal('authority'), authority: ADDRESS, ...PENDING }),
    Type.Object({ kind: Type.Literal('receipt_key'), receipt_key: ADDRESS, ...PENDING }),
    Type.Object({ kind: Type.Literal('delays'), exit_delay_slots: SLOTS, change_delay_slots: SLOTS, ...PENDING }),
  ],
  { description: 'A change that the operator has announced' },
);

const VERIFYING_KEY = Type.Object({
  id: Type.Integer(),
  max_bets: Type.Integer({ description: 'Most bets of a batch of this size' }),
  max_vaults: Type.Integer({ description: 'Most vaults of a batch of this size' }),
  key_hash: hex(32, "SHA-256 of the key's 576 bytes"),
  active_from_slot: COUNTER,
  retired_from_slot: orNull(COUNTER),
  development: Type.Boolean({ description: 'Its secret is public: anyone can forge proofs under it' }),
});

export const HouseSchema = Type.Object({
  house: ADDRESS,
  program: ADDRESS,
  genesis_hash: Type.String(),
  receipt_key: ADDRESS,
  terms: Type.Object({
    id: Type.Integer(),
    profit_bps: Type.Integer(),
    vrf_commitment: hex(32, 'P1(k)'),
  }),
  max_stake: AMOUNT,
  balance: { ...AMOUNT, description: "The house's finalized balance" },
  exposure: { ...AMOUNT, description: 'The most that the open bets could cost the house' },
  open_bets: Type.Integer(),
  last_batch: COUNTER,
  authority: { ...ADDRESS, description: 'The key that the house is run with' },
  settler: { ...ADDRESS, description: 'The key that sends settlements' },
  mint: { ...ADDRESS, description: 'Of what is bet: 11111111111111111111111111111111 for native lamports' },
  paused: Type.Boolean({ description: 'The house takes no new vaults and deposits' }),
  exit_delay_slots: { ...SLOTS, description: 'Slots after which an unpaid request lets its owner leave by force' },
  change_delay_slots: { ...SLOTS, description: 'Slots of notice that the operator gives of a change, or of taking bankroll out' },
  vaults: { ...COUNTER, description: 'Vaults that were ever opened' },
  liabilities: { ...AMOUNT, description: 'What the escrow owes, the bankroll among it' },
  reserved: { ...AMOUNT, description: 'What open challenges reserve of the balance' },
  overdue: { ...COUNTER, description: 'Challenges past their delay: nothing is paid out to the house' },
  withdrawal: Type.Union([Type.Object({ amount: AMOUNT, payable_slot: COUNTER, lapses_after_slot: COUNTER }), Type.Null()], {
    description: "The operator's open request for bankroll",
  }),
  pending_changes: Type.Array(PENDING_CHANGE),
  verifying_keys: Type.Array(VERIFYING_KEY, { description: 'All that the house has, the retired ones too' }),
  development_keys: Type.Boolean({
    description: 'The house takes proofs under a verifying key whose secret is public: they protect nobody from the operator',
  }),
});

export const ErrorsSchema = Type.Object({
  errors: Type.Array(
    Type.Object({
      code: Type.Enum(Object.keys(ERROR_CODES) as ErrorCode[]),
      status: Type.Integer({ description: 'HTTP status' }),
      retry: Type.Boolean({ description: 'Whether the same bytes may succeed later' }),
      meaning: Type.String(),
    }),
    { description: 'Append-only: a code keeps its meaning' },
  ),
});
