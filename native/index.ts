/**
 * The crypto kernel. Field elements are 32 bytes big endian and must be canonical; every failure is a `NativeError`
 * with a stable `code`. Functions that return promises work on other threads.
 */
import type { LoadedProver, ProofBytes } from './binding.ts';
import { NativeError, toNativeError } from './errors.ts';
import { loadBinding } from './loader.ts';

export { NATIVE_ERROR_CODES, NativeError, type NativeErrorCode } from './errors.ts';

const binding = loadBinding();

const PUBLIC_KEY_BYTES = 64;
const SIGNATURE_BYTES = 96;
const MESSAGE_BYTES = 32;
const ITEM_BYTES = PUBLIC_KEY_BYTES + SIGNATURE_BYTES + MESSAGE_BYTES;

/** The most signatures of one `verifyEddsaPoseidonBatch` call. */
export const MAX_SIGNATURE_BATCH = 4096;

/** An EdDSA-Poseidon signature with what it signs: key Ax | Ay, signature R8x | R8y | S, message of one element. */
export type SignedMessage = { publicKey: Uint8Array; signature: Uint8Array; message: Uint8Array };

/** See `publicKeyStatus`. */
export type PublicKeyStatus = 'valid' | 'not-canonical' | 'off-curve' | 'small-order' | 'outside-subgroup';

/**
 * A Groth16 proof: `proof` is A | B | C in 256 bytes as EIP-197 (G2 as x.c1, x.c0, y.c1, y.c0), `compressed` the same in
 * 128 bytes (32 | 64 | 32) as Solana's alt_bn128 compression, `publicInputs` 32 bytes each.
 */
export type Groth16Proof = ProofBytes;

export type ProverOptions = {
  /** Proofs worked on at once, 1 to 64; default 1. */
  concurrentProofs?: number;
  /** Threads of each of them, 1 to 256; default one per core. */
  threadsPerProof?: number;
  /** Width of the tables' windows, 4 to 18; default by their size. Wider takes less memory and more buckets. */
  windowBits?: number;
  /**
   * Each table holds the points of every so many windows, 1 (the default) to 64: that part of the memory and of the time to build
   * them, for proofs that take longer (README.md has figures). With as many as there are windows the points of the key are all.
   */
  tablePasses?: number;
  /** Lowers the priority of the prover's threads, 0 (the default: as the process) to 19. Linux only; ignored elsewhere. */
  niceness?: number;
  /**
   * Directory that keeps the tables between loads of the same key, made if it is not there: a file per key, `tableBytes` long.
   * Files may be deleted at any time; only the service may write to them.
   */
  tableCache?: string;
};

export type ProveOptions = { signal?: AbortSignal };

/**
 * circomlib's Poseidon (and Solana's `sol_poseidon`, Bn254X5) of 1 to 12 concatenated field elements.
 * Errors: `INVALID_ARGUMENT`, `NOT_CANONICAL`.
 */
export function poseidon(inputs: Uint8Array): Uint8Array {
  return call(() => binding.poseidon(bytes(inputs)));
}

/** The Legendre symbol: 1 for a non-zero square, -1 for a non-square, 0 for 0. Errors as `poseidon`. */
export function legendre(x: Uint8Array): -1 | 0 | 1 {
  return call(() => binding.legendre(bytes(x)) as -1 | 0 | 1);
}

/** The square root that is the smaller integer of the two, or null for a non-square. Errors as `poseidon`. */
export function sqrt(x: Uint8Array): Uint8Array | null {
  return call(() => binding.sqrt(bytes(x)));
}

/**
 * Whether circomlib's EdDSAPoseidonVerifier, with A and R8 required to be on the curve, accepts the signature:
 * canonical coordinates and message, S below the subgroup order, A not of small order. Anything else is false.
 * Errors: `INVALID_ARGUMENT` for a wrong length.
 */
export function verifyEddsaPoseidon({ publicKey, signature, message }: SignedMessage): boolean {
  return call(() => binding.verifyEddsaPoseidon(bytes(publicKey), bytes(signature), bytes(message)));
}

/**
 * `verifyEddsaPoseidon` of each item, off the event loop on all cores.
 * Errors: `INVALID_ARGUMENT`, `TOO_LARGE` (over `MAX_SIGNATURE_BATCH` items), `BUSY` (over 64 calls at once).
 */
export async function verifyEddsaPoseidonBatch(items: readonly SignedMessage[]): Promise<boolean[]> {
  if (items.length > MAX_SIGNATURE_BATCH) {
    throw new NativeError('TOO_LARGE', `a batch has up to ${MAX_SIGNATURE_BATCH} signatures, not ${items.length}`);
  }
  const packed = new Uint8Array(items.length * ITEM_BYTES);
  let offset = 0;
  for (const { publicKey, signature, message } of items) {
    packed.set(bytes(publicKey, PUBLIC_KEY_BYTES), offset);
    packed.set(bytes(signature, SIGNATURE_BYTES), offset + PUBLIC_KEY_BYTES);
    packed.set(bytes(message, MESSAGE_BYTES), offset + PUBLIC_KEY_BYTES + SIGNATURE_BYTES);
    offset += ITEM_BYTES;
  }
  const results = await callAsync(() => binding.verifyEddsaPoseidonBatch(packed));
  return Array.from(results, (result) => result === 1);
}

/** What a 64-byte BabyJubJub public key is; only a valid one should get a vault. Errors: `INVALID_ARGUMENT`. */
export function publicKeyStatus(publicKey: Uint8Array): PublicKeyStatus {
  return call(() => binding.publicKeyStatus(bytes(publicKey)) as PublicKeyStatus);
}

