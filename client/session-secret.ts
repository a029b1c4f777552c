import { sessionKeyHashOf } from '../protocol/account.ts';
import { isInSubgroup } from '../protocol/babyjubjub.ts';
import { compareBytes, toHex } from '../protocol/bytes.ts';
import { type SessionKey, sessionKeyFromSeed, sessionMessage, sessionSeedFromSignature } from '../protocol/session.ts';
import { JsonReader, parseJson } from './parse.ts';
import { type RecordBook, stored } from './signing-record.ts';
import { signText, type Wallet } from './wallet.ts';

export interface SessionPlace {
  wallet: Wallet;
  book: RecordBook;
  /** Web origin that the session message names when the key is first made. */
  origin: string;
  genesisHash: string;
  house: string;
}

export interface Session {
  key: SessionKey;
  keyHash: bigint;
}

/**
 * The session key of this device: from the wallet's signature of the session message with a stored device nonce, or from a stored
 * random seed when the wallet signs the same text differently each time. Made on first use; the origin of then stays.
 */
export async function loadSession(place: SessionPlace): Promise<Session> {
  const text = await place.book.secret();
  return sessionOf(text === undefined ? await makeSeed(place) : await storedSeed(place, text));
}

async function makeSeed(place: SessionPlace): Promise<Uint8Array> {
  const deviceNonce = toHex(crypto.getRandomValues(new Uint8Array(16)));
  const message = { origin: place.origin, deviceNonce };
  const first = await walletSeed(place, message);
  if (compareBytes(first, await walletSeed(place, message)) === 0) {
    await place.book.saveSecret(JSON.stringify({ version: 1, kind: 'wallet', ...message }));
    return first;
  }
  const seed = crypto.getRandomValues(new Uint8Array(32));
  await place.book.saveSecret(JSON.stringify({ version: 1, kind: 'stored', seed: toHex(seed) }));
  return seed;
}

async function storedSeed(place: SessionPlace, text: string): Promise<Uint8Array> {
  const secret = stored(() => {
    const reader = new JsonReader(parseJson(text, 'session'), 'session');
    if (reader.text('kind') === 'stored') return reader.hex('seed', 32);
    return { origin: reader.text('origin'), deviceNonce: reader.text('deviceNonce') };
  });
  return secret instanceof Uint8Array ? secret : walletSeed(place, secret);
}

async function walletSeed(place: SessionPlace, message: { origin: string; deviceNonce: string }): Promise<Uint8Array> {
  const text = sessionMessage({ ...message, genesisHash: place.genesisHash, house: place.house });
  return sessionSeedFromSignature(await signText(place.wallet, text));
}

function sessionOf(seed: Uint8Array): Session {
  const key = sessionKeyFromSeed(seed);
  if (!isInSubgroup(key.publicKey)) throw new TypeError('the session key is outside the subgroup');
  return { key, keyHash: sessionKeyHashOf(key.publicKey) };
}
