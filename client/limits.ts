import type { Address } from '@solana/kit';
import { compareBytes } from '../protocol/bytes.ts';
import { fieldToBytes } from '../protocol/field.ts';
import { decodeLimit } from '../protocol/messages.ts';
import type { ApiClient } from './api.ts';
import { checkLimit, covers, type VaultContext } from './checks.ts';
import { ClientError } from './errors.ts';
import type { SignedBytes } from './parse.ts';
import { MAX_RECORD_MESSAGES, type PendingBet, type SigningRecord } from './record.ts';

export interface WantedBet {
  betNumber: bigint;
  termsId: number;
  stakeUnits: bigint;
}

/**
 * The limits to keep, one of which covers the bet: those at hand, else, or with `ask`, also the one that the service hands out now.
 * `OUTSIDE_LIMIT`,
 * or `TERMS_CHANGED` if the house only promises bets under other terms; `RECORD_CONFLICT` if the service's vault is not at the
 * number and head of the record.
 */
export async function requireLimit(input: {
  api: Pick<ApiClient, 'vault'>;
  owner: Address;
  context: VaultContext;
  record: SigningRecord;
  wanted: WantedBet;
  ask: boolean;
}): Promise<SignedBytes[]> {
  const { api, owner, context, record, wanted } = input;
  const known = record.limits;
  if (!input.ask && known.some((limit) => covers(decodeLimit(limit.message), wanted))) return known;
  const answer = await api.vault(owner);
  if (answer.nextBet !== record.nextBet || compareBytes(answer.head, fieldToBytes(record.head)) !== 0) {
    const where = `the service is at bet ${answer.nextBet}, this record at ${record.nextBet}`;
    throw new ClientError('RECORD_CONFLICT', `${where}, or their heads differ: another device signs, or the service lost bets`);
  }
  const limits = mergeLimits(context, { known, fresh: answer.limit, nextBet: record.nextBet, pending: record.pending });
  if (limits.some((limit) => covers(decodeLimit(limit.message), wanted))) return limits;
  const offered = decodeLimit(answer.limit.message);
  if (offered.termsId !== wanted.termsId) {
    throw new ClientError(
      'TERMS_CHANGED',
      `the house takes bets under terms ${offered.termsId}, not ${wanted.termsId}; connect anew`,
    );
  }
  throw new ClientError('OUTSIDE_LIMIT', `the house takes at most ${offered.maxStakeUnits} stake units in one bet`);
}

/**
 * Limits that still cover a bet to come, the fresh one checked first and added. Limits only add: none is forgotten before it ends, and
 * where there are too many, none that a pending bet was signed under: by that alone its refusal is contested.
 */
export function mergeLimits(
  context: VaultContext,
  input: { known: readonly SignedBytes[]; fresh: SignedBytes; nextBet: bigint; pending: readonly PendingBet[] },
): SignedBytes[] {
  const { known, fresh, nextBet, pending } = input;
  const isKnown = known.some((limit) => compareBytes(limit.message, fresh.message) === 0);
  if (!isKnown) checkLimit(context, fresh);
  const all = (isKnown ? known : [...known, fresh])
    .map((signed) => ({ signed, limit: decodeLimit(signed.message) }))
    .filter(({ limit }) => limit.throughBet >= nextBet)
    .sort((a, b) => (a.limit.throughBet < b.limit.throughBet ? 1 : -1));
  const needed = new Set(pending.map((bet) => all.find(({ limit }) => covers(limit, bet))));
  return [...all.filter((one) => needed.has(one)), ...all.filter((one) => !needed.has(one))]
    .slice(0, MAX_RECORD_MESSAGES)
    .map(({ signed }) => signed);
}
