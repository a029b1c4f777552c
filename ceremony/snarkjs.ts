import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CeremonyError } from './errors.ts';

const require = createRequire(import.meta.url);
/** What a contribution adds to a key, and more. */
const ROOM_BYTES = 1 << 20;

/** What snarkjs says of a file; without reasons it is in order. */
export interface Verdict {
  holds: boolean;
  reasons: string[];
}

/** Hears where a long step has come to. */
export type Progress = (message: string) => void;

interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A file that snarkjs writes in memory. It leaves files on disk open, which Node 26 ends a process for. */
interface MemoryFile {
  type: 'mem';
  initialSize: number;
  data?: Uint8Array;
}

/** What is used of snarkjs, which has no types. Bytes are taken as a file. */
interface Untyped {
  powersOfTau: { verify(ptau: Uint8Array, logger: Logger): Promise<unknown> };
  zKey: {
    newZKey(r1cs: Uint8Array, ptau: Uint8Array, zkey: MemoryFile, logger: Logger): Promise<unknown>;
    contribute(from: Uint8Array, to: MemoryFile, name: string, entropy: string, logger: Logger): Promise<unknown>;
    beacon(from: Uint8Array, to: MemoryFile, name: string, value: string, exponent: number, logger: Logger): Promise<unknown>;
    verifyFromR1cs(r1cs: Uint8Array, ptau: Uint8Array, zkey: Uint8Array, logger: Logger): Promise<unknown>;
    exportVerificationKey(zkey: Uint8Array): Promise<object>;
  };
}

/** The steps of snarkjs that a ceremony is made of. All throw `TOOL_FAILED` when snarkjs does. */
export class Snarkjs {
  readonly #tool: Untyped;
  readonly #onProgress: Progress;

  private constructor(tool: Untyped, onProgress: Progress) {
    this.#tool = tool;
    this.#onProgress = onProgress;
  }

  /**
   * Loads snarkjs, whose threads keep the process alive until `close`. `TOOL_MISSING` if it is not installed: it is a development
   * dependency, since it is under the GPL and nothing that the service runs may need it.
   */
  static async load(onProgress: Progress): Promise<Snarkjs> {
    try {
      // Not `import`: that is another copy, which forgets the threads of whoever has loaded this one, so that they are never ended.
      return new Snarkjs(require('snarkjs') as Untyped, onProgress);
    } catch (cause) {
      throw new CeremonyError('TOOL_MISSING', 'snarkjs is not installed: run npm ci without --omit=dev', { cause });
    }
  }

  /** Ends the threads; nothing may run. */
  async close(): Promise<void> {
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate();
  }

  static version(): string {
    const path = require.resolve('snarkjs');
    const [folder = ''] = path.split('/build/');
    return (JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { version: string }).version;
  }

  /** Every contribution to the powers of tau, every power, and what was prepared of them for phase 2. */
  verifyPowersOfTau(ptau: Uint8Array): Promise<Verdict> {
    return this.#verdict((logger) => this.#tool.powersOfTau.verify(ptau, logger));
  }

  /** Every contribution to a key, and that it is of this circuit over these powers of tau, which are taken as they are. */
  verifyZkey(files: { r1cs: Uint8Array; ptau: Uint8Array; zkey: Uint8Array }): Promise<Verdict> {
    return this.#verdict((logger) => this.#tool.zKey.verifyFromR1cs(files.r1cs, files.ptau, files.zkey, logger));
  }

  /** The key of a circuit that nobody has contributed to yet. The same files give the same key. */
  newZkey(files: { r1cs: Uint8Array; ptau: Uint8Array }): Promise<Uint8Array> {
    return this.#step(files.r1cs.length, (to, logger) => this.#tool.zKey.newZKey(files.r1cs, files.ptau, to, logger));
  }

  contribute(zkey: Uint8Array, input: { name: string; entropy: string }): Promise<Uint8Array> {
    const { name, entropy } = input;
    return this.#step(zkey.length, (to, logger) => this.#tool.zKey.contribute(zkey, to, name, entropy, logger));
  }

  beacon(zkey: Uint8Array, input: { name: string; value: string; iterationsExponent: number }): Promise<Uint8Array> {
    const { name, value, iterationsExponent } = input;
    return this.#step(zkey.length, (to, logger) => this.#tool.zKey.beacon(zkey, to, name, value, iterationsExponent, logger));
  }

  /** The verifying key in snarkjs's JSON, for tools that read it. */
  verificationKey(zkey: Uint8Array): Promise<object> {
    return run('exporting the verification key', () => this.#tool.zKey.exportVerificationKey(zkey));
  }

  /** The steps that write answer with a hash, or with -1 or false after naming what is wrong. */
  async #step(size: number, act: (to: MemoryFile, logger: Logger) => Promise<unknown>): Promise<Uint8Array> {
    const { logger, reasons } = this.#listen();
    const to: MemoryFile = { type: 'mem', initialSize: size + ROOM_BYTES };
    const answer = await run('snarkjs', () => act(to, logger));
    if (answer instanceof Uint8Array && to.data) return to.data;
    throw new CeremonyError('TOOL_FAILED', `snarkjs refuses: ${reasons.join('; ') || answer}`);
  }

  async #verdict(act: (logger: Logger) => Promise<unknown>): Promise<Verdict> {
    const { logger, reasons } = this.#listen();
    try {
      const holds =
        (await withConsole(
          (text) => reasons.push(text),
          () => act(logger),
        )) === true;
      return { holds, reasons };
    } catch (error) {
      // A file that can not even be read to its end is no better than one that does not hold.
      return { holds: false, reasons: [...reasons, error instanceof Error ? error.message : String(error)] };
    }
  }

  #listen(): { logger: Logger; reasons: string[] } {
    const reasons: string[] = [];
    const tell = (message: string) => this.#onProgress(message.replaceAll(/\s+/g, ' ').trim());
    return { reasons, logger: { debug: tell, info: tell, warn: tell, error: (message) => reasons.push(message) } };
  }
}

async function run<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new CeremonyError('TOOL_FAILED', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** snarkjs tells some reasons of a refusal to the console alone, which is where a command's result goes. */
async function withConsole<T>(hear: (text: string) => void, act: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = (...parts: unknown[]) => hear(parts.join(' '));
  try {
    return await act();
  } finally {
    console.log = log;
  }
}
