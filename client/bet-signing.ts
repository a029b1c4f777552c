import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { pointToBytes } from '../protocol/babyjubjub.ts';
import { betPack, type CoinSide, nextHead } from '../protocol/bet.ts';
import { ByteWriter, fieldToHex, toHex } from '../protocol/bytes.ts';
import { GAME_COIN_FLIP, STAKE_UNIT } from '../protocol/constants.ts';
import { signatureToBytes, signEddsa } from '../protocol/eddsa.ts';
import { clientSeedOf, type SessionKey } from '../protocol/session.ts';
import type { SignedBytes } from './parse.ts';
import { type PendingBet, signedJson } from './record.ts';

/**
 * Makes and signs the bytes of a bet; the same input gives the same bytes. A refused head is barred for good, so a bet that would
 * make one of `refusedHeads` again gets the next client seed: that of a key derived from the client seed key and a counter.
 */
export function signBet(input: {
  key: SessionKey;
  accountId: bigint;
  betNumber: bigint;
  headBefore: bigint;
  termsId: number;
  stakeUnits: bigint;
  choice: CoinSide;
  refusedHeads?: ReadonlySet<bigint>;
}): PendingBet {
  const { key, accountId, betNumber, headBefore, termsId, stakeUnits, choice } = input;
  const packed = betPack({ stakeUnits, choice, game: GAME_COIN_FLIP, betNumber, termsId });
  for (let counter = 0; ; counter += 1) {
    const clientSeed = clientSeedOf({ clientSeedKey: seedKey(key, counter), accountId, headBefore, packed });
    const head = nextHead({ headBefore, packed, clientSeed, accountId });
    if (input.refusedHeads?.has(head)) continue;
    const signature = signatureToBytes(signEddsa(key, head));
    const sessionKey = pointToBytes(key.publicKey);
    return { betNumber, termsId, stakeUnits, choice, packed, clientSeed, headBefore, head, sessionKey, signature };
  }
}

/** The body of `POST /v1/bet`: the same bet gives the same text. `receipt`: the house's own for it, by which a restored house takes it again. */
export function betBody(user: string, bet: PendingBet, receipt?: SignedBytes): string {
  return JSON.stringify({
    user,
    amount: (bet.stakeUnits * STAKE_UNIT).toString(),
    guess: bet.choice === 1 ? 'heads' : 'tails',
    nonce: bet.betNumber.toString(),
    terms_id: bet.termsId,
    client_seed: fieldToHex(bet.clientSeed),
    session_key: toHex(bet.sessionKey),
    sig: toHex(bet.signature),
    ...(receipt && { receipt: signedJson(receipt) }),
  });
}

function seedKey(key: SessionKey, counter: number): Uint8Array {
  if (counter === 0) return key.clientSeedKey;
  return hmac(sha256, key.clientSeedKey, new ByteWriter().ascii('zk-casino/client-seed-again/1').u32(counter).finish());
}
