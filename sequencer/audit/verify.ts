import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CasinoError, messageOf } from '../errors.ts';
import { Summing, type TableLayout } from './columns.ts';
import { FORMATS } from './format.ts';
import { MANIFEST_FILE, type Manifest, type ManifestFile, parseManifest, SIGNATURE_FILE, signedBy } from './manifest.ts';
import { TABLES } from './tables.ts';

/** What can be wrong with an export, append-only. `subject` is a file, or a table and its sum. */
export type FindingKind =
  | 'manifest-missing'
  | 'manifest-malformed'
  | 'file-missing'
  | 'file-added'
  | 'file-changed'
  | 'file-malformed'
  | 'rows-differ'
  | 'totals-differ'
  | 'unsigned'
  | 'signature-invalid'
  | 'foreign-signature'
  | 'foreign-house';

export interface Finding {
  kind: FindingKind;
  subject: string;
  message: string;
}

export interface AuditVerification {
  findings: Finding[];
  /** Undefined if there is none that can be read. */
  manifest: Manifest | undefined;
  /** The receipt key that signed, base58. */
  signedBy: string | undefined;
}

/** The house as the finalized chain shows it. Addresses in base58. */
export interface ShownHouse {
  genesisHash: string;
  program: string;
  house: string;
  /** The receipt key, and the one before it. */
  receiptKeys: readonly string[];
}

/** A manifest or signature has far fewer bytes. */
const MAX_SMALL_FILE_BYTES = 1 << 20;

/**
 * Checks an export that anybody may have changed: every file is there, no other is, each has the bytes, the rows and the sums that the manifest
 * states, and the manifest is signed. `houseOf` tells what the chain shows of the house; without it, whose the key is stays open.
 * `CONFIG_INVALID` if there is no such folder; whatever `houseOf` throws.
 */
export async function verifyAudit(input: {
  directory: string;
  houseOf?: ((manifest: Manifest) => Promise<ShownHouse>) | undefined;
  onProgress?(file: string): void;
}): Promise<AuditVerification> {
  const { directory } = input;
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CasinoError('CONFIG_INVALID', `there is no folder ${directory}`);
  }
  const findings: Finding[] = [];
  const manifestBytes = smallFile(join(directory, MANIFEST_FILE));
  if (!manifestBytes) {
    findings.push({ kind: 'manifest-missing', subject: MANIFEST_FILE, message: 'it is not there' });
    return { findings, manifest: undefined, signedBy: undefined };
  }
  let manifest: Manifest;
  try {
    manifest = parseManifest(manifestBytes);
  } catch (error) {
    findings.push({ kind: 'manifest-malformed', subject: MANIFEST_FILE, message: messageOf(error) });
    return { findings, manifest: undefined, signedBy: undefined };
  }
  const key = checkSignature(directory, { bytes: manifestBytes, manifest, findings });
  const shown = await input.houseOf?.(manifest);
  if (shown) findings.push(...compareHouse(manifest, key, shown));
  findings.push(...checkNames(directory, manifest));
  for (const file of manifest.files) {
    input.onProgress?.(file.name);
    findings.push(...(await checkFile(directory, file, manifest)));
  }
  findings.push(...checkTies(manifest));
  return { findings, manifest, signedBy: key };
}

/** Only a regular file: a pipe would never end, a link could lead anywhere. */
function smallFile(path: string): Uint8Array | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() && stat.size <= MAX_SMALL_FILE_BYTES ? new Uint8Array(readFileSync(path)) : undefined;
}

function checkSignature(
  directory: string,
  input: { bytes: Uint8Array; manifest: Manifest; findings: Finding[] },
): string | undefined {
  const { bytes, manifest, findings } = input;
  const signature = smallFile(join(directory, SIGNATURE_FILE));
  if (!signature) {
    findings.push({ kind: 'unsigned', subject: SIGNATURE_FILE, message: 'it is not there: nobody vouches for this export' });
    return undefined;
  }
  try {
    return signedBy(signature, bytes, manifest);
  } catch (error) {
    findings.push({ kind: 'signature-invalid', subject: SIGNATURE_FILE, message: messageOf(error) });
    return undefined;
  }
}

