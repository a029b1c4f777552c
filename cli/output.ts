/** Where a command says what it is doing: one line that is written over on a terminal, plain lines elsewhere. */
export class Output {
  readonly #stream: NodeJS.WriteStream;
  readonly #nowMs: () => number;
  #open = false;
  #lastPlainMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, nowMs: () => number = Date.now) {
    this.#stream = stream;
    this.#nowMs = nowMs;
  }

  /** A line that stays. */
  line(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  /** How far a step has come: replaces the last one on a terminal, and is told every few seconds elsewhere. */
  progress(text: string): void {
    if (this.#stream.isTTY) {
      this.#clear();
      this.#stream.write(text.slice(0, Math.max(20, this.#stream.columns - 1)));
      this.#open = true;
      return;
    }
    if (this.#nowMs() - this.#lastPlainMs < PLAIN_PROGRESS_MS) return;
    this.#lastPlainMs = this.#nowMs();
    this.#stream.write(`  ${text}\n`);
  }

  /** How far long work has come, as a bar. `total` undefined: not known, so only what is done is shown. */
  bar(input: { label: string; done: number; total: number | undefined }): void {
    const { label, done, total } = input;
    if (total === undefined) return this.progress(`${label} ${done}`);
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const filled = Math.floor(share * BAR_CELLS);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}`;
    this.progress(`${label} ${bar} ${Math.floor(100 * share)} % (${done} of ${total})`);
  }

  /** Takes the unfinished line away. */
  end(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#open) this.#stream.write('\r\u001b[K');
    this.#open = false;
  }
}

/** Between two progress lines where none can be written over. */
const PLAIN_PROGRESS_MS = 5_000;
const BAR_CELLS = 24;
