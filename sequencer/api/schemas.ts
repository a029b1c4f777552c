import { Type } from 'typebox';
import { ADDRESS, AMOUNT, COUNTER, CURSOR, hex, MILLISECONDS, NEXT, PAGE_LIMIT, SIGNED, STATES, TIME } from './schema-fields.ts';

export const BalanceSchema = Type.Object({
  user: ADDRESS,
  available: { ...AMOUNT, description: 'What can be staked next: finalized deposits and all acknowledged bets' },
  settled: { ...AMOUNT, description: 'What the finalized vault holds' },
  pending_deposit: AMOUNT,
  claimable: AMOUNT,
  open_bets: Type.Integer({ description: 'Acknowledged bets that are not final on chain yet' }),
});

export const VaultSchema = Type.Object({
  user: ADDRESS,
  vault: ADDRESS,
  account_id: hex(32, 'accountId'),
  next_nonce: COUNTER,
  head: hex(32, 'Head after the last acknowledged bet'),
  last_settled_nonce: COUNTER,
  held: Type.Union([Type.String(), Type.Null()], { description: 'Why bets have to wait, if they do' }),
  frozen: Type.Boolean({ description: 'The owner has left by a forced exit: no bet will ever be taken again' }),
  claimable: { ...AMOUNT, description: 'Paid out, and waiting for anyone to send the claim' },
  request: Type.Union(
    [
      Type.Object({
        amount: { ...AMOUNT, description: 'What was asked for; paid is what is there, if that is less' },
        deadline_slot: { ...COUNTER, description: 'Unpaid at this slot, the owner may leave by force' },
        final: Type.Boolean({ description: 'Whether the finalized chain shows it; it is paid from then on' }),
      }),
      Type.Null(),
    ],
    { description: 'The open withdrawal request: bets wait until it is paid' },
  ),
  voided: Type.Union(
    [Type.Object({ from_nonce: COUNTER, through_nonce: COUNTER, slot: COUNTER, reason: Type.String() }), Type.Null()],
    { description: 'Acknowledged bets that the forced exit has ended unsettled' },
  ),
  limit: SIGNED,
});

const RunSchema = Type.Object({
  vault: ADDRESS,
  start: AMOUNT,
  after: AMOUNT,
  first_nonce: COUNTER,
  bets: Type.Integer(),
});

const BatchSchema = Type.Object({
  number: COUNTER,
  status: Type.Enum([...STATES], { description: 'State of the batch' }),
  terms_id: Type.Integer(),
  size: Type.String(),
  bets: Type.Integer(),
  heads: Type.Integer({ description: 'How many of its bets came up heads' }),
  blob_hash: hex(32, 'SHA-256 of the blob'),
  blob_cid: Type.String({ description: 'What GET /v1/blobs and IPFS call the blob' }),
  attempts: Type.Integer(),
  prove_ms: Type.Union([Type.Integer(), Type.Null()]),
  compute_units: Type.Union([Type.Integer(), Type.Null()]),
  signature: Type.Union([Type.String(), Type.Null()]),
  created_at: TIME,
  updated_at: TIME,
  confirmed_at: Type.Union([TIME, Type.Null()]),
  finalized_at: Type.Union([TIME, Type.Null()]),
  vaults: Type.Array(RunSchema),
});

export const BatchesSchema = Type.Object({ batches: Type.Array(BatchSchema), next: NEXT });

export const BatchDetailSchema = Type.Object({
  ...BatchSchema.properties,
  history: Type.Array(
    Type.Object({
      time: TIME,
      from: Type.String(),
      to: Type.String(),
      reason: Type.String(),
      attempt: Type.Integer(),
      signature: Type.String(),
    }),
  ),
});

export const QuarantineSchema = Type.Object({
  held: Type.Integer({ description: 'Vaults whose bets can not be settled for now' }),
  vaults: Type.Array(
    Type.Object({
      user: ADDRESS,
      vault: ADDRESS,
      first_nonce: { ...COUNTER, description: 'The first bet that is held; all after it wait behind it' },
      open_bets: Type.Integer(),
      reason: Type.String(),
      since: TIME,
      attempts: Type.Integer({ description: 'How often settling it has been given up' }),
      retry_at: TIME,
    }),
    { description: 'The longest held first, at most 100' },
  ),
});

export const SeedCommitmentSchema = Type.Object({ user: ADDRESS, range: COUNTER, commitment: SIGNED });

export const UserParams = Type.Object({ user: ADDRESS });
export const RangeParams = Type.Object({ user: ADDRESS, range: COUNTER });
export const BlobParams = Type.Object({
  cid: Type.String({ pattern: '^bafkrei[a-z2-7]{52}$', description: "A blob's CID: version 1, raw, sha2-256, base32" }),
});
export const BatchParams = Type.Object({ number: Type.String({ pattern: '^[1-9][0-9]{0,19}$' }) });
export const FeedQuery = Type.Object({ user: Type.Optional(ADDRESS) }, { additionalProperties: false });
export const BatchesQuery = Type.Object(
  {
    before: Type.Optional({ ...COUNTER, description: 'Only batches below this number' }),
    status: Type.Optional(Type.Enum([...STATES], { description: 'Only batches in this state' })),
    from: Type.Optional({ ...MILLISECONDS, description: 'Only batches that were built at this time or later' }),
    to: Type.Optional({ ...MILLISECONDS, description: 'Only batches that were built at this time or earlier' }),
    cursor: Type.Optional(CURSOR),
    limit: Type.Optional(PAGE_LIMIT),
  },
  { additionalProperties: false },
);
