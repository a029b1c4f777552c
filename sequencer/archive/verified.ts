import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { domainOf } from '../../protocol/account.ts';
import { toHex } from '../../protocol/bytes.ts';
import { hasReceipt, receiptMessage } from '../admission/receipts.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { ArchiveRecord, BetRecord } from '../ledger/records.ts';
import { checkArchive } from './check.ts';
import type { ArchiveFiles } from './files.ts';
import { type ArchiveOrigin, encodeBet } from './format.ts';
import { identityBytes } from './origin.ts';
import { archiveName } from './writer.ts';

/** SPKI wrapping of a raw ed25519 key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const RANGES_A_STEP = 256;

/** What is wrong with one archive. */
export interface ArchiveFinding {
  file: string;
  code: 'ARCHIVE_MISSING' | 'ARCHIVE_CORRUPT';
  /** In words. */
  reason: string;
}

export interface VerifyOptions {
  read: LedgerReader;
  files: ArchiveFiles;
  /** The house's, 32 bytes. */
  receiptKey: Uint8Array;
  /** How many bets have been verified. */
  onProgress(bets: number): void;
}

/**
 * Reads all archives of a ledger in full: that each file is what the ledger registered, that every bet that has left the ledger lies where it
 * says, that a bet which is in both is the same, and that each receipt is signed by the house's key for this house. The service may run.
 */
export async function verifyArchives(
  options: VerifyOptions,
): Promise<{ archives: number; bets: number; findings: ArchiveFinding[] }> {
  const { read, files } = options;
  const key = Buffer.concat([SPKI_PREFIX, options.receiptKey]);
  const receiptKey = createPublicKey({ key, format: 'der', type: 'spki' });
  const findings: ArchiveFinding[] = [];
  let [archives, bets] = [0, 0];
  for (const record of read.archives.list()) {
    const name = archiveName(record);
    const file = files.open(name);
    if (!file) {
      const reason = 'there is no such file';
      if (record.state !== 'Restored') findings.push({ file: name, code: 'ARCHIVE_MISSING', reason });
      continue;
    }
    try {
      const rows = new VerifiedRows({ read, record, receiptKey });
      const onRows = (some: BetRecord[], firstRow: number) => {
        for (const [at, bet] of some.entries()) rows.verify(bet, firstRow + at);
        bets += some.length;
        options.onProgress(bets);
      };
      const origin = await checkArchive({ file, record, onRows, pause: async () => {} });
      rows.end(origin);
      archives += 1;
    } catch (error) {
      if (error instanceof CasinoError) throw error;
      findings.push({ file: name, code: 'ARCHIVE_CORRUPT', reason: messageOf(error) });
    } finally {
      file.close();
    }
  }
  return { archives, bets, findings };
}

/** The bets of one archive against the ledger. Everything that does not hold is thrown, in words. */
class VerifiedRows {
  readonly #read: LedgerReader;
  readonly #record: ArchiveRecord;
  readonly #receiptKey: KeyObject;
  readonly #context: { domain: bigint; house: Uint8Array };
  readonly #identity: Uint8Array;
  #moved = 0;

  constructor({ read, record, receiptKey }: { read: LedgerReader; record: ArchiveRecord; receiptKey: KeyObject }) {
    this.#read = read;
    this.#record = record;
    this.#receiptKey = receiptKey;
    this.#identity = identityBytes(read);
    this.#context = { house: this.#identity.subarray(32, 64), domain: domainOf(this.#identity.subarray(64)) };
  }

  verify(bet: BetRecord, row: number): void {
    const { vault, betNumber } = bet;
    const name = `bet ${betNumber} of vault ${toHex(vault)}`;
    // In this order: a bet leaves the ledger at the moment in which its range is there.
    const hot = this.#read.hotBets(vault, { first: betNumber, last: betNumber })[0];
    if (!hot) {
      const range = this.#read.archives.rangeOf(vault, betNumber);
      const isHere =
        range?.archiveNumber === this.#record.archiveNumber && range.firstRow + Number(betNumber - range.firstBet) === row;
      if (!isHere) throw new Error(`${name} is neither in the ledger, nor does it look for it in row ${row}`);
      this.#moved += 1;
    } else if (!encodeBet(hot).equals(encodeBet(bet))) throw new Error(`${name} is another one in the ledger`);
    if (!hasReceipt(bet)) return;
    const message = receiptMessage({ context: { ...this.#context, vault } }, bet);
    if (!verify(null, message, this.#receiptKey, bet.receiptSignature)) {
      throw new Error(`the receipt of ${name} is not signed with this key for this house`);
    }
  }

  end({ ledgerId, identity }: ArchiveOrigin): void {
    if (toHex(ledgerId) !== this.#read.meta('ledger') || toHex(identity) !== toHex(this.#identity)) {
      throw new Error('it names another ledger or house');
    }
    const { archiveNumber, state } = this.#record;
    if (state !== 'Moved') return;
    let looked = 0;
    for (let fromRow = 0; ; ) {
      const ranges = this.#read.archives.ranges(archiveNumber, { fromRow, limit: RANGES_A_STEP });
      for (const { firstBet, lastBet } of ranges) looked += Number(lastBet - firstBet) + 1;
      const last = ranges.at(-1);
      if (!last || ranges.length < RANGES_A_STEP) break;
      fromRow = last.firstRow + 1;
    }
    if (looked !== this.#moved) throw new Error(`the ledger looks for ${looked} bets in it, and it has ${this.#moved}`);
  }
}
