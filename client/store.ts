/**
 * Where a bettor's signing record lives. `put` resolves only when the value survives a crash: the guarantee that no bet number is
 * signed twice rests on it. One store must not be open in two places at once, except through the same locks.
 */
export interface ClientStore {
  /** The value last put under the key, or undefined. Keys are `[a-zA-Z0-9._-]` in parts joined by `/`. */
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
  /** Runs the action alone among all with the same name. */
  withLock<T>(name: string, action: () => Promise<T>): Promise<T>;
}

/** Actions of one name run one after the other, in the order they came. */
export class Mutexes {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(name: string, action: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const mine = before.then(action, action);
    const tail = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(name, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }
}

/** A store that ends with the process: for tests and measurements, never for money. */
export class MemoryStore implements ClientStore {
  readonly #values = new Map<string, string>();
  readonly #mutexes = new Mutexes();

  async get(key: string): Promise<string | undefined> {
    return this.#values.get(key);
  }

  async put(key: string, value: string): Promise<void> {
    this.#values.set(key, value);
  }

  withLock<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.#mutexes.run(name, action);
  }
}
