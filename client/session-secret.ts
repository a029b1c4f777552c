import { sessionKeyHashOf } from '../protocol/account.ts';
import { isInSubgroup } from '../protocol/babyjubjub.ts';
import { compareBytes, toHex } from '../protocol/bytes.ts';
import { type SessionKey, sessionKeyFromSeed, sessionMessage, sessionSeedFromSignature } from '../protocol/session.ts';
import { JsonReader, parseJson } from './parse.ts';
import { type RecordBook, type SecretName, stored } from './signing-record.ts';
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
  const record = await place.book.load();
  const next = record && (await place.book.secret('next-session'));
  if (next !== undefined) {
    const session = sessionOf(await storedSeed(place, next));
    // A rotation is complete once the record names its key.
    if (session.keyHash === record?.sessionKeyHash) {
      await place.book.saveSecret('session', next);
      return session;
    }
  }
  return sessionAs(place, 'session');
}

/** The key that a rotation is to bring in: made once, so that an interrupted rotation goes on with the same. */
export async function nextSession(place: SessionPlace): Promise<Session> {
  const [present, next] = [await place.book.secret('session'), await place.book.secret('next-session')];
  const used = present !== undefined && present === next;
  return used ? sessionOf(await makeSeed(place, 'next-session')) : sessionAs(place, 'next-session');
}

async function sessionAs(place: SessionPlace, which: SecretName): Promise<Session> {
  const text = await place.book.secret(which);
  return sessionOf(text === undefined ? await makeSeed(place, which) : await storedSeed(place, text));
}

async function makeSeed(place: SessionPlace, which: SecretName): Promise<Uint8Array> {
  const deviceNonce = toHex(crypto.getRandomValues(new Uint8Array(16)));
  const message = { origin: place.origin, deviceNonce };
  const first = await walletSeed(place, message);
  if (compareBytes(first, await walletSeed(place, message)) === 0) {
    await place.book.saveSecret(which, JSON.stringify({ version: 1, kind: 'wallet', ...message }));
    return first;
  }
  const seed = crypto.getRandomValues(new Uint8Array(32));
  await place.book.saveSecret(which, JSON.stringify({ version: 1, kind: 'stored', seed: toHex(seed) }));
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
