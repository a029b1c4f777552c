import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { createKeyPairSignerFromBytes, type KeyPairSigner } from '@solana/kit';
import { compareBytes } from '../../protocol/bytes.ts';
import { bytesToInteger, FIELD_ORDER, fieldFromBytes, fieldToBytes } from '../../protocol/field.ts';
import { CasinoError } from '../errors.ts';
import { writeFileDurably } from './files.ts';

const OWNER_ONLY = 0o600;

/** The operator's secrets, each a file that only its owner may read. Keypairs are in Solana's format: a JSON array of 64 bytes. */
export interface OperatorKeys {
  authority: KeyPairSigner;
  settler: KeyPairSigner;
  /** Ed25519 seed of the receipt key, and its public key. */
  receiptSeed: Uint8Array;
  receiptKey: Uint8Array;
}

/** Reads the keys of a directory; those that are missing are made. */
export async function loadOperatorKeys(directory: string): Promise<OperatorKeys> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const receipt = keypairBytes(join(directory, 'receipt.json'));
  return {
    authority: await createKeyPairSignerFromBytes(keypairBytes(join(directory, 'authority.json'))),
    settler: await createKeyPairSignerFromBytes(keypairBytes(join(directory, 'settler.json'))),
    receiptSeed: receipt.slice(0, 32),
    receiptKey: receipt.slice(32),
  };
}

/** The keys that a house can not be run without. */
const KEYPAIRS = ['authority.json', 'settler.json', 'receipt.json'];

/**
 * Checks that the keys of a house that exists are there: fresh ones would be those of another house. `CONFIG_INVALID`, naming what is
 * missing.
 */
export function requireOperatorKeys(directory: string): void {
  const missing = KEYPAIRS.filter((name) => !existsSync(join(directory, name)));
  if (missing.length === 0) return;
  throw new CasinoError(
    'CONFIG_INVALID',
    `the ledger's house has keys, and ${missing.join(', ')} are not in ${directory}: put them back`,
  );
}

/** The receipt key of a directory, seed and public key; undefined if it has none. Makes nothing; `CONFIG_INVALID` if it is damaged. */
export function readReceiptKey(directory: string): Pick<OperatorKeys, 'receiptSeed' | 'receiptKey'> | undefined {
  const path = join(directory, 'receipt.json');
  if (!existsSync(path)) return undefined;
  const bytes = keypairBytes(path);
  const [receiptSeed, receiptKey] = [bytes.slice(0, 32), bytes.slice(32)];
  if (compareBytes(ed25519.getPublicKey(receiptSeed), receiptKey) === 0) return { receiptSeed, receiptKey };
  throw new CasinoError('CONFIG_INVALID', `the halves of ${path} do not belong together`);
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
    const bytes = [...seed, ...ed25519.getPublicKey(seed)];
    writeFileDurably(path, new TextEncoder().encode(`${JSON.stringify(bytes)}\n`), OWNER_ONLY);
  }
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const isByte = (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
  if (!Array.isArray(parsed) || parsed.length !== 64 || !parsed.every(isByte)) {
    throw new CasinoError('CONFIG_INVALID', `${path} is not a keypair file: a JSON array of 64 bytes`);
  }
  return Uint8Array.from(parsed);
}
