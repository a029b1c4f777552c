import { DatabaseSync } from 'node:sqlite';
import { blobHashOf } from '../protocol/blob.ts';
import { toHex } from '../protocol/bytes.ts';
import type { ArchiveFile, ArchiveFiles } from '../sequencer/archive/files.ts';
import { LedgerWriter } from '../sequencer/ledger/apply.ts';
import type { LedgerPort } from '../sequencer/ledger/ledger.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import type { LedgerEntry } from '../sequencer/ledger/records.ts';
import { prepareSchema } from '../sequencer/ledger/schema.ts';
import { keepSeals } from '../sequencer/ledger/seals.ts';
import type { Life } from './life.ts';

/** What outlives a process: the ledger as far as it is synced, its archives, and the blobs. */
export class Disk {
  readonly #database = new DatabaseSync(':memory:');
  readonly #writer: LedgerWriter;
  readonly read: LedgerReader;
  readonly blobs = new Map<string, Uint8Array>();
  /** By name, as far as they are synced. */
  readonly archives = new Map<string, Uint8Array>();

  constructor() {
    prepareSchema(this.#database);
    keepSeals(this.#database);
    this.#writer = new LedgerWriter(this.#database);
    const readOnly = () => {
      throw new Error('archives are written by a process');
    };
    const files = {
      open: (name: string) => fileOf(this.archives.get(name)),
      create: readOnly,
      clean: readOnly,
      freeBytes: readOnly,
    };
    this.read = new LedgerReader({ database: this.#database, files });
  }

  /** Makes entries durable, all of them at once. Throws where the ledger's own invariants would break. */
  commit(entries: readonly LedgerEntry[]): void {
    this.#database.exec('BEGIN');
    for (const entry of entries) this.#writer.apply(entry);
    this.#database.exec('COMMIT');
  }

  close(): void {
    this.#database.close();
  }
}

/** What befalls one group commit. */
export interface CommitFate {
  fails: boolean;
  /** Until it is durable, and from then until the process hears of it. */
  syncMs: number;
  replyMs: number;
  /** The disk answers at once and writes later: what a test uses to see that the checks notice. */
  lies: boolean;
}

interface Waiting {
  entries: LedgerEntry[];
  resolve(): void;
}

/** The ledger of one process over the simulated disk: group commits as the real one makes them, each with its fate. */
export class SimulatedLedger implements LedgerPort {
  readonly read: LedgerReader;
  readonly #disk: Disk;
  readonly #life: Life;
  readonly #fate: () => CommitFate;
  readonly #onBroken: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #committing = false;
  #backlog = 0;

  constructor(options: { disk: Disk; life: Life; fate(): CommitFate; onBroken(error: unknown): void }) {
    this.read = options.disk.read;
    this.#disk = options.disk;
    this.#life = options.life;
    this.#fate = options.fate;
    this.#onBroken = options.onBroken;
  }

  get backlog(): number {
    return this.#backlog;
  }

  commit(entries: LedgerEntry[]): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#life.act()) return;
      this.#waiting.push({ entries, resolve });
      this.#backlog += entries.length;
      if (!this.#committing) void this.#commitGroup();
    });
  }

  async #commitGroup(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const { fails, syncMs, replyMs, lies } = this.#fate();
      const written = this.#life.wait(syncMs, 'commit', () => {
        // A failed commit is final: the real process ends before anyone waiting for it runs again.
        if (fails) this.#life.die('a commit failed');
        else this.#sync(group);
      });
      if (!lies) await written;
      await this.#life.wait(replyMs, 'committed', () => {});
      for (const { entries, resolve } of group) {
        this.#backlog -= entries.length;
        resolve();
      }
    }
    this.#committing = false;
  }

  #sync(group: readonly Waiting[]): void {
    try {
      this.#disk.commit(group.flatMap(({ entries }) => entries));
    } catch (error) {
      this.#onBroken(error);
    }
  }
}

function fileOf(bytes: Uint8Array | undefined): ArchiveFile | undefined {
  const read = (offset: number, length: number) => (bytes as Uint8Array).slice(offset, offset + length);
  return bytes && { size: bytes.length, read, close: () => {} };
}

/** The archives of one process over the simulated disk; `fails` is asked before each write. What is not finished is lost with the process. */
export function simulatedArchives({ disk, life, fails }: { disk: Disk; life: Life; fails: () => boolean }): ArchiveFiles {
  return {
    open: (name) => fileOf(disk.archives.get(name)),
    create: () => {
      const parts: Uint8Array[] = [];
      return {
        append: (bytes) => {
          if (fails()) throw new Error('no space left on device');
          parts.push(bytes.slice());
        },
        finish: async (name) => {
          await life.wait(SYNC_MS, 'archive synced', () => disk.archives.set(name, new Uint8Array(Buffer.concat(parts))));
          // It is there before the process knows.
          await life.wait(1, 'archive written', () => {});
        },
        discard: () => {},
      };
    },
    clean: () => {},
    freeBytes: () => Number.POSITIVE_INFINITY,
  };
}

const SYNC_MS = 20;

/** Blobs on the simulated disk; `fails` is asked before each write. */
export function simulatedBlobs(disk: Disk, fails: () => boolean) {
  return {
    put(bytes: Uint8Array): Uint8Array {
      if (fails()) throw new Error('no space left on device');
      const hash = blobHashOf(bytes);
      disk.blobs.set(toHex(hash), bytes);
      return hash;
    },
    get(hash: Uint8Array): Uint8Array {
      const bytes = disk.blobs.get(toHex(hash));
      if (!bytes) throw new Error('no such blob');
      return bytes;
    },
  };
}
