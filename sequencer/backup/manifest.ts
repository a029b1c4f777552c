import { hash } from 'node:crypto';
import { address, getBase58Encoder, isAddress } from '@solana/kit';
import { domainOf } from '../../protocol/account.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { encodeBackupManifest, verifyMessage } from '../../protocol/messages.ts';
import { ReceiptSigner } from '../admission/signer.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes, addressOf } from '../ledger/addresses.ts';
import type { OperatorKeys } from '../operations/keys.ts';

const FORMAT = 'zk-casino-backup';
const VERSION = 1;

/** What a backup says of itself; layouts.md section 11. */
export interface BackupManifest {
  format: typeof FORMAT;
  version: typeof VERSION;
  name: string;
  time: number;
  ledger: { id: string; schema: number; commits: string; bytes: number; sha256: string };
  identity: { program: string; house: string; genesis_hash: string } | null;
  last_batch: string;
  bets: number;
  archives: number;
  blobs: number;
  /** Files that the ledger names and that were not there, or damaged, when the backup was made. */
  missing: string[];
  keys_sha256: string | null;
}

/** The bytes of `manifest.json`. */
export function manifestBytes(content: Omit<BackupManifest, 'format' | 'version'>): Uint8Array {
  return textBytes({ format: FORMAT, version: VERSION, ...content });
}

/** `BACKUP_DAMAGED` if the bytes are no manifest. */
export function parseManifest(bytes: Uint8Array): BackupManifest {
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as BackupManifest;
    const { ledger, identity, missing } = manifest;
    if (manifest.format !== FORMAT || manifest.version !== VERSION) throw new Error('it is of another format or version');
    const strings = [manifest.name, ledger.id, ledger.commits, ledger.sha256, manifest.last_batch, ...missing];
    if (identity) strings.push(identity.program, identity.house, identity.genesis_hash);
    if (strings.some((text) => typeof text !== 'string')) throw new Error('a field is no text');
    if (![manifest.time, ledger.bytes].every(Number.isSafeInteger)) throw new Error('a field is no number');
    return manifest;
  } catch (error) {
    throw new CasinoError('BACKUP_DAMAGED', `manifest.json can not be read: ${(error as Error).message}`, { cause: error });
  }
}

/** The content of `signature.json`, by the house's receipt key. */
export function signManifest(bytes: Uint8Array, manifest: BackupManifest, key: Pick<OperatorKeys, 'receiptSeed' | 'receiptKey'>) {
  const signed = new ReceiptSigner(key.receiptSeed).signed(messageOf(bytes, manifest));
  return textBytes({
    message: Buffer.from(signed.message).toString('hex'),
    signature: Buffer.from(signed.signature).toString('hex'),
    receipt_key: addressOf(key.receiptKey),
  });
}

/** The receipt key that signed a manifest, base58; `BACKUP_DAMAGED` if what is there is no signature of it. */
export function signerOf(signature: Uint8Array, bytes: Uint8Array, manifest: BackupManifest): string {
  const file = parseSignature(signature);
  const holds =
    compareBytes(file.message, messageOf(bytes, manifest)) === 0 &&
    verifyMessage({ receiptKey: addressBytes(address(file.receiptKey)), signature: file.signature, message: file.message });
  if (!holds) throw new CasinoError('BACKUP_DAMAGED', 'signature.json is not of this manifest');
  return file.receiptKey;
}

function parseSignature(bytes: Uint8Array) {
  try {
    const file = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const receiptKey = String(file.receipt_key);
    if (!isAddress(receiptKey)) throw new Error('its key is none');
    return { message: hexBytes(file.message), signature: hexBytes(file.signature), receiptKey };
  } catch (error) {
    throw new CasinoError('BACKUP_DAMAGED', `signature.json can not be read: ${(error as Error).message}`, { cause: error });
  }
}

function messageOf(bytes: Uint8Array, { identity, time }: BackupManifest): Uint8Array {
  if (!identity) throw new CasinoError('BACKUP_DAMAGED', 'a backup of no house is signed');
  return encodeBackupManifest({
    domain: domainOf(new Uint8Array(getBase58Encoder().encode(identity.genesis_hash))),
    house: addressBytes(address(identity.house)),
    time: BigInt(time),
    manifestHash: new Uint8Array(hash('sha256', bytes, 'buffer')),
  });
}

function hexBytes(text: unknown): Uint8Array {
  if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(text)) throw new Error('it is not in hex');
  return new Uint8Array(Buffer.from(text, 'hex'));
}

const textBytes = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
