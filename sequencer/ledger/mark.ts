import { closeSync, constants, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { CasinoError } from '../errors.ts';
import { sealOf } from './seals.ts';

/**
 * How many commits a ledger has seen, in a file beside it: a write-ahead log that was cut or damaged is read by SQLite as a shorter
 * one, without an error, and the chain does not know of the bets that were in it. Two slots of a sector each, written in turn, so that
 * a torn write leaves the other: magic (8) | ledger's id (16) | commits u64 | seal (8).
 */
const MAGIC = Buffer.from('ZKCMARK1', 'latin1');
const SLOT_BYTES = 512;
const ID_BYTES = 16;
const COMMITS_AT = MAGIC.length + ID_BYTES;
const SEAL_AT = COMMITS_AT + 8;
/**
 * The mark is written before a commit is answered, and synced this often: what a killed process has written, the kernel still holds;
 * only a power cut can take the last second of it, and only the mark's.
 */
const SYNC_EVERY_MS = 1_000;

/** The mark of one ledger, open for as long as its writer is. */
export class CommitMark {
  readonly #file: number;
  readonly #id: Uint8Array;
  readonly #nowMs: () => number;
  #syncedAtMs: number;

  private constructor(file: number, id: Uint8Array, nowMs: () => number) {
    this.#file = file;
    this.#id = id;
    this.#nowMs = nowMs;
    this.#syncedAtMs = nowMs();
  }

  /** Opens or creates the mark at `path` of a ledger that has been compared with it. */
  static open(path: string, ledger: Counted, nowMs: () => number): CommitMark {
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    const mark = new CommitMark(file, ledger.id, nowMs);
    mark.write(ledger.commits);
    fdatasyncSync(file);
    return mark;
  }

  /** Records that the ledger holds so many commits. */
  write(commits: bigint): void {
    const slot = Buffer.alloc(SLOT_BYTES);
    MAGIC.copy(slot);
    slot.set(this.#id, MAGIC.length);
    slot.writeBigUInt64LE(commits, COMMITS_AT);
    slot.writeBigInt64LE(sealOf('mark', [slot.subarray(0, SEAL_AT)]), SEAL_AT);
    const written = writeSync(this.#file, slot, 0, SLOT_BYTES, Number(commits % 2n) * SLOT_BYTES);
    if (written !== SLOT_BYTES) throw new Error('the mark beside the ledger was written in part');
    if (this.#nowMs() - this.#syncedAtMs < SYNC_EVERY_MS) return;
    fdatasyncSync(this.#file);
    this.#syncedAtMs = this.#nowMs();
  }

  close(): void {
    fdatasyncSync(this.#file);
    closeSync(this.#file);
  }
}

/** A ledger's id and how many commits it holds, or held. */
interface Counted {
  id: Uint8Array;
  commits: bigint;
}

/**
 * Compares a ledger with the mark at `path`. `LEDGER_STALE` if the ledger has lost commits, or if the mark is gone or another ledger's: the
 * ledger may then be an old copy.
 */
export function assertNoneLost(path: string, ledger: Counted): void {
  const slots = readMark(path);
  if (slots === undefined && ledger.commits > 0n) {
    throw new CasinoError('LEDGER_STALE', `${path} is missing: the ledger may be an old copy without it`);
  }
  if ((slots ?? []).length === 0 && ledger.commits === 0n) return;
  const own = (slots ?? []).filter(({ id }) => Buffer.from(id).equals(ledger.id));
  if (own.length === 0) {
    const what = slots?.length ? 'is the mark of another ledger' : 'is damaged';
    throw new CasinoError('LEDGER_STALE', `${path} ${what}: nothing shows that this ledger is the newest`);
  }
  const commits = own.reduce((most, slot) => (slot.commits > most ? slot.commits : most), 0n);
  if (commits > ledger.commits) {
    const lost = `the ledger has lost its last ${commits - ledger.commits} commits of ${commits}`;
    throw new CasinoError('LEDGER_STALE', `${lost}: its write-ahead log was cut or damaged, or it is an old copy`);
  }
}

/** The slots that hold; undefined where there is no mark. */
function readMark(path: string): Counted[] | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  return [0, 1].flatMap((index) => {
    const slot = bytes.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES);
    if (slot.length < SLOT_BYTES || !slot.subarray(0, MAGIC.length).equals(MAGIC)) return [];
    if (slot.readBigInt64LE(SEAL_AT) !== sealOf('mark', [slot.subarray(0, SEAL_AT)])) return [];
    return [{ id: slot.subarray(MAGIC.length, COMMITS_AT), commits: slot.readBigUInt64LE(COMMITS_AT) }];
  });
}
