import { Type } from 'typebox';
import {
  ADDRESS,
  AMOUNT,
  COUNTER,
  CURSOR,
  filter,
  hex,
  MILLISECONDS,
  NEXT,
  orNull,
  PAGE_LIMIT,
  SIDE,
  SIGNED,
  STATES,
  TIME,
} from './schema-fields.ts';

/** Where a bet may stand. */
export const BET_STATES = ['acknowledged', ...STATES, 'Failed', 'Voided'] as const;

export const BetRequestSchema = Type.Object(
  {
    user: ADDRESS,
    amount: AMOUNT,
    guess: SIDE,
    nonce: Type.String({ pattern: '^[1-9][0-9]{0,19}$', description: "The vault's bet number, counted from 1", examples: ['1'] }),
    terms_id: Type.Integer({
      minimum: 1,
      maximum: 4_294_967_295,
      description: 'The terms that the bettor signed',
      examples: [1],
    }),
    client_seed: hex(32, "The client's part of the randomness, a field element, big endian"),
    session_key: hex(64, 'BabyJubJub public key Ax || Ay'),
    sig: hex(96, 'EdDSA-Poseidon signature R8x || R8y || S on head_n'),
    receipt: Type.Optional(
      Type.Object(
        { message: hex(213, 'The receipt, layouts.md section 3'), signature: hex(64, "By the house's receipt key") },
        {
          additionalProperties: false,
          description: 'For a bet that the house took before its ledger was restored',
          examples: [{ message: '00'.repeat(213), signature: '00'.repeat(64) }],
        },
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

export const BetSummarySchema = Type.Object({
  bet_id: hex(32, 'head_n'),
  user: ADDRESS,
  vault: ADDRESS,
  nonce: COUNTER,
  terms_id: Type.Integer(),
  amount: AMOUNT,
  guess: SIDE,
  outcome: SIDE,
  won: Type.Boolean({ description: 'Whether the outcome is the guess' }),
  payout: AMOUNT,
  balance: { ...AMOUNT, description: "The bettor's balance after the bet" },
  time: TIME,
  status: Type.Enum([...BET_STATES], {
    description:
      "'acknowledged' until the bet is in a batch, then its state; 'Failed' while it can not be settled: owed, and tried again; 'Voided' once its vault has left without it, for good",
  }),
  batch: Type.Union([COUNTER, Type.Null()]),
  l1_signature: Type.Union([Type.String(), Type.Null()], { description: 'Signature of the settling transaction, base58' }),
});

export const BetSchema = Type.Object({
  ...BetSummarySchema.properties,
  balance_before: { ...AMOUNT, description: 'What the bettor could stake before the bet' },
  head_before: hex(32, "head_{n-1}, of the vault's bet before; the accountId before its first"),
  client_seed: hex(32, "The client's part of the randomness, a field element"),
  server_seed: hex(32, 'The revealed server seed, a field element'),
  session_key: hex(64, 'BabyJubJub public key Ax || Ay'),
  sig: {
    ...orNull(hex(96, 'EdDSA-Poseidon signature R8x || R8y || S on head_n')),
    description: 'Null if the service learnt the bet from the chain, and the signature of a later one stands for it',
  },
  vrf: Type.Object({
    path: Type.Array(hex(32, 'Sibling hash'), { description: 'From the leaf to the root, 8 hashes' }),
    commitment: SIGNED,
  }),
  blob_cid: orNull(Type.String({ description: 'What GET /v1/blobs and IPFS call the blob of its batch' })),
  finalized: Type.Boolean({ description: 'Whether the bet is settled for good' }),
  receipt: { ...orNull(SIGNED), description: 'Null if the service learnt the bet from the chain: its bettor has it' },
  failed_reason: Type.Union([Type.String(), Type.Null()], { description: 'Why the bet can not be settled, if it can not' }),
  void_reason: Type.Union([Type.String(), Type.Null()], { description: 'Why the bet was voided, if it was' }),
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

export const BetParams = Type.Object({ id: hex(32, 'bet_id') });

export const BetsQuery = Type.Object(
  {
    user: filter(ADDRESS, "Only this owner's bets: the only way, beside `batch`, to those in archives"),
    outcome: Type.Optional(Type.Enum(['heads', 'tails'], { description: 'Only bets that came up so' })),
    won: Type.Optional(Type.Enum(['true', 'false'], { description: 'Only bets that were won, or only others' })),
    status: Type.Optional(Type.Enum([...BET_STATES], { description: 'Only bets that stand so' })),
    batch: filter(COUNTER, 'Only bets that this batch settles'),
    from: filter(MILLISECONDS, 'Only bets of this time or later'),
    to: filter(MILLISECONDS, 'Only bets of this time or earlier'),
    cursor: Type.Optional(CURSOR),
    limit: Type.Optional(PAGE_LIMIT),
  },
  { additionalProperties: false },
);

export const BetsSchema = Type.Object({
  bets: Type.Array(BetSummarySchema, {
    description: 'Newest first; may be fewer than `limit`, even none, while there is a `next`',
  }),
  next: NEXT,
});
