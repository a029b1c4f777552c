import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { CircuitInfo } from '../../circuits/artifacts.ts';
import { type Groth16Proof, Prover as NativeProver } from '../../native/index.ts';
import { type BatchStatement, publicBatchOf, publicInput } from '../../protocol/batch.ts';
import { bytesToInteger } from '../../protocol/field.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { BatchProver, Proof } from '../settlement/batch-prover.ts';
import { holds } from './proof-check.ts';
import { keyFailure, type ProvingKey } from './proving-keys.ts';
import { WitnessThread } from './witness-thread.ts';

/**
 * Keys of up to 2^15 have full tables: they save a small batch a third of its time. A larger key gains nothing that its memory is
 * worth (625 MB for 2^17, half a minute to build) and has its points alone. Figures are in native/README.md.
 */
const MAX_TABLED_POWER = 15;
const WITHOUT_TABLES = 64;

interface ProverOptions {
  /** Threads of one proof. */
  threads: number;
  /** Directory where the tables of a loaded key are kept for the next start. */
  tableCache: string;
  onStuck(error: CasinoError): void;
}

/** Longest that a witness or a proof may take. */
const WITNESS_TIMEOUT_MS = 60_000;
const PROOF_TIMEOUT_MS = 120_000;
/** Time that a proof gets to end after its signal: it looks at it between its steps. */
const ABORT_GRACE_MS = 10_000;

/** Proofs give way to the thread that answers bettors. */
const PROVER_NICENESS = 10;

/** What computes proofs from witnesses. */
export interface ProofEngine {
  prove(witness: Uint8Array, options: { signal: AbortSignal }): Promise<Groth16Proof>;
  readonly tablesFrom: 'built' | 'cache';
}

export interface SizeProverOptions {
  key: ProvingKey;
  engine: ProofEngine;
  witness: WitnessThread;
  proofTimeoutMs: number;
  abortGraceMs: number;
  /** Called once a proof neither ends nor can be ended: its threads are lost to this process, which should start anew. */
  onStuck(error: CasinoError): void;
}

/** A proof that was made. */
export interface LastProof {
  size: string;
  /** Wall clock. */
  atMs: number;
  /** Witness included. */
  tookMs: number;
}

/**
 * Proves batches of one circuit size; its key stays in memory. Of several at a time, one has its witness computed while another is in
 * proof.
 */
export class SizeProver implements BatchProver {
  readonly circuit: CircuitInfo;
  readonly #o: SizeProverOptions;
  readonly #witnessTurns = new Turns();
  readonly #proofTurns = new Turns();
  /** The newest proof of this size; undefined before the first. */
  lastProof: LastProof | undefined;

  constructor(options: SizeProverOptions) {
    this.circuit = options.key.circuit;
    this.#o = options;
  }

  /** Checks the key and starts the witness thread. `PROVING_KEY_INVALID` if the key's file is not a whole one of this circuit. */
  static async start(key: ProvingKey, options: ProverOptions): Promise<SizeProver> {
    const { threads, tableCache, onStuck } = options;
    const engine = await NativeProver.load(await readFile(key.path), {
      threadsPerProof: threads,
      tablePasses: key.circuit.power <= MAX_TABLED_POWER ? 1 : WITHOUT_TABLES,
      tableCache,
      niceness: PROVER_NICENESS,
    }).catch((error: unknown) => {
      throw keyFailure(key.path, error);
    });
    const program = new URL('./witness-worker.ts', import.meta.url);
    const witness = await WitnessThread.start({ sizeName: key.circuit.name, timeoutMs: WITNESS_TIMEOUT_MS, program });
    const limits = { proofTimeoutMs: PROOF_TIMEOUT_MS, abortGraceMs: ABORT_GRACE_MS };
    return new SizeProver({ key, engine, witness, ...limits, onStuck });
  }

