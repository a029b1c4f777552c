import type { Address } from '@solana/kit';

/** An event as it is sent, JSON in UTF-8, and who may hear of it: all, or one owner and those who hear of all. */
export interface ToldEvent {
  owner: Address | undefined;
  frame: Buffer;
}

/** Why what a cursor asks for can not be told again. Append-only. */
export type GapReason = 'too_old' | 'other_process' | 'unknown';

/** `<process>-<events told so far>`. Opaque for readers. */
const CURSOR = /^([0-9a-f]{16})-(0|[1-9][0-9]{0,14})$/;

/** The newest events of this process, within a number and a size in bytes; the oldest make room. */
export class EventRing {
  readonly #epoch: string;
  readonly #limits: { events: number; bytes: number };
  /** Event n is in slot n modulo the size. */
  readonly #slots: (ToldEvent | undefined)[];
  #first = 1;
  #last = 0;
  #bytes = 0;

  /** `epoch`: 16 hex digits that no other process has. */
  constructor(epoch: string, limits: { events: number; bytes: number }) {
    this.#epoch = epoch;
    this.#limits = limits;
    this.#slots = new Array(limits.events);
  }

  /** Number of the oldest event that is kept. */
  get first(): number {
    return this.#first;
  }

  /** Number of the newest event; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The cursor of a reader that has heard of everything so far. */
  get cursor(): string {
    return `${this.#epoch}-${this.#last}`;
  }

  /** Numbers an event and keeps it. */
  add(event: object, owner: Address | undefined): ToldEvent {
    this.#last += 1;
    const frame = Buffer.from(JSON.stringify({ ...event, cursor: this.cursor }));
    const told = { owner, frame };
    this.#bytes += frame.length;
    while (this.#last - this.#first >= this.#limits.events) this.#dropFirst();
    this.#slots[this.#last % this.#limits.events] = told;
    while (this.#bytes > this.#limits.bytes && this.#first < this.#last) this.#dropFirst();
    return told;
  }

  /** Event `number`, from `first` to `last`. */
  get(number: number): ToldEvent {
    return this.#slots[number % this.#limits.events] as ToldEvent;
  }

  /** The first event after a cursor; or why it is not there; `malformed` for what was never a cursor. */
  after(cursor: string): { next: number } | { gap: GapReason } | 'malformed' {
    const match = CURSOR.exec(cursor);
    if (!match) return 'malformed';
    if (match[1] !== this.#epoch) return { gap: 'other_process' };
    const heard = Number(match[2]);
    if (heard > this.#last) return { gap: 'unknown' };
    return heard + 1 < this.#first ? { gap: 'too_old' } : { next: heard + 1 };
  }

  #dropFirst(): void {
    const slot = this.#first % this.#limits.events;
    this.#bytes -= this.#slots[slot]?.frame.length ?? 0;
    this.#slots[slot] = undefined;
    this.#first += 1;
  }
}
