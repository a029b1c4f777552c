import type { Logger } from 'pino';
import { CasinoError, messageOf } from '../errors.ts';
import type { ChainReader } from './reader.ts';
import type { ChainView } from './view.ts';

/** Longest pause while the chain does not answer. */
const MAX_PAUSE_MS = 5_000;

/** Looks at the chain every so often and hands each look on, one at a time. */
export class ChainWatcher {
  readonly #o: {
    reader: ChainReader;
    pollMs: number;
    log: Logger;
    onView(view: ChainView): Promise<void>;
    onFatal(error: CasinoError): void;
  };
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;
  #failures = 0;

  constructor(options: {
    reader: ChainReader;
    pollMs: number;
    log: Logger;
    onView(view: ChainView): Promise<void>;
    /** Called when a look shows that the service must not go on, a stale ledger say. */
    onFatal(error: CasinoError): void;
  }) {
    this.#o = options;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(
      () => {
        this.#looking = this.#look().finally(() => this.start());
      },
      Math.min(MAX_PAUSE_MS, this.#o.pollMs * 2 ** this.#failures),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      await this.#o.onView(await this.#o.reader.view());
      this.#failures = 0;
    } catch (error) {
      if (error instanceof CasinoError && !error.retry) return this.#o.onFatal(error);
      this.#failures += 1;
      this.#o.log.warn({ reason: messageOf(error) }, 'the chain could not be read, trying again');
    }
  }
}