  /**
   * Proves a statement. `SETTLEMENT_REJECTED` if no proof of it exists, `PROVER_FAILED` if this attempt broke down. The proof has
   * been verified under the key that the house has, and its public input is the one that the program will rebuild.
   */
  async prove(statement: BatchStatement, signal: AbortSignal): Promise<Proof> {
    const witnessed = await this.#witnessTurns.take(signal, () => this.#o.witness.compute(statement, signal));
    const proven = await this.#proofTurns.take(signal, () => this.#proof(witnessed.result, signal));
    const proof = proven.result;
    const expected = publicInput(publicBatchOf(statement), this.circuit.maxVaults);
    if (bytesToInteger(proof.publicInputs) !== expected) {
      throw new CasinoError('SETTLEMENT_REJECTED', 'the proof is of other public data than the batch');
    }
    if (!holds(proof, this.#o.key.verifyingKey)) {
      throw new CasinoError(
        'PROVER_FAILED',
        'the prover returned a proof that does not hold under the verifying key of the house',
      );
    }
    this.lastProof = { size: this.circuit.name, atMs: Date.now(), tookMs: witnessed.tookMs + proven.tookMs };
    return { compressed: proof.compressed, witnessMs: witnessed.tookMs, proveMs: proven.tookMs };
  }

  /** Whether the key's tables were computed at this start or read from the cache. */
  get tablesFrom(): 'built' | 'cache' {
    return this.#o.engine.tablesFrom;
  }

  async stop(): Promise<void> {
    await this.#o.witness.stop();
  }

  /** A native proof can not be killed, only asked to end: one that does not is left behind. */
  async #proof(witness: Uint8Array, signal: AbortSignal): Promise<Groth16Proof> {
    const { engine, proofTimeoutMs, abortGraceMs, onStuck } = this.#o;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(proofTimeoutMs)]);
    const stuck = Promise.withResolvers<never>();
    let grace: NodeJS.Timeout | undefined;
    const onAbort = () => {
      grace = setTimeout(() => {
        const error = new CasinoError('PROVER_FAILED', `a proof does not end ${abortGraceMs} ms after it was told to`);
        stuck.reject(error);
        if (!signal.aborted) onStuck(error);
      }, abortGraceMs);
    };
    limit.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([engine.prove(witness, { signal: limit }), stuck.promise]);
    } catch (error) {
      throw new CasinoError('PROVER_FAILED', `the proof failed: ${messageOf(error)}`, { cause: error });
    } finally {
      limit.removeEventListener('abort', onAbort);
      clearTimeout(grace);
    }
  }
}

type PoolOptions = Omit<ProverOptions, 'onStuck'> & { log: Logger; onFatal(error: CasinoError): void };

/** Lets one at a time through, in the order of asking. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `act` when its turn comes, unless the signal was aborted before; says how long it took, waiting left out. */
  take<T>(signal: AbortSignal, act: () => Promise<T>): Promise<{ result: T; tookMs: number }> {
    const turn = this.#last.then(async () => {
      if (signal.aborted) throw new CasinoError('PROVER_FAILED', 'the proof is not wanted any more');
      const started = performance.now();
      return { result: await act(), tookMs: Math.round(performance.now() - started) };
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** The provers of all sizes, loaded one after the other in the background: settlement starts with the first. */
export class ProverPool {
  /** Those that are loaded. */
  readonly provers: SizeProver[] = [];
  #stopped = false;

  constructor(keys: readonly ProvingKey[], options: PoolOptions) {
    this.#load(keys, options).catch((error: unknown) => {
      const failed = () => new CasinoError('PROVER_FAILED', `a prover does not start: ${messageOf(error)}`, { cause: error });
      options.onFatal(error instanceof CasinoError ? error : failed());
    });
  }

  /** The newest proof of any size. */
  get lastProof(): LastProof | undefined {
    const proofs = this.provers.flatMap(({ lastProof }) => lastProof ?? []);
    return proofs.toSorted((a, b) => b.atMs - a.atMs)[0];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.provers.map((prover) => prover.stop()));
  }

  async #load(keys: readonly ProvingKey[], options: PoolOptions): Promise<void> {
    const { threads, tableCache, onFatal: onStuck } = options;
    for (const key of keys) {
      const started = performance.now();
      const prover = await SizeProver.start(key, { threads, tableCache, onStuck });
      if (this.#stopped) return prover.stop();
      this.provers.push(prover);
      const loadMs = Math.round(performance.now() - started);
      options.log.info({ size: key.circuit.name, loadMs, tables: prover.tablesFrom }, 'prover ready');
    }
  }
}
