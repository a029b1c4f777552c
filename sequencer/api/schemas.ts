import { type TSchema, Type } from 'typebox';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import { NOTICES, type NoticeCode, PROBLEMS, type ProblemCode } from '../operations/problems.ts';

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

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
const PROBLEM_LIST = Type.Array(
  Type.Object({
    code: Type.Enum(Object.keys(PROBLEMS) as ProblemCode[], { description: 'Stable; docs/reference/errors.md' }),
    message: Type.String(),
  }),
);

export const LiveSchema = Type.Object({ live: Type.Literal(true), uptime_ms: Type.Integer() });
export const ReadySchema = Type.Object({
  ready: Type.Boolean({ description: 'Whether bets are taken' }),
  problems: { ...PROBLEM_LIST, description: 'Those that keep bets from being taken' },
});

export const HealthSchema = Type.Object({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
  ready: Type.Boolean({ description: 'Whether bets are taken' }),
  leading: Type.Boolean(),
  problems: PROBLEM_LIST,
  notices: Type.Array(
    Type.Object({
      code: Type.Enum(Object.keys(NOTICES) as NoticeCode[], { description: 'Stable; docs/reference/errors.md' }),
      message: Type.String(),
    }),
    { description: 'What is true of the house as it is set up and should be known; no problem of the service' },
  ),
  chain: Type.Object({
    slot: { ...COUNTER, description: 'Finalized slot up to which deposits count' },
    age_ms: Type.Integer({ description: 'Since this slot was first seen' }),
    answered_ms_ago: orNull(Type.Integer()),
  }),
  settler: orNull(
    Type.Object({
      lamports: AMOUNT,
      batches_left: { ...COUNTER, description: 'Settling transactions that it can still pay for' },
    }),
  ),
  prover: Type.Object({
    proofs: Type.Boolean({ description: 'Whether batches are proven at all' }),
    sizes: Type.Array(Type.String()),
    loaded: Type.Array(Type.String(), { description: 'Sizes whose proving key is loaded' }),
    last_proof: orNull(Type.Object({ size: Type.String(), age_ms: Type.Integer(), took_ms: Type.Integer() })),
    bets_per_second: orNull(Type.Number({ description: 'What proving has sustained of late' })),
  }),
  ledger: Type.Object({
    writable: Type.Boolean(),
    backlog: Type.Integer({ description: 'Changes that wait for the disk' }),
    bytes: Type.Integer(),
    wal_bytes: Type.Integer(),
    disk_free_bytes: Type.Integer(),
  }),
  settlement: Type.Object({
    unfinished_batches: Type.Integer(),
    open_bets: Type.Integer({ description: 'Answered bets that are not final on chain' }),
    unbatched_bets: Type.Integer({ description: 'Answered bets that are in no batch' }),
    oldest_open_bet_age_ms: orNull(Type.Integer()),
    last_finalized_batch: COUNTER,
    last_finalized_age_ms: orNull(Type.Integer()),
  }),
  reconciliation: orNull(Type.Object({ time: TIME, funds_differ: Type.Boolean(), differences: Type.Integer() })),
  uptime_ms: Type.Integer(),
});

export const ReconciliationSchema = Type.Object({
  time: TIME,
  slot: COUNTER,
  vaults_checked: Type.Integer(),
  batches_checked: Type.Integer({ description: 'Batches whose signature was asked for' }),
  transfers_checked: Type.Integer(),
  complete: Type.Boolean({
    description: 'Whether every stored signature was asked for, and not only the newest and some older ones',
  }),
  funds_differ: Type.Boolean({ description: 'Money is wrong: no bets are taken' }),
  discrepancies: Type.Array(
    Type.Object({
      kind: Type.String({ description: 'Stable; docs/reference/errors.md' }),
      subject: Type.String(),
      expected: Type.String(),
      found: Type.String(),
      funds: Type.Boolean({ description: 'Whether money is wrong, and not records alone' }),
    }),
  ),
  omitted: Type.Integer({ description: 'Further differences, not named' }),
});

/** Codes that any route may answer with. */
const ANYWHERE: ErrorCode[] = ['BAD_REQUEST', 'RATE_LIMITED', 'INTERNAL', 'LEDGER_FAILED', 'LEDGER_CORRUPT', 'BUSY'];

const errorSchema = (codes: readonly ErrorCode[]) =>
  Type.Object(
    {
      error: Type.Object(
        {
          code: Type.Enum([...codes]),
          message: Type.String(),
          retry: Type.Boolean({ description: 'Whether the same bytes may succeed later' }),
        },
        { additionalProperties: true, description: 'Some codes carry further fields: docs/reference/errors.md' },
      ),
    },
    { description: codes.join(', ') },
  );

/** All answers of a route: what it gives, and its errors by their status. */
export function answers<T extends TSchema>(ok: T, codes: readonly ErrorCode[] = []): { 200: T } & Record<number, TSchema> {
  const all = [...new Set([...ANYWHERE, ...codes])];
  const byStatus = Map.groupBy(all, (code) => ERROR_CODES[code].status);
  const errors = [...byStatus].map(([status, ofStatus]) => [status, errorSchema(ofStatus)] as const);
  return { ...Object.fromEntries(errors), 200: ok };
}

/** What IPFS calls bytes that are just bytes. */
export const BLOB_MEDIA_TYPE = 'application/vnd.ipld.raw';

/** All answers of the route whose answer is no JSON. */
export function blobAnswers(codes: readonly ErrorCode[]) {
  const bytes = Type.String({ format: 'binary', description: 'layouts.md section 5' });
  const { 200: _, ...errors } = answers(Type.Null(), codes);
  return {
    ...errors,
    200: { description: 'The blob, which hashes to its CID', content: { [BLOB_MEDIA_TYPE]: { schema: bytes } } },
    304: { type: 'null', description: 'The asker has it: If-None-Match' },
  };
}

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
