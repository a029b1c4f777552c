export interface Size {
  columns: number;
  rows: number;
}

const OPEN = '\u001b[?1049h\u001b[?25l';
const CLOSE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

/** A view on a terminal's other screen, written over line by line; closing it brings back what was there. */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  #resized: (() => void) | undefined;
  #open = false;
  /** A process that ends by an error leaves the terminal as it was too. */
  readonly #onExit = () => this.close();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  open(): void {
    this.#open = true;
    process.once('exit', this.#onExit);
    this.#stream.write(OPEN);
  }

  /** Calls back whenever the terminal has another size. */
  onResize(callback: () => void): void {
    this.#resized = callback;
    this.#stream.on('resize', callback);
  }

  /** Draws lines for the present size; what does not fit is cut off, never wrapped. */
  draw(lines: (size: Size) => readonly string[]): void {
    if (!this.#open) return;
    const size = { columns: this.#stream.columns || 80, rows: this.#stream.rows || 24 };
    const shown = lines(size)
      .slice(0, size.rows)
      .map((line) => `${line.slice(0, size.columns)}${REST_OF_LINE}`);
    this.#stream.write(`${HOME}${shown.join('\r\n')}${REST_OF_SCREEN}`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.#onExit);
    if (this.#resized) this.#stream.off('resize', this.#resized);
    this.#stream.write(CLOSE);
  }
}
