import { Type } from 'typebox';
import { NOTICES, type NoticeCode, PROBLEMS, type ProblemCode } from '../operations/problems.ts';
import { AMOUNT, COUNTER, orNull, TIME } from './schema-fields.ts';

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
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')], { description: 'ok if there is no problem' }),
  ready: Type.Boolean({ description: 'Whether bets are taken' }),
  leading: Type.Boolean({ description: 'Whether the house on chain shows this process as its leader' }),
  problems: { ...PROBLEM_LIST, description: 'What is wrong now, each with what it means' },
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
    answered_ms_ago: orNull(Type.Integer({ description: 'Since the node last answered' })),
  }),
  settler: orNull(
    Type.Object({
      lamports: { ...AMOUNT, description: 'Balance of the settler, which pays for settling transactions' },
      batches_left: { ...COUNTER, description: 'Settling transactions that it can still pay for' },
    }),
  ),
  prover: Type.Object({
    proofs: Type.Boolean({ description: 'Whether batches are proven at all' }),
    sizes: Type.Array(Type.String(), { description: 'Circuit sizes that batches are proven with' }),
    loaded: Type.Array(Type.String(), { description: 'Sizes whose proving key is loaded' }),
    last_proof: orNull(
      Type.Object({
        size: Type.String({ description: 'Of the last proof' }),
        age_ms: Type.Integer({ description: 'Since it was made' }),
        took_ms: Type.Integer({ description: 'How long it took' }),
      }),
    ),
    bets_per_second: orNull(Type.Number({ description: 'What proving has sustained of late' })),
  }),
  ledger: Type.Object({
    writable: Type.Boolean({ description: 'Whether the last commit succeeded' }),
    backlog: Type.Integer({ description: 'Changes that wait for the disk' }),
    bytes: Type.Integer({ description: "Of the ledger's file" }),
    wal_bytes: Type.Integer({ description: 'Of its write-ahead log' }),
    disk_free_bytes: Type.Integer({ description: 'On the volume of the data directory' }),
  }),
  settlement: Type.Object({
    unfinished_batches: Type.Integer({ description: 'Batches that are not final' }),
    open_bets: Type.Integer({ description: 'Answered bets that are not final on chain' }),
    unbatched_bets: Type.Integer({ description: 'Answered bets that are in no batch' }),
    oldest_open_bet_age_ms: orNull(Type.Integer({ description: 'Since the oldest open bet was answered' })),
    last_finalized_batch: { ...COUNTER, description: 'Number of the newest final batch' },
    last_finalized_age_ms: orNull(Type.Integer({ description: 'Since it was seen to be final' })),
  }),
  reconciliation: orNull(
    Type.Object({
      time: { ...TIME, description: 'Of the newest comparison of ledger and chain, ms since the Unix epoch' },
      funds_differ: Type.Boolean({ description: 'Whether money was missing: no bets are taken then' }),
      differences: Type.Integer({ description: 'Differences that it found' }),
    }),
  ),
  uptime_ms: Type.Integer({ description: 'Of the process' }),
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