function* compareHouse(manifest: Manifest, key: string | undefined, shown: ShownHouse): Generator<Finding> {
  const named = `${manifest.program}/${manifest.house}/${manifest.genesis_hash}`;
  const found = `${shown.program}/${shown.house}/${shown.genesisHash}`;
  if (named !== found) {
    const message = `it is of ${named} (program/house/genesis), the chain has ${found}`;
    yield { kind: 'foreign-house', subject: MANIFEST_FILE, message };
  }
  if (key !== undefined && !shown.receiptKeys.includes(key)) {
    const message = `${key} signed, and the house's receipt keys are ${shown.receiptKeys.join(' and ')}`;
    yield { kind: 'foreign-signature', subject: SIGNATURE_FILE, message };
  }
}

function* checkNames(directory: string, manifest: Manifest): Generator<Finding> {
  const known = new Set([MANIFEST_FILE, SIGNATURE_FILE, ...manifest.files.map(({ name }) => name)]);
  for (const name of readdirSync(directory).sort()) {
    if (!known.has(name)) yield { kind: 'file-added', subject: name, message: 'the manifest does not know it' };
  }
}

async function checkFile(directory: string, file: ManifestFile, manifest: Manifest): Promise<Finding[]> {
  const path = join(directory, file.name);
  const subject = file.name;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) return [{ kind: 'file-missing', subject, message: 'it is not there, or no regular file' }];
  if (stat.size !== file.bytes) {
    return [{ kind: 'file-changed', subject, message: `it has ${stat.size} bytes, the manifest says ${file.bytes}` }];
  }
  const sha256 = await hashOf(path);
  if (sha256 !== file.sha256) {
    return [{ kind: 'file-changed', subject, message: `its SHA-256 is ${sha256}, the manifest says ${file.sha256}` }];
  }
  const layout = TABLES.find(({ name }) => name === file.table) as TableLayout;
  try {
    return await checkRows(path, layout, { file, manifest });
  } catch (error) {
    return [{ kind: 'file-malformed', subject, message: messageOf(error) }];
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** Reads the rows back and adds them up anew. */
async function checkRows(
  path: string,
  layout: TableLayout,
  { file, manifest }: { file: ManifestFile; manifest: Manifest },
): Promise<Finding[]> {
  const sums = new Summing(layout);
  let count = 0;
  for await (const rows of FORMATS[manifest.format].rows(layout, path)) {
    count += rows.length;
    for (const row of rows) sums.add(row);
  }
  const findings: Finding[] = [];
  if (count !== file.rows) {
    findings.push({ kind: 'rows-differ', subject: file.name, message: `it has ${count} rows, the manifest says ${file.rows}` });
  }
  const stated = manifest.totals[layout.name] ?? {};
  for (const [name, total] of Object.entries(sums.totals)) {
    if (stated[name] === total) continue;
    const message = `its rows add up to ${total}, the manifest says ${String(stated[name])}`;
    findings.push({ kind: 'totals-differ', subject: `${layout.name}.${name}`, message });
  }
  return findings;
}

/** What one file says and another has to say too. */
function* checkTies({ totals, files }: Manifest): Generator<Finding> {
  const rowsOf = (table: string) => files.find((file) => file.table === table)?.rows.toString();
  const ties = [
    { subject: 'batches.bets', one: totals.batches?.bets, other: totals.batch_runs?.bets, what: 'the runs have' },
    { subject: 'batches.vaults', one: totals.batches?.vaults, other: rowsOf('batch_runs'), what: 'the rows of runs are' },
  ];
  for (const { subject, one, other, what } of ties) {
    if (one !== other) yield { kind: 'totals-differ', subject, message: `the batches have ${one}, ${what} ${other}` };
  }
}
