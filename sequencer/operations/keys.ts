import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Address, createKeyPairSignerFromBytes, isAddress, type KeyPairSigner } from '@solana/kit';
import { compareBytes } from '../../protocol/bytes.ts';
import { bytesToInteger, FIELD_ORDER, fieldFromBytes, fieldToBytes } from '../../protocol/field.ts';
import { CasinoError, messageOf } from '../errors.ts';
import { writeFileDurably } from './files.ts';

const OWNER_ONLY = 0o600;

export type OperatorKeyName = 'authority' | 'settler' | 'receipt';

/** The operator's secrets, each a file that only its owner may read. Keypairs are in Solana's format: a JSON array of 64 bytes. */
export interface OperatorKeys {
  authority: KeyPairSigner;
  /** The authority that made the house, whose address is derived from it: the present one's, until that was rotated. */
  creator: Address;
  settler: KeyPairSigner;
  /** Ed25519 seed of the receipt key, and its public key. */
  receiptSeed: Uint8Array;
  receiptKey: Uint8Array;
}

/** Reads the keys of a directory; those that are missing are made. */
export async function loadOperatorKeys(directory: string): Promise<OperatorKeys> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const receipt = keypairBytes(join(directory, 'receipt.json'));
  const authority = await createKeyPairSignerFromBytes(keypairBytes(join(directory, 'authority.json')));
  return {
    authority,
    creator: readCreator(directory) ?? authority.address,
    settler: await createKeyPairSignerFromBytes(keypairBytes(join(directory, 'settler.json'))),
    receiptSeed: receipt.slice(0, 32),
    receiptKey: receipt.slice(32),
  };
}

/** Who made the house; undefined as long as the authority is the same. */
export function readCreator(directory: string): Address | undefined {
  const path = join(directory, 'creator.address');
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8').trim();
  if (!isAddress(text)) throw new CasinoError('CONFIG_INVALID', `${path} is not an address`);
  return text;
}

const KEY_FILES = ['authority.json', 'settler.json', 'receipt.json'];

/**
 * Reads the keys of a directory and makes none: a house that is there was made with some, and new ones would be another house's.
 * `CONFIG_INVALID` names those that are missing or damaged.
 */
export async function readOperatorKeys(directory: string): Promise<OperatorKeys> {
  const missing = KEY_FILES.filter((name) => !existsSync(join(directory, name)));
  if (missing.length > 0) {
    const way = 'restore them from their copy, or make a new house with `casino init`';
    throw new CasinoError('CONFIG_INVALID', `${directory} lacks ${missing.join(', ')}: ${way}`);
  }
  return loadOperatorKeys(directory);
}

/** The receipt key of a directory, seed and public key; undefined if it has none. Makes nothing; `CONFIG_INVALID` if it is damaged. */
export function readReceiptKey(directory: string): Pick<OperatorKeys, 'receiptSeed' | 'receiptKey'> | undefined {
  const path = join(directory, 'receipt.json');
  if (!existsSync(path)) return undefined;
  const bytes = readKeypairFile(path);
  const [receiptSeed, receiptKey] = [bytes.slice(0, 32), bytes.slice(32)];
  return { receiptSeed, receiptKey };
}

/** The secrets k of all terms that this operator has made, by terms id. */
export function loadTermsSecrets(directory: string): Map<number, bigint> {
  const secrets = new Map<number, bigint>();
  for (const name of readdirSync(directory)) {
    const id = /^terms-([1-9][0-9]*)\.hex$/.exec(name)?.[1];
    if (id) secrets.set(Number(id), fieldFromBytes(Buffer.from(readFileSync(join(directory, name), 'utf8').trim(), 'hex')));
  }
  return secrets;
}

/** The secret of terms to be opened: the stored one if an earlier attempt made it, else a fresh, uniformly random one. */
export function termsSecret(directory: string, id: number): bigint {
  const path = join(directory, `terms-${id}.hex`);
  if (!existsSync(path)) {
    // 64 random bytes: their residue is uniform but for 2^-256.
    const k = bytesToInteger(randomBytes(64)) % FIELD_ORDER;
    writeFileDurably(path, new TextEncoder().encode(`${Buffer.from(fieldToBytes(k)).toString('hex')}\n`), OWNER_ONLY);
  }
  return loadTermsSecrets(directory).get(id) as bigint;
}

function keypairBytes(path: string): Uint8Array {
  if (!existsSync(path)) {
    const seed = randomBytes(32);
    writeFileDurably(path, keypairText(Uint8Array.from([...seed, ...ed25519.getPublicKey(seed)])), OWNER_ONLY);
  }
  return readKeypairFile(path);
}

/** A keypair file's bytes, as the Solana tools write it. */
export const keypairText = (bytes: Uint8Array): Uint8Array => new TextEncoder().encode(`${JSON.stringify([...bytes])}\n`);

/** The 64 bytes of a keypair file: seed, then public key. `CONFIG_INVALID` if it is none, or its halves do not belong together. */
export function readKeypairFile(path: string): Uint8Array {
  const bytes = parseKeypair(path);
  if (compareBytes(ed25519.getPublicKey(bytes.slice(0, 32)), bytes.slice(32)) === 0) return bytes;
  throw new CasinoError('CONFIG_INVALID', `the halves of ${path} do not belong together`);
}

function parseKeypair(path: string): Uint8Array {
  // Never the parser's own words: they quote the text, which may be a secret.
  const none = () => new CasinoError('CONFIG_INVALID', `${path} is not a keypair file: a JSON array of 64 bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw none();
    throw new CasinoError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const isByte = (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
  if (!Array.isArray(parsed) || parsed.length !== 64 || !parsed.every(isByte)) throw none();
  return Uint8Array.from(parsed);
}