/**
 * A snarkjs-compatible zkey for **development only**: its secret numbers are hashes of the r1cs file, so anyone can forge
 * proofs under it. The same file gives the same key, byte for byte.
 * Errors: `MALFORMED_R1CS`, `UNSUPPORTED_FILE`, `TOO_LARGE`, `BUSY`.
 */
export async function developmentSetup(r1cs: Uint8Array): Promise<Uint8Array> {
  return callAsync(() => binding.developmentSetup(bytes(r1cs)));
}

/**
 * The verifying key of a zkey: alpha_g1 64 | beta_g2 128 | gamma_g2 128 | delta_g2 128 | ic[0..] 64 each, as EIP-197.
 * Errors: `MALFORMED_ZKEY`, `UNSUPPORTED_FILE`, `TOO_LARGE`.
 */
export function verifyingKeyBytes(zkey: Uint8Array): Uint8Array {
  return call(() => binding.verifyingKeyBytes(bytes(zkey)));
}

/**
 * Whether a 256-byte proof holds for the inputs (32 bytes each). A proof with a point that is malformed, off its curve or
 * outside its subgroup is false. Errors: `MALFORMED_VERIFYING_KEY`, `INVALID_ARGUMENT`, `NOT_CANONICAL` (an input).
 */
export function verifyGroth16(key: { verifyingKey: Uint8Array; proof: Uint8Array; publicInputs: Uint8Array }): boolean {
  return call(() => binding.verifyGroth16(bytes(key.verifyingKey), bytes(key.proof), bytes(key.publicInputs)));
}

/** A proving key, checked in full and kept in memory with its tables. */
export class Prover {
  readonly #loaded: LoadedProver;

  private constructor(loaded: LoadedProver) {
    this.#loaded = loaded;
  }

  /**
   * Reads and checks a Groth16 zkey and builds its tables, or takes them from the cache that an earlier load of the same
   * bytes wrote. A cache file that is damaged or of another kernel is not used but made anew; a directory that cannot be read
   * or written is no error (see `tablesFrom`). Runs on the threads of one proof.
   * Errors: `MALFORMED_ZKEY`, `UNSUPPORTED_FILE`, `TOO_LARGE`, `INVALID_ARGUMENT` (an option), `BUSY`.
   */
  static async load(zkey: Uint8Array, options: ProverOptions = {}): Promise<Prover> {
    const { windowBits, tablePasses = 1, concurrentProofs = 1, threadsPerProof, niceness = 0, tableCache } = options;
    if (tableCache !== undefined && (typeof tableCache !== 'string' || tableCache === '')) {
      throw new NativeError('INVALID_ARGUMENT', 'tableCache must be the path of a directory');
    }
    const loadOptions = {
      windowBits: count(windowBits, 'windowBits'),
      tablePasses: count(tablePasses, 'tablePasses'),
      concurrentProofs: count(concurrentProofs, 'concurrentProofs'),
      threadsPerProof: count(threadsPerProof, 'threadsPerProof'),
      niceness: integer(niceness, 'niceness', { minimum: 0, maximum: 19 }),
      ...(tableCache !== undefined && { tableCache }),
    };
    return new Prover(await callAsync(() => binding.loadProver(bytes(zkey), loadOptions)));
  }

  /**
   * Proves a wtns file and checks the proof before returning it. Up to 64 calls wait; an abort takes effect at the next of
   * the proof's steps, or when its turn comes.
   * Errors: `MALFORMED_WITNESS`, `UNSUPPORTED_FILE`, `WITNESS_UNSATISFIED`, `ABORTED`, `BUSY`, `NO_ENTROPY`.
   */
  async prove(wtns: Uint8Array, { signal }: ProveOptions = {}): Promise<Groth16Proof> {
    const handle = new binding.AbortHandle();
    const abort = () => handle.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await callAsync(() => this.#loaded.prove(bytes(wtns), handle));
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** As `verifyingKeyBytes`. */
  get verifyingKey(): Uint8Array {
    return this.#loaded.verifyingKey;
  }

  /** True for keys of `developmentSetup`. False proves nothing: the mark can be taken off. */
  get isDevelopmentKey(): boolean {
    return this.#loaded.isDevelopmentKey;
  }

  /** Memory that the tables take. */
  get tableBytes(): number {
    return this.#loaded.tableBytes;
  }

  /** Whether this load built the tables or found them in `tableCache`. */
  get tablesFrom(): 'built' | 'cache' {
    return this.#loaded.tablesFrom as 'built' | 'cache';
  }
}

/** A value that is really a Uint8Array over memory that no other thread can change meanwhile. */
function bytes(value: Uint8Array, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new NativeError('INVALID_ARGUMENT', 'bytes must be a Uint8Array');
  if (!(value.buffer instanceof ArrayBuffer)) {
    throw new NativeError('INVALID_ARGUMENT', 'bytes must not be in a SharedArrayBuffer');
  }
  if (length !== undefined && value.length !== length) {
    throw new NativeError('INVALID_ARGUMENT', `expected ${length} bytes, not ${value.length}`);
  }
  return value;
}

/** An option that is a positive integer; 0, the binary's word for its own choice, if it is left out. */
function count(value: number | undefined, name: string): number {
  return value === undefined ? 0 : integer(value, name, { minimum: 1, maximum: 256 });
}

function integer(value: number, name: string, { minimum, maximum }: { minimum: number; maximum: number }): number {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new NativeError('INVALID_ARGUMENT', `${name} must be an integer from ${minimum} to ${maximum}`);
  }
  return value;
}

function call<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw cause instanceof NativeError ? cause : toNativeError(cause);
  }
}

async function callAsync<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw cause instanceof NativeError ? cause : toNativeError(cause);
  }
}
