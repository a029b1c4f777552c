import { Worker } from 'node:worker_threads';
import type { BatchStatement } from '../../protocol/batch.ts';
import { CasinoError, messageOf } from '../errors.ts';

type Reply = { witness?: Uint8Array; failed?: string; impossible?: boolean };

export interface WitnessThreadOptions {
  sizeName: string;
  /** Longest that a witness, or the start of the thread, may take. */
  timeoutMs: number;
  /** The thread's program; it says `{ ready: true }`, then answers each statement with a `Reply`. */
  program: URL;
}

/** The thread that computes one size's witnesses, one at a time. One that dies, fails or hangs is killed, and the next witness gets a new one. */
export class WitnessThread {
  readonly #o: WitnessThreadOptions;
  #worker: Promise<Worker>;

  private constructor(options: WitnessThreadOptions) {
    this.#o = options;
    this.#worker = this.#start();
  }

  static async start(options: WitnessThreadOptions): Promise<WitnessThread> {
    const thread = new WitnessThread(options);
    await thread.#worker;
    return thread;
  }

  /** `SETTLEMENT_REJECTED` if the statement has no witness, `PROVER_FAILED` if the attempt broke down or the signal ended it. */
  async compute(statement: BatchStatement, signal: AbortSignal): Promise<Uint8Array> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#o.timeoutMs)]);
    let worker: Worker | undefined;
    let reply: Reply;
    try {
      worker = await this.#worker;
      const { postMessage } = worker;
      reply = await nextReply(worker, limit, postMessage.bind(worker, statement));
    } catch (error) {
      await worker?.terminate();
      if (!signal.aborted) this.#worker = this.#start();
      throw new CasinoError('PROVER_FAILED', `the witness thread failed: ${messageOf(error)}`, { cause: error });
    }
    if (reply.impossible) throw new CasinoError('SETTLEMENT_REJECTED', `no witness exists: ${reply.failed}`);
    if (!reply.witness) throw new CasinoError('PROVER_FAILED', `the witness failed: ${reply.failed}`);
    return reply.witness;
  }

  async stop(): Promise<void> {
    const worker = await this.#worker.catch(() => undefined);
    await worker?.terminate();
  }

  #start(): Promise<Worker> {
    const starting = startWorker(this.#o);
    // Heard by the next witness, which tries once more.
    starting.catch(() => {});
    return starting;
  }
}

async function startWorker({ sizeName, timeoutMs, program }: WitnessThreadOptions): Promise<Worker> {
  const worker = new Worker(program, { workerData: { sizeName } });
  try {
    await nextReply(worker, AbortSignal.timeout(timeoutMs), () => {});
    return worker;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
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
    if (signal.aborted) return onAbort();
    // A thread that is gone takes messages and answers none.
    if (worker.threadId === -1) return onExit();
    send();
  });
}
