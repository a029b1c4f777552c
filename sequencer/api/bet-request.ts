import type { Address } from '@solana/kit';
import type { Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import { stakeUnitsOf } from '../../protocol/bet.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { signatureFromBytes } from '../../protocol/eddsa.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import type { Admission, BetAnswer, BetRequest } from '../admission/admission.ts';
import type { VaultBook } from '../admission/book.ts';
import { CasinoError } from '../errors.ts';
import { BetRequestSchema } from './bet-schemas.ts';
import { betAnswerJson } from './json.ts';
import { parseAddress, parseU64 } from './requests.ts';

/** What takes a bet, and hears of it. */
export interface BetParts {
  admission: Admission;
  book: VaultBook;
  /** Told of every bet once, as it is taken; not when it is answered again. */
  onBet(owner: Address, answer: BetAnswer): void;
}

type BetBody = Static<typeof BetRequestSchema>;

const RECEIPT_BYTES = 213;
const schema = Compile(BetRequestSchema);

/**
 * Takes a bet, whatever brought it, and tells of it if it is new; see `Admission.placeBet` for what it throws. Everything is decided before this
 * returns its promise: calls are decided in their order.
 */
export async function takeBet({ admission, book, onBet }: BetParts, body: BetBody) {
  const bet = parseBet(body);
  const isNew = bet.betNumber > (book.byOwner(bet.owner)?.lastBet ?? 0n);
  const answer = await admission.placeBet(bet);
  if (isNew) onBet(bet.owner, answer);
  return betAnswerJson(answer);
}

/** JSON that is a bet as the schema has it; `BAD_REQUEST` in the words of the HTTP route. */
export function betBodyOf(value: unknown): BetBody {
  if (schema.Check(value)) return value;
  const wrong = schema.Errors(value).map(({ instancePath, message }) => `body${instancePath} ${message}`);
  throw new CasinoError('BAD_REQUEST', wrong.join(', '));
}

/** A bet from its JSON; `BAD_REQUEST` for what the schema can not see: stakes, canonical field elements, numbers over 64 bits. */
function parseBet(body: BetBody): BetRequest {
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
    ...(body.receipt && {
      receipt: { message: fromHex(body.receipt.message, RECEIPT_BYTES), signature: fromHex(body.receipt.signature, 64) },
    }),
  };
}
