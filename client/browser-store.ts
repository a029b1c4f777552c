import { ClientError } from './errors.ts';
import type { ClientStore } from './store.ts';

const DEFAULT_NAME = 'zk-casino';
const VALUES = 'values';

/**
 * A store in the browser's IndexedDB, shared by all tabs of one origin. `put` resolves once the browser has flushed the value to disk
 * (`durability: 'strict'`), and `withLock` holds across tabs through Web Locks: a tab that crashes or is closed lets go of its locks.
 */
export class BrowserStore implements ClientStore {
  /**
   * Whether the browser has promised not to clear the store when it runs short of space. If not, ask the user to allow it or to install
   * the page: a vault whose store is gone can not bet any more, only withdraw.
   */
  readonly persistent: boolean;
  readonly #database: IDBDatabase;
  readonly #name: string;

  private constructor(name: string, input: { database: IDBDatabase; persistent: boolean }) {
    this.#name = name;
    this.#database = input.database;
    this.persistent = input.persistent;
    // Another tab is deleting or upgrading the database: in its way nothing could be written any more.
    input.database.addEventListener('versionchange', () => input.database.close());
  }

  /**
   * Opens or creates the store of this origin with this name. `STORE_UNAVAILABLE` where the browser gives no durable storage or no
   * locks: in some private windows, with storage blocked, or on a page that is neither `https:` nor on localhost.
   */
  static async open(name: string = DEFAULT_NAME): Promise<BrowserStore> {
    if (globalThis.indexedDB === undefined) throw unavailable('this browser or window keeps no IndexedDB');
    if (globalThis.navigator?.locks === undefined) {
      throw unavailable('this page has no Web Locks, which need https or localhost: two tabs could sign one bet number');
    }
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(VALUES);
    const database = await asking(opening, 'the IndexedDB could not be opened; private windows and blocked storage are reasons');
    return new BrowserStore(name, { database, persistent: await persistence() });
  }

  async get(key: string): Promise<string | undefined> {
    const value: unknown = await asking(this.#values('readonly').get(key), 'the store could not be read');
    return typeof value === 'string' ? value : undefined;
  }

  async put(key: string, value: string): Promise<void> {
    const values = this.#values('readwrite');
    const { transaction } = values;
    const flushed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(unavailable('the store could not be written: is the disk full?', transaction.error));
    });
    values.put(value, key);
    transaction.commit();
    await flushed;
  }

  async withLock<T>(name: string, action: () => Promise<T>): Promise<T> {
    // The type of `request` forgets that the action's promise is awaited.
    return (await navigator.locks.request(`${this.#name}/${name}`, action)) as T;
  }

  /** Lets go of the database; calls after this are `STORE_UNAVAILABLE`. */
  close(): void {
    this.#database.close();
  }

  #values(mode: 'readonly' | 'readwrite'): IDBObjectStore {
    try {
      return this.#database.transaction(VALUES, mode, { durability: 'strict' }).objectStore(VALUES);
    } catch (cause) {
      throw unavailable('the store is closed: the page or another tab has closed or deleted it; load the page again', cause);
    }
  }
}

/** Asks to be kept when space runs short. Some browsers ask the user, some decide by how the site is used. */
async function persistence(): Promise<boolean> {
  try {
    return await navigator.storage.persist();
  } catch {
    return false;
  }
}

function asking<T>(request: IDBRequest<T>, failure: string): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(unavailable(failure, request.error));
  });
}

function unavailable(message: string, cause?: unknown): ClientError {
  return new ClientError('STORE_UNAVAILABLE', message, { cause });
}
