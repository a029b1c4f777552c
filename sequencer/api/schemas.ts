import { Type } from 'typebox';
import { ADDRESS, AMOUNT, COUNTER, hex, orNull, SIDE, SIGNED, STATES, TIME } from './schema-fields.ts';

export const BetRequestSchema = Type.Object(
  {
    user: ADDRESS,
    amount: AMOUNT,
    guess: SIDE,
    nonce: Type.String({ pattern: '^[1-9][0-9]{0,19}$', description: "The vault's bet number, counted from 1" }),
    terms_id: Type.Integer({ minimum: 1, maximum: 4_294_967_295, description: 'The terms that the bettor signed' }),
    client_seed: hex(32, "The client's part of the randomness, a field element, big endian"),
    session_key: hex(64, 'BabyJubJub public key Ax || Ay'),
    sig: hex(96, 'EdDSA-Poseidon signature R8x || R8y || S on head_n'),
    receipt: Type.Optional(
      Type.Object(
        { message: hex(213, 'The receipt, layouts.md section 3'), signature: hex(64, "By the house's receipt key") },
        { additionalProperties: false, description: 'For a bet that the house took before its ledger was restored' },
      ),
    ),
  },
  { additionalProperties: false },
);

export const BetAnswerSchema = Type.Object({
  bet_id: hex(32, 'head_n'),
  nonce: COUNTER,
  outcome: SIDE,
  payout: AMOUNT,
  balance: AMOUNT,
  status: Type.Literal('acknowledged'),
  vrf: Type.Object({
    server_seed: hex(32, 'The revealed server seed, a field element'),
    path: Type.Array(hex(32, 'Sibling hash'), { description: 'From the leaf to the root, 8 hashes' }),
    commitment: SIGNED,
  }),
  limit: SIGNED,
  receipt: SIGNED,
});

export const BetSchema = Type.Object({
  bet_id: hex(32, 'head_n'),
  user: ADDRESS,
  nonce: COUNTER,
  terms_id: Type.Integer(),
  amount: AMOUNT,
  guess: SIDE,
  outcome: SIDE,
  payout: AMOUNT,
  balance: AMOUNT,
  time: TIME,
  receipt: orNull(SIGNED),
  status: Type.Enum(['acknowledged', ...STATES, 'Failed', 'Voided'], {
    description:
      "'acknowledged' until the bet is in a batch, then its state; 'Failed' while it can not be settled: owed, and tried again; 'Voided' once its vault has left without it, for good",
  }),
  failed_reason: Type.Union([Type.String(), Type.Null()], { description: 'Why the bet can not be settled, if it can not' }),
  void_reason: Type.Union([Type.String(), Type.Null()], { description: 'Why the bet was voided, if it was' }),
  batch: Type.Union([COUNTER, Type.Null()]),
  l1_signature: Type.Union([Type.String(), Type.Null()], { description: 'Signature of the settling transaction, base58' }),
});

const KEYED = Type.Object({ ...SIGNED.properties, key: { ...ADDRESS, description: 'The key that signed it, base58' } });

/** As `receiptFileJson` writes it, its keys in that order: protocol/receipt-file.ts. */
export const ReceiptFileSchema = Type.Object(
  {
    format: Type.Literal('zk-casino-receipt'),
    version: Type.Literal(1),
    genesis_hash: Type.String({ description: 'Of the chain, base58' }),
    program: ADDRESS,
    house: ADDRESS,
    owner: ADDRESS,
    vault: ADDRESS,
    bet: Type.Object({
      bet_number: COUNTER,
      terms_id: Type.Integer(),
      stake_units: { ...COUNTER, description: 'Of 10,000 base units each' },
      choice: SIDE,
      client_seed: hex(32, 'A field element'),
      head_before: hex(32, 'head_{n-1}'),
      session_key: hex(64, 'Ax || Ay'),
      signature: hex(96, 'R8x || R8y || S on head_n'),
    }),
    receipt: KEYED,
    seed: Type.Object({
      path: Type.Array(hex(32, 'Sibling hash'), { description: 'From the leaf to the root, 8 hashes' }),
      commitment: KEYED,
    }),
    settlement: Type.Union(
      [
        Type.Object({
          batch: COUNTER,
          signature: Type.String({ description: 'Signature of the settling transaction, base58' }),
          blob_cid: Type.String(),
          blob: Type.Union([Type.String(), Type.Null()], { description: "The blob's bytes, hex; not filled in here" }),
        }),
        Type.Null(),
      ],
      { description: 'Where the bet was settled, once that is final' },
    ),
  },
  { description: 'A receipt file: layouts.md section 10' },
);

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

export const BatchesSchema = Type.Object({ batches: Type.Array(BatchSchema) });

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
  development_keys: Type.Boolean({
    description: 'The house takes proofs under a verifying key whose secret is public: they protect nobody from the operator',
  }),
});

export const SeedCommitmentSchema = Type.Object({ user: ADDRESS, range: COUNTER, commitment: SIGNED });

export const UserParams = Type.Object({ user: ADDRESS });
export const BetParams = Type.Object({ id: hex(32, 'bet_id') });
export const RangeParams = Type.Object({ user: ADDRESS, range: COUNTER });
export const BlobParams = Type.Object({
  cid: Type.String({ pattern: '^bafkrei[a-z2-7]{52}$', description: "A blob's CID: version 1, raw, sha2-256, base32" }),
});
export const BatchParams = Type.Object({ number: Type.String({ pattern: '^[1-9][0-9]{0,19}$' }) });
export const FeedQuery = Type.Object({ user: Type.Optional(ADDRESS) }, { additionalProperties: false });
export const BatchesQuery = Type.Object(
  {
    before: Type.Optional({ ...COUNTER, description: 'Only batches below this number' }),
    // A string: the framework would read 1.5 or 1e1 as a number too.
    limit: Type.Optional(
      Type.String({ pattern: '^([1-9][0-9]?|100)$', description: 'At most so many, up to 100; 20 if left out' }),
    ),
  },
  { additionalProperties: false },
);
