/** Lines of a trace that are kept for a failure's report. */
const KEPT_LINES = 400;
/** 2^53 is out of reach: FNV-1a over 32 bits, twice, with different bases. */
const FNV_PRIME = 0x01000193;

interface Event {
  atMs: number;
  order: number;
  name: string;
  act(): void;
}

/**
 * Virtual time: events in order of their time, and of their making where the times are equal. Between two events everything that
 * the first set off has run to its next wait, so the order of all that happens follows from the seed alone.
 */
export class Scheduler {
  nowMs = 0;
  events = 0;
  readonly lines: string[] = [];
  readonly #heap: Event[] = [];
  readonly #onLine: ((line: string) => void) | undefined;
  #order = 0;
  #hashA = 0x811c9dc5;
  #hashB = 0x050c5d1f;

  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Has something happen after a while. */
  after(delayMs: number, name: string, act: () => void): void {
    this.#order += 1;
    this.#push({ atMs: this.nowMs + Math.max(0, Math.round(delayMs)), order: this.#order, name, act });
  }

  sleep(durationMs: number, name: string): Promise<void> {
    return new Promise((resolve) => this.after(durationMs, name, resolve));
  }

  /** Writes a line of the trace: every line counts for the hash. */
  trace(text: string): void {
    const line = `${(this.nowMs / 1_000).toFixed(3)} ${text}`;
    for (let index = 0; index < line.length; index += 1) {
      const code = line.charCodeAt(index);
      this.#hashA = Math.imul(this.#hashA ^ code, FNV_PRIME);
      this.#hashB = Math.imul(this.#hashB ^ code, FNV_PRIME) + index;
    }
    this.lines.push(line);
    if (this.lines.length > 2 * KEPT_LINES) this.lines.splice(0, KEPT_LINES);
    this.#onLine?.(line);
  }

  /** The same for the same trace. */
  get hash(): string {
    return [this.#hashA, this.#hashB].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /** Runs until the condition holds, or the time is over; says whether it holds. */
  async run(until: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.nowMs + limitMs;
    while (!until()) {
      const next = this.#heap[0];
      if (!next || next.atMs > endMs) return false;
      this.#pop();
      this.nowMs = next.atMs;
      this.events += 1;
      next.act();
      await settled();
    }
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent] as Event, event)) break;
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as Event)) child += 1;
      if (isBefore(last, heap[child] as Event)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Resolves when all that is ready to run has run: promises and `nextTick` first, then this. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
