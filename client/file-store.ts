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

  private constructor(directory: string, lock: DatabaseSync) {
    this.#directory = directory;
    this.#lock = lock;
  }

  /** Opens or creates the store's folder, readable by its owner alone. */
  static async open(directory: string): Promise<FileStore> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new FileStore(resolve(directory), lockFile(join(directory, 'lock')));
  }

  async get(key: string): Promise<string | undefined> {
    try {
      return await readFile(this.#pathOf(key), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Writes of one key wait for each other, so no two share a temporary file. */
  put(key: string, value: string): Promise<void> {
    const path = this.#pathOf(key);
    return this.#mutexes.run(`put/${key}`, async () => {
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
    });
  }

  withLock<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.#mutexes.run(`lock/${name}`, action);
  }

  /** Lets another process open the folder. */
  close(): void {
    this.#lock.close();
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
