import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Archiver, type ArchiverOptions } from '../archive/archiver.ts';
import { ArchiveDirectory } from '../archive/files.ts';
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';
import { Ledger, type LedgerPort } from '../ledger/ledger.ts';
import type { BatchRecord, BetRecord, LedgerEntry, RunRecord } from '../ledger/records.ts';

/** Bytes that do not compress, the same for the same name. */
const bytesOf = (name: string, length: number): Uint8Array => {
  const parts = Array.from({ length: Math.ceil(length / 64) }, (_, index) => hash('sha512', `${name} ${index}`, 'buffer'));
  return new Uint8Array(Buffer.concat(parts).subarray(0, length));
};

export const vaultBytes = (index: number): Uint8Array => bytesOf(`vault ${index}`, 32);

/** A bet as it might be: what is random in a real one is here. */
export function archivedBet(vaultIndex: number, betNumber: bigint, timeMs = 1_000n + betNumber): BetRecord {
  const name = `bet ${vaultIndex} ${betNumber}`;
  return {
    vault: vaultBytes(vaultIndex),
    betNumber,
    termsId: 1,
    stakeUnits: 5n + (betNumber % 7n),
    choice: betNumber % 2n === 0n ? 1 : 0,
    clientSeed: bytesOf(`${name} client`, 32),
    head: headOf(vaultIndex, betNumber),
    sessionKey: bytesOf(`session ${vaultIndex}`, 64),
    signature: bytesOf(`${name} signature`, 96),
    serverSeed: fieldOf(`${name} server`),
    outcome: betNumber % 3n === 0n ? 1 : 0,
    payout: (1n << 64n) - betNumber,
    balanceAfter: 1_000_000_000n - 50_000n * betNumber,
    cumulativeDelta: -50_000n * betNumber,
    timeMs,
    receiptSignature: bytesOf(`${name} receipt`, 64),
  };
}

export const headOf = (vaultIndex: number, betNumber: bigint): Uint8Array => fieldOf(`head ${vaultIndex} ${betNumber}`);

/** A field element. */
function fieldOf(name: string): Uint8Array {
  const bytes = bytesOf(name, 32);
  bytes[0] = (bytes[0] as number) & 0x1f;
  return bytes;
}

