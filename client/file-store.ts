import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ClientError } from './errors.ts';
import { type ClientStore, Mutexes } from './store.ts';

const KEY = /^[a-zA-Z0-9._-]{1,120}(\/[a-zA-Z0-9._-]{1,120}){0,5}$/;

/**
 * A store of one file a key, for Node. A value is written beside, synced and renamed over the old one, so a crash leaves the old or
 * the whole new one. One process at a time has the folder open (`STORE_LOCKED`).
 */
export class FileStore implements ClientStore {
  readonly #directory: string;
  readonly #lock: DatabaseSync;
  readonly #mutexes = new Mutexes();
  /** Folders whose own entries are known to be durable. */
  readonly #rooted = new Set<string>();
  /** What was begun before the store was closed; its own calls are still served. */
  readonly #running = new Set<Promise<unknown>>();
  readonly #inside = new AsyncLocalStorage<boolean>();
  #closed: Promise<void> | undefined;

  private constructor(directory: string, lock: DatabaseSync) {
    this.#directory = directory;
    this.#lock = lock;
  }

  /** Opens or creates the store's folder, readable by its owner alone. */
  static async open(directory: string): Promise<FileStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new FileStore(resolve(directory), lockFile(join(directory, 'lock')));
  }

  get(key: string): Promise<string | undefined> {
    return this.#whileOpen(() => readIfThere(this.#pathOf(key)));
  }

  /** Writes of one key wait for each other, so no two share a temporary file. */
  put(key: string, value: string): Promise<void> {
    const path = this.#pathOf(key);
    return this.#whileOpen(() => this.#mutexes.run(`put/${key}`, () => this.#write(path, value)));
  }

  withLock<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.#whileOpen(() => this.#mutexes.run(`lock/${name}`, action));
  }

  /**
   * Takes no further calls (`STORE_LOCKED`) and, once those that were made before have ended, lets another process open the folder:
   * at once if there are none, else when `closed` resolves.
   */
  close(): void {
    this.#closed ??= this.#release();
  }

  /** Resolves when a store that was told to close has let go of its folder. Not to be awaited under one of its locks. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  async #release(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    this.#lock.close();
  }

  /** Runs an action unless the store is closed; one that runs inside an earlier action belongs to it. */
  async #whileOpen<T>(action: () => Promise<T>): Promise<T> {
    if (this.#closed && !(this.#inside.getStore() && this.#running.size > 0)) {
      throw new ClientError('STORE_LOCKED', 'the store is closed');
    }
    const running = this.#inside.run(true, action);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #write(path: string, value: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(value);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await this.#syncFolder(dirname(path));
  }

  /** Makes a new entry durable, and on the folder's first use those that lead to it. */
  async #syncFolder(folder: string): Promise<void> {
    await syncFolder(folder);
    if (this.#rooted.has(folder)) return;
    for (let above = folder; above !== this.#directory; ) {
      above = dirname(above);
      await syncFolder(above);
    }
    this.#rooted.add(folder);
  }

  #pathOf(key: string): string {
    if (!KEY.test(key) || key.split('/').some((part) => /^\.+$/.test(part))) throw new TypeError(`not a key: ${key}`);
    return `${join(this.#directory, ...key.split('/'))}.json`;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Holds an operating-system lock until closed or until the process ends, however it ends: an exclusive SQLite transaction, because
 * Node has no file lock of its own and a file with a process id in it outlives a `kill -9`.
 */
function lockFile(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database.close();
    throw new ClientError('STORE_LOCKED', 'another process has this store open', { cause });
  }
}
