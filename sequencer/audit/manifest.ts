import { hash } from 'node:crypto';
import { address, getBase58Encoder, isAddress } from '@solana/kit';
import { domainOf } from '../../protocol/account.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { type AuditManifest, decodeAuditManifest, encodeAuditManifest, verifyMessage } from '../../protocol/messages.ts';
import type { ReceiptSigner } from '../admission/signer.ts';
import { addressBytes, addressOf } from '../ledger/addresses.ts';
import type { TableLayout } from './columns.ts';
import { type FormatName, isFormatName } from './format.ts';
import { CHAIN_TABLES, LEDGER_TABLES, TABLES } from './tables.ts';

export const MANIFEST_FILE = 'manifest.json';
export const SIGNATURE_FILE = 'signature.json';
const KIND = 'zk-casino-audit';
const VERSION = 1;

export interface ManifestFile {
  name: string;
  table: string;
  /** Version of the table's columns. */
  columns: number;
  rows: number;
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** What an export is of and what it holds: the content of `manifest.json`, docs/reference/audit-export.md. */
export interface Manifest {
  kind: typeof KIND;
  version: typeof VERSION;
  program: string;
  house: string;
  genesis_hash: string;
  format: FormatName;
  /** Times in ms since the epoch; `to` is not included. */
  from: number;
  to: number;
  created: number;
  /** Commits that the ledger held before the first row was read, and after the last. */
  ledger: { id: string; schema: number; commits_before: string; commits_after: string };
  /** The finalized slot that the chain's files reach at least; null if the export was made without the chain. */
  chain: { slot: string } | null;
  files: ManifestFile[];
  /** Tables that this export does not have. */
  absent: string[];
  /** By table, then by sum: decimal strings. */
  totals: Record<string, Record<string, string>>;
}

export type ManifestInput = Omit<Manifest, 'kind' | 'version'>;

export const fileName = (layout: TableLayout, format: FormatName): string => `${layout.name}.${format}`;

export function encodeManifest(input: ManifestInput): Uint8Array {
  const manifest: Manifest = { kind: KIND, version: VERSION, ...input };
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** Reads a manifest that anybody may have written; an `Error` in words if it is none. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Manifest;
  const check = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`its ${what} is not what a manifest has`);
  };
  check(isObject(manifest) && manifest.kind === KIND && manifest.version === VERSION, 'kind or version');
  for (const name of ['program', 'house', 'genesis_hash'] as const) check(isAddress(String(manifest[name])), name);
  check(isFormatName(manifest.format), 'format');
  for (const name of ['from', 'to', 'created'] as const) check(isCount(manifest[name]), name);
  check(manifest.from < manifest.to, 'range');
  check(manifest.chain === null || (isObject(manifest.chain) && typeof manifest.chain.slot === 'string'), 'chain');
  check(isObject(manifest.ledger), 'ledger');
  check(Array.isArray(manifest.files) && manifest.files.every((file) => isFile(file, manifest.format)), 'list of files');
  // Only an export without the chain lacks tables, and then the chain's: none is left out in silence.
  check(Array.isArray(manifest.absent), 'list of absent tables');
  const [present, absent] = manifest.chain ? [TABLES, []] : [LEDGER_TABLES, CHAIN_TABLES];
  const tables = manifest.files.map(({ table }) => table);
  check(sameNames(tables, present) && sameNames(manifest.absent, absent), 'set of tables');
  // Nor does it state a sum that nobody can add up.
  check(isObject(manifest.totals) && sameNames(Object.keys(manifest.totals), present), 'totals');
  for (const { name, sums } of present) {
    const totals: unknown = manifest.totals[name];
    check(isObject(totals) && sameNames(Object.keys(totals), sums), `totals of ${name}`);
  }
  // A member that is there twice means one thing to one reader and another to the next.
  check(compareBytes(encodeManifest(manifest), bytes) === 0, 'spelling');
  return manifest;
}

function sameNames(found: readonly string[], expected: readonly { name: string }[]): boolean {
  const names = expected.map(({ name }) => name).sort();
  return found.toSorted().join() === names.join();
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The name follows from the table: a manifest can lead to no file outside its folder. */
function isFile(file: unknown, format: FormatName): file is ManifestFile {
  if (!isObject(file)) return false;
  const { name, table, columns, rows, bytes, sha256 } = file as ManifestFile;
  const layout = TABLES.find((one) => one.name === table);
  if (!layout || name !== fileName(layout, format) || columns !== layout.version) return false;
  return isCount(rows) && isCount(bytes) && /^[0-9a-f]{64}$/.test(sha256);
}

/** The content of `signature.json`: the message of layouts.md section 3 and its signature, in hex. */
interface SignatureFile {
  message: string;
  signature: string;
  /** Base58. */
  receipt_key: string;
}

export function signManifest(
  bytes: Uint8Array,
  manifest: ManifestInput,
  key: { signer: ReceiptSigner; receiptKey: Uint8Array },
): Uint8Array {
  const { message, signature } = key.signer.signed(encodeAuditManifest(messageOf(bytes, manifest)));
  const file: SignatureFile = {
    message: Buffer.from(message).toString('hex'),
    signature: Buffer.from(signature).toString('hex'),
    receipt_key: addressOf(key.receiptKey),
  };
  return new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`);
}

/** The receipt key that signed a manifest, base58; an `Error` in words if what is there is no signature of this manifest. */
export function signedBy(signatureFile: Uint8Array, bytes: Uint8Array, manifest: Manifest): string {
  const file = JSON.parse(new TextDecoder().decode(signatureFile)) as SignatureFile;
  const message = fromHexText(file.message);
  const expected = messageOf(bytes, manifest);
  const found = decodeAuditManifest(message);
  if (compareBytes(found.manifestHash, expected.manifestHash) !== 0) throw new Error('it signs another manifest');
  if (compareBytes(encodeAuditManifest(found), encodeAuditManifest(expected)) !== 0) {
    throw new Error('it signs another house, chain or range');
  }
  if (!isAddress(String(file.receipt_key))) throw new Error('its receipt key is none');
  const receiptKey = addressBytes(address(file.receipt_key));
  if (!verifyMessage({ receiptKey, signature: fromHexText(file.signature), message })) throw new Error('it does not hold');
  return file.receipt_key;
}

function messageOf(bytes: Uint8Array, { genesis_hash, house, from, to }: ManifestInput): AuditManifest {
  return {
    domain: domainOf(new Uint8Array(getBase58Encoder().encode(genesis_hash))),
    house: addressBytes(address(house)),
    from: BigInt(from),
    to: BigInt(to),
    manifestHash: new Uint8Array(hash('sha256', bytes, 'buffer')),
  };
}

function fromHexText(text: unknown): Uint8Array {
  if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(text)) throw new Error('it is not in hex');
  return new Uint8Array(Buffer.from(text, 'hex'));
}