/** A real ledger with bets that settle at once, and an archiver over it whose clock does not wait. */
export class ArchiveWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'archive-'));
  readonly path = join(this.directory, 'ledger.db');
  readonly files = new ArchiveDirectory(join(this.directory, 'archive'));
  readonly failures: Error[] = [];
  readonly logged: { level: string; message: string }[] = [];
  ledger!: Ledger;
  nowMs = 1_000_000;
  /** Signs receipts, where a test wants real ones. */
  signReceipt: ((bet: BetRecord) => Uint8Array) | undefined;
  /** The hash of a batch's blob, where a test has some. */
  blobHash: (batchNumber: bigint) => Uint8Array = () => new Uint8Array(32);
  readonly #lastBet = new Map<number, bigint>();
  #lastBatch = 0n;

  readonly clock: Clock = {
    nowMs: () => this.nowMs,
    sleep: (durationMs, signal) => SYSTEM_CLOCK.sleep(durationMs > 100 ? durationMs : 0, signal),
    random: () => 0.5,
  };

  async open(): Promise<this> {
    this.ledger = await Ledger.open({ path: this.path, onFailure: (error) => this.failures.push(error) });
    return this;
  }

  async reopen(): Promise<void> {
    await this.ledger.close().catch(() => {});
    await this.open();
  }

  async close(): Promise<void> {
    await this.ledger.close().catch(() => {});
    rmSync(this.directory, { recursive: true, force: true });
  }

  get read() {
    return this.ledger.read;
  }

  lastBet(vaultIndex: number): bigint {
    return this.#lastBet.get(vaultIndex) ?? 0n;
  }

  /** Places the next bets of a vault; they settle nowhere yet. */
  async place(vaultIndex: number, count: number): Promise<void> {
    const vault = vaultBytes(vaultIndex);
    const entries: LedgerEntry[] = [];
    if (!this.#lastBet.has(vaultIndex)) {
      const start = { lastBet: 0n, head: vault, cumulativeDelta: 0n, lastTerms: 0, batchedThrough: 0n, finalizedThrough: 0n };
      entries.push({ kind: 'vault', vault: { vault, owner: bytesOf(`owner ${vaultIndex}`, 32), accountId: vault, ...start } });
    }
    for (let index = 0; index < count; index += 1) {
      const betNumber = this.lastBet(vaultIndex) + 1n;
      this.#lastBet.set(vaultIndex, betNumber);
      const bet = archivedBet(vaultIndex, betNumber);
      if (this.signReceipt) bet.receiptSignature = this.signReceipt(bet);
      entries.push({ kind: 'bet', bet });
    }
    await this.ledger.commit(entries);
  }

  /** Puts the vaults' bets that are in no batch into one; `final`: the chain has settled it by now. */
  async batch(vaults: readonly number[], options: { final: boolean } = { final: true }): Promise<bigint> {
    this.#lastBatch += 1n;
    const batchNumber = this.#lastBatch;
    const runs = vaults.flatMap((index, slot): RunRecord[] => {
      const record = this.read.vault(vaultBytes(index));
      if (!record || record.batchedThrough === record.lastBet) return [];
      const firstBet = record.batchedThrough + 1n;
      const amounts = { start: 0n, consume: 0n, after: 0n, keySlot: 0 as const, payRequest: false };
      return [{ slot, vault: record.vault, firstBet, betCount: Number(record.lastBet - record.batchedThrough), ...amounts }];
    });
    const betCount = runs.reduce((sum, run) => sum + run.betCount, 0);
    const shape = { batchNumber, state: 'Pending' as const, termsId: 1, vkId: 1, size: 'large', betCount, attempt: 0, runs };
    const content = {
      blobHash: this.blobHash(batchNumber),
      outcomes: new Uint8Array(8),
      createdAtMs: this.nowMs,
      updatedAtMs: this.nowMs,
    };
    const batch: BatchRecord = { ...shape, ...content };
    await this.ledger.commit([{ kind: 'batch-created', batch }]);
    if (options.final) await this.finalize(batch);
    return batchNumber;
  }

  async finalize({ batchNumber, runs }: Pick<BatchRecord, 'batchNumber' | 'runs'>): Promise<void> {
    const settled = runs.map(({ vault, firstBet, betCount }): LedgerEntry => {
      return { kind: 'settled-through', vault, betNumber: firstBet + BigInt(betCount) - 1n };
    });
    const moved = {
      kind: 'batch-moved',
      batchNumber,
      from: 'Pending',
      to: 'Finalized',
      reason: 'test',
      timeMs: this.nowMs,
    } as const;
    await this.ledger.commit([{ ...moved, attempt: 1, progress: { finalizedAtMs: this.nowMs } }, ...settled]);
  }

  /** Bets of vaults 0 .. vaults-1, `rounds` times `each` of each, all settled, one batch a round. */
  async history(options: { vaults: number; rounds: number; each: number }): Promise<void> {
    const vaults = Array.from({ length: options.vaults }, (_, index) => index);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const index of vaults) await this.place(index, options.each);
      await this.batch(vaults);
    }
  }

  archiver(change: Partial<ArchiverOptions> = {}): Archiver {
    const line = (level: string) => (_: unknown, message: string) => void this.logged.push({ level, message });
    const log = { info: line('info'), warn: line('warn'), error: line('error') } as unknown as ArchiverOptions['log'];
    const { ledger, files, clock } = this;
    return new Archiver({ ledger, files, archiveAfterMs: 1_000, clock, log, leastBets: 1, ...change });
  }

  /** Moves all that is due after so long. */
  async archiveAll(change: Partial<ArchiverOptions> = {}): Promise<void> {
    this.nowMs += 10_000;
    const archiver = this.archiver(change);
    while (await archiver.run());
  }

  /** Rows of bets in the ledger itself. */
  hotCount(): number {
    return [...this.#lastBet.keys()].reduce((sum, index) => sum + this.hotNumbers(index).length, 0);
  }

  hotNumbers(vaultIndex: number): bigint[] {
    return this.read.hotBets(vaultBytes(vaultIndex), { first: 1n, last: 1_000_000n }).map(({ betNumber }) => betNumber);
  }

  /** Throws unless every bet there ever was is answered as it was given, by number, by head and in a range. */
  assertAll(equal: (found: unknown, expected: unknown, message: string) => void): void {
    for (const [index, last] of this.#lastBet) {
      const expected = Array.from({ length: Number(last) }, (_, at) => archivedBet(index, BigInt(at) + 1n));
      equal(this.read.bets(vaultBytes(index), { first: 1n, last: last + 5n }), expected, `the bets of vault ${index}`);
      for (const bet of expected) {
        equal(this.read.bet(bet.vault, bet.betNumber), bet, `bet ${bet.betNumber} of vault ${index}`);
        equal(this.read.betByHead(bet.head), bet, `bet ${bet.betNumber} of vault ${index} by its head`);
      }
    }
  }

  /** Throws if a bet is both in the ledger and in a range, or in neither. */
  assertInOnePlace(equal: (found: unknown, expected: unknown, message: string) => void): void {
    for (const [index, last] of this.#lastBet) {
      const hot = new Set(this.hotNumbers(index));
      for (let betNumber = 1n; betNumber <= last; betNumber += 1n) {
        const archived = this.read.archives.rangeOf(vaultBytes(index), betNumber) !== undefined;
        equal(hot.has(betNumber) !== archived, true, `bet ${betNumber} of vault ${index} is in one place`);
      }
    }
  }
}

/** A ledger whose n-th commit from now fails as a crash would: nothing of it is written, and nothing comes after it. */
export function dyingLedger(ledger: Ledger, crashAt: { acts: number }): LedgerPort {
  const { read } = ledger;
  return {
    read,
    backlog: 0,
    commit: async (entries) => {
      crashAt.acts -= 1;
      if (crashAt.acts < 0) throw new Error('the process is dead');
      await ledger.commit(entries);
    },
  };
}
