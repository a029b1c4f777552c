import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { CircuitInfo } from '../../circuits/artifacts.ts';
import { Prover as NativeProver } from '../../native/index.ts';
import { type BatchStatement, publicBatchOf, publicInput } from '../../protocol/batch.ts';
import { bytesToInteger } from '../../protocol/field.ts';
import { CasinoError, messageOf } from '../errors.ts';
import type { BatchProver, Proof } from '../settlement/batch-prover.ts';
import type { ProvingKey } from './proving-keys.ts';

/** Longest that a witness or a proof may take. */
const WITNESS_TIMEOUT_MS = 60_000;
const PROOF_TIMEOUT_MS = 120_000;

/** Proofs give way to the thread that answers bettors. */
const PROVER_NICENESS = 10;

/**
 * Keys of up to 2^15 have full tables: they save a small batch a third of its time. A larger key gains nothing that its memory is
 * worth (625 MB for 2^17, half a minute to build) and has its points alone. Figures are in native/README.md.
 */
const MAX_TABLED_POWER = 15;
const WITHOUT_TABLES = 64;

export interface ProverOptions {
  /** Threads of one proof. */
  threads: number;
  /** Directory where the tables of a loaded key are kept for the next start. */
  tableCache: string;
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
  readonly vkId: number;
  readonly #prover: NativeProver;
  readonly #witness: WitnessThread;
  readonly #witnessTurns = new Turns();
  readonly #proofTurns = new Turns();
  /** The newest proof of this size; undefined before the first. */
  lastProof: LastProof | undefined;

  private constructor(key: ProvingKey, prover: NativeProver, witness: WitnessThread) {
    this.circuit = key.circuit;
    this.vkId = key.vkId;
    this.#prover = prover;
    this.#witness = witness;
  }

  /** Checks the key and starts the witness thread. */
  static async start(key: ProvingKey, options: ProverOptions): Promise<SizeProver> {
    const { threads, tableCache } = options;
    const prover = await NativeProver.load(await readFile(key.zkeyPath), {
      threadsPerProof: threads,
      tablePasses: key.circuit.power <= MAX_TABLED_POWER ? 1 : WITHOUT_TABLES,
      tableCache,
      niceness: PROVER_NICENESS,
    });
    return new SizeProver(key, prover, await WitnessThread.start(key.circuit.name));
  }

  /**
   * Proves a statement. `SETTLEMENT_REJECTED` if no proof of it exists, `PROVER_FAILED` if this attempt broke down. The proof has
   * been verified, and its public input is the one that the program will rebuild.
   */
  async prove(statement: BatchStatement, signal: AbortSignal): Promise<Proof> {
    const witnessed = await this.#witnessTurns.take(signal, () => this.#witness.compute(statement));
    const proven = await this.#proofTurns.take(signal, () => this.#prove(witnessed.result, signal));
    const proof = proven.result;
    const expected = publicInput(publicBatchOf(statement), this.circuit.maxVaults);
    if (bytesToInteger(proof.publicInputs) !== expected) {
      throw new CasinoError('SETTLEMENT_REJECTED', 'the proof is of other public data than the batch');
    }
    this.lastProof = { size: this.circuit.name, atMs: Date.now(), tookMs: witnessed.tookMs + proven.tookMs };
    return { compressed: proof.compressed, witnessMs: witnessed.tookMs, proveMs: proven.tookMs };
  }

  async #prove(witness: Uint8Array, signal: AbortSignal) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PROOF_TIMEOUT_MS)]);
    return this.#prover.prove(witness, { signal: limit }).catch((error: unknown) => {
      throw new CasinoError('PROVER_FAILED', `the proof failed: ${messageOf(error)}`, { cause: error });
    });
  }

  /** Whether the key's tables were computed at this start or read from the cache. */
  get tablesFrom(): 'built' | 'cache' {
    return this.#prover.tablesFrom;
  }

  async stop(): Promise<void> {
    await this.#witness.stop();
  }
}

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

  constructor(keys: readonly ProvingKey[], options: ProverOptions & { log: Logger; onFatal(error: CasinoError): void }) {
    this.#load(keys, options).catch((error: unknown) => {
      options.onFatal(new CasinoError('PROVER_FAILED', `a proving key does not load: ${messageOf(error)}`, { cause: error }));
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

  async #load(keys: readonly ProvingKey[], options: ProverOptions & { log: Logger }): Promise<void> {
    for (const key of keys) {
      const started = performance.now();
      const prover = await SizeProver.start(key, options);
      if (this.#stopped) return prover.stop();
      this.provers.push(prover);
      const loadMs = Math.round(performance.now() - started);
      options.log.info({ size: key.circuit.name, loadMs, tables: prover.tablesFrom }, 'prover ready');
    }
  }
}

type Reply = { witness?: Uint8Array; failed?: string; impossible?: boolean };

/** The thread that computes one size's witnesses. */
class WitnessThread {
  readonly #sizeName: string;
  #worker: Worker;

  private constructor(sizeName: string, worker: Worker) {
    this.#sizeName = sizeName;
    this.#worker = worker;
  }

  static async start(sizeName: string): Promise<WitnessThread> {
    return new WitnessThread(sizeName, await startWorker(sizeName));
  }

  async compute(statement: BatchStatement): Promise<Uint8Array> {
    const timeout = AbortSignal.timeout(WITNESS_TIMEOUT_MS);
    const reply = await nextReply(this.#worker, timeout, () => this.#worker.postMessage(statement)).catch(
      async (error: unknown) => {
        await this.#worker.terminate();
        this.#worker = await startWorker(this.#sizeName);
        throw new CasinoError('PROVER_FAILED', `the witness thread failed: ${messageOf(error)}`, { cause: error });
      },
    );
    if (reply.impossible) throw new CasinoError('SETTLEMENT_REJECTED', `no witness exists: ${reply.failed}`);
    if (!reply.witness) throw new CasinoError('PROVER_FAILED', `the witness failed: ${reply.failed}`);
    return reply.witness;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function startWorker(sizeName: string): Promise<Worker> {
  const worker = new Worker(new URL('./witness-worker.ts', import.meta.url), { workerData: { sizeName } });
  await nextReply(worker, AbortSignal.timeout(WITNESS_TIMEOUT_MS), () => {});
  return worker;
}

function nextReply(worker: Worker, signal: AbortSignal, send: () => void): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onMessage = (reply: Reply) => settle(() => resolve(reply));
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = () => settle(() => reject(new Error('the thread ended')));
    const onAbort = () => settle(() => reject(new Error('it took too long')));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    signal.addEventListener('abort', onAbort);
    send();
  });
}
