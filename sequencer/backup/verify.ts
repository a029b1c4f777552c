import { existsSync, readFileSync, statSync } from 'node:fs';
import { toHex } from '../../protocol/bytes.ts';
import { CasinoError } from '../errors.ts';
import { checkWholeLedger } from '../ledger/opening.ts';
import { type BackupDirectory, filesNamedBy } from './directory.ts';
import { hashOfFile, isFile } from './files.ts';
import { type BackupManifest, parseManifest, signerOf } from './manifest.ts';

/** Something of a backup that is missing or is not what was written. */
export interface BackupFinding {
  file: string;
  /** In words. */
  reason: string;
}

export interface VerifiedBackup {
  manifest: BackupManifest;
  /** The receipt key that signed it, base58; undefined if nobody has. */
  signedBy: string | undefined;
  /** Empty if all is whole. What the service lacked already when the backup was made is not among them. */
  findings: BackupFinding[];
}

/**
 * Reads a backup in full: its manifest, its ledger row by row, its keys, and every archive and blob that the ledger names. `BACKUP_DAMAGED`
 * if there is no manifest to go by.
 */
export function verifyBackup(
  directory: BackupDirectory,
  name: string,
  onProgress: (progress: { label: string; done: number; total: number }) => void,
): VerifiedBackup {
  const { manifest, signedBy } = readManifest(directory, name);
  const findings: BackupFinding[] = [];
  const check = (file: string, look: () => string | undefined) => {
    try {
      const reason = look();
      if (reason !== undefined) findings.push({ file, reason });
    } catch (error) {
      findings.push({ file, reason: (error as Error).message });
    }
  };
  const ledgerPath = directory.fileOf(name, 'ledger.db');
  check('ledger.db', () => checkLedger(ledgerPath, manifest));
  const { keys_sha256: keysHash } = manifest;
  if (keysHash !== null) check('keys.json', () => differs(directory.fileOf(name, 'keys.json'), keysHash));
  // A ledger that is not what was written names nothing.
  if (findings.some(({ file }) => file === 'ledger.db')) return { manifest, signedBy, findings };
  const files = filesNamedBy(ledgerPath);
  const lacked = new Set(manifest.missing);
  for (const [done, file] of files.entries()) {
    onProgress({ label: 'verifying archives and blobs', done, total: files.length });
    const key = `${file.folder}/${file.name}`;
    const path = directory.pooled(file);
    if (lacked.has(key) && !isFile(path)) continue;
    check(key, () => differs(path, file.sha256));
  }
  return { manifest, signedBy, findings };
}

/** A backup's manifest and who signed it. `BACKUP_DAMAGED` */
export function readManifest(directory: BackupDirectory, name: string): Pick<VerifiedBackup, 'manifest' | 'signedBy'> {
  const path = directory.fileOf(name, 'manifest.json');
  if (!existsSync(path)) throw new CasinoError('BACKUP_DAMAGED', `${path} is missing`);
  const bytes = readFileSync(path);
  const manifest = parseManifest(bytes);
  if (manifest.name !== name) throw new CasinoError('BACKUP_DAMAGED', `${path} is the manifest of ${manifest.name}`);
  const signature = directory.fileOf(name, 'signature.json');
  return { manifest, signedBy: existsSync(signature) ? signerOf(readFileSync(signature), bytes, manifest) : undefined };
}

function checkLedger(path: string, { ledger }: BackupManifest): string | undefined {
  const wrong = differs(path, ledger.sha256);
  if (wrong !== undefined) return wrong;
  const { id, commits } = checkWholeLedger(path);
  const same = toHex(id) === ledger.id && commits.toString() === ledger.commits && statSync(path).size === ledger.bytes;
  return same ? undefined : 'it is not the ledger of the manifest';
}

function differs(path: string, sha256: string): string | undefined {
  const found = hashOfFile(path);
  if (found === sha256) return undefined;
  return found === undefined ? 'it is missing' : 'it is not what was written';
}
