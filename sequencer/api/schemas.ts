import { Type } from 'typebox';

const hex = (bytes: number, description: string) =>
  Type.String({ pattern: `^[0-9a-f]{${2 * bytes}}$`, description: `${description}; ${bytes} bytes, lower-case hex` });

const ADDRESS = Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$', description: 'A Solana address, base58' });
const AMOUNT = Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$', description: 'Base units (lamports), a decimal string' });
const COUNTER = Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$', description: 'A 64-bit number, a decimal string' });
const SIDE = Type.Union([Type.Literal('heads'), Type.Literal('tails')], { description: 'Side of the coin' });
const SIGNED = Type.Object(
  {
    message: Type.String({ description: 'The exact bytes that are signed, hex; layouts.md section 3' }),
    signature: hex(64, "Ed25519 signature by the house's receipt key"),
  },
  { description: 'A message of the house' },
);
const TIME = Type.Integer({ description: 'Milliseconds since the Unix epoch' });
const STATES = ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized'] as const;

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
  receipt: SIGNED,
  status: Type.Enum(['acknowledged', ...STATES, 'Failed'], {
    description:
      "'acknowledged' until the bet is in a batch, then its state; 'Failed' while it can not be settled: owed, and tried again",
  }),
  failed_reason: Type.Union([Type.String(), Type.Null()], { description: 'Why the bet can not be settled, if it can not' }),
  batch: Type.Union([COUNTER, Type.Null()]),
  l1_signature: Type.Union([Type.String(), Type.Null()], { description: 'Signature of the settling transaction, base58' }),
});

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
  limit: SIGNED,
});

export const RunSchema = Type.Object({
  vault: ADDRESS,
  start: AMOUNT,
  after: AMOUNT,
  first_nonce: COUNTER,
  bets: Type.Integer(),
});

export const BatchSchema = Type.Object({
  number: COUNTER,
  status: Type.Enum([...STATES], { description: 'State of the batch' }),
  terms_id: Type.Integer(),
  size: Type.String(),
  bets: Type.Integer(),
  blob_hash: hex(32, 'SHA-256 of the blob'),
  blob_cid: Type.String(),
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
  development_keys: Type.Boolean({ description: 'Proofs are made with keys whose secret is public: worth nothing' }),
});

export const SeedCommitmentSchema = Type.Object({ user: ADDRESS, range: COUNTER, commitment: SIGNED });

export const HealthSchema = Type.Object({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
  leading: Type.Boolean(),
  problems: Type.Array(Type.String()),
  chain: Type.Object({ slot: COUNTER, age_ms: Type.Integer() }),
  settlement: Type.Object({ unfinished_batches: Type.Integer(), open_bets: Type.Integer(), last_finalized_batch: COUNTER }),
  uptime_ms: Type.Integer(),
});

export const UserParams = Type.Object({ user: ADDRESS });
export const BetParams = Type.Object({ id: hex(32, 'bet_id') });
export const RangeParams = Type.Object({ user: ADDRESS, range: COUNTER });
export const BatchParams = Type.Object({ number: Type.String({ pattern: '^[1-9][0-9]{0,19}$' }) });
export const BatchesQuery = Type.Object(
  {
    before: Type.Optional({ ...COUNTER, description: 'Only batches below this number' }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  },
  { additionalProperties: false },
);
