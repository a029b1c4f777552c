import { type Address, isAddress } from '@solana/kit';
import type { Static } from 'typebox';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import { stakeUnitsOf } from '../../protocol/bet.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { U64_LIMIT } from '../../protocol/constants.ts';
import { signatureFromBytes } from '../../protocol/eddsa.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import type { BetRequest } from '../admission/admission.ts';
import { CasinoError } from '../errors.ts';
import type { BetRequestSchema } from './bet-schemas.ts';

const DEFAULT_PAGE = 20;

/** A bet from its JSON; `BAD_REQUEST` for what the schema can not see: stakes, canonical field elements, numbers over 64 bits. */
export function parseBet(body: Static<typeof BetRequestSchema>): BetRequest {
  const clientSeed = fromHex(body.client_seed, 32);
  const sessionKey = fromHex(body.session_key, 64);
  const signature = fromHex(body.sig, 96);
  fieldFromBytes(clientSeed);
  pointFromBytes(sessionKey);
  signatureFromBytes(signature);
  return {
    owner: parseAddress(body.user),
    stakeUnits: stakeUnitsOf(parseU64(body.amount, 'amount')),
    choice: body.guess === 'heads' ? 1 : 0,
    betNumber: parseU64(body.nonce, 'nonce'),
    termsId: body.terms_id,
    clientSeed,
    sessionKey,
    signature,
  };
}

export function parseU64(text: string, name: string): bigint {
  const value = BigInt(text);
  if (value >= U64_LIMIT) throw new CasinoError('BAD_REQUEST', `${name} does not fit 64 bits`);
  return value;
}

export function parseAddress(text: string): Address {
  if (!isAddress(text)) throw new CasinoError('BAD_REQUEST', 'user is not a Solana address');
  return text;
}

/** Rows of a page. */
export const pageLimit = (text: string | undefined): number => Number(text ?? DEFAULT_PAGE);

/** The times between which something is asked for, both included; left out, none is. `BAD_REQUEST` if they are the wrong way round. */
export function parseTimes({ from, to }: { from?: string; to?: string }): { fromMs: bigint; toMs: bigint } {
  const [fromMs, toMs] = [BigInt(from ?? 0), to === undefined ? END_OF_TIME : BigInt(to)];
  if (fromMs > toMs) throw new CasinoError('BAD_REQUEST', 'from is later than to');
  return { fromMs, toMs };
}

/** Later than anything, and an integer of SQLite still. */
const END_OF_TIME = (1n << 63n) - 1n;
