import type { Clock } from '../sequencer/clock.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** The wall clock at virtual time 0. */
export const EPOCH_MS = 1_790_000_000_000;

/**
 * One life of a process: what it waits for comes only while it lives, and once it is dead it does nothing more, not even in the
 * middle of a step. What it has handed to the disk or the network by then goes its own way.
 */
export class Life {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #onDeath: (reason: string) => void;
  #alive = true;
  #actsLeft = Number.POSITIVE_INFINITY;

  constructor(options: { name: string; scheduler: Scheduler; random: Random; onDeath(reason: string): void }) {
    this.name = options.name;
    this.#scheduler = options.scheduler;
    this.#random = options.random;
    this.#onDeath = options.onDeath;
  }

  get alive(): boolean {
    return this.#alive;
  }

  die(reason: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#scheduler.trace(`${this.name}: dies, ${reason}`);
    this.#onDeath(reason);
  }

  /** Has the process die at one of its next acts, before it does it. */
  dieAfterActs(acts: number): void {
    this.#actsLeft = Math.min(this.#actsLeft, acts);
  }

  /** Says whether the process lives on to do this, its next act. */
  act(): boolean {
    if (!this.#alive) return false;
    this.#actsLeft -= 1;
    if (this.#actsLeft < 0) this.die('in the middle of a step');
    return this.#alive;
  }

  /** What `answer` gives after a while; never, if the process is dead by then. */
  wait<T>(delayMs: number, name: string, answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.act()) return;
      this.#scheduler.after(delayMs, name, () => {
        if (!this.#alive) return;
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Its clock, and its chance. */
  readonly clock: Clock = {
    nowMs: () => EPOCH_MS + this.#scheduler.nowMs,
    random: () => this.#random.fraction(),
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        this.#scheduler.after(durationMs, 'sleep', () => {
          if (this.#alive) resolve();
        });
      }),
  };
}
