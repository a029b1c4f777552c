import type { Address } from '@solana/kit';
import type { Logger } from 'pino';
import { type ChainRpc, call } from '../chain/rpc.ts';
import { messageOf } from '../errors.ts';
import type { Problem } from './problems.ts';

/** What a settling transaction costs the settler: Solana's fee for its one signature, in lamports. */
const FEE_LAMPORTS = 5_000n;
/** What an account without data must keep to exist, in lamports. */
const RENT_MINIMUM_LAMPORTS = 890_880n;

/** How far the settler's lamports reach. */
export interface SettlerFunds {
  lamports: bigint;
  /** Transactions that it can still pay for. */
  batchesLeft: bigint;
}

export function settlerFunds(lamports: bigint): SettlerFunds {
  const spendable = lamports > RENT_MINIMUM_LAMPORTS ? lamports - RENT_MINIMUM_LAMPORTS : 0n;
  return { lamports, batchesLeft: spendable / FEE_LAMPORTS };
}

/** What health says of the settler's funds: it has to be paid long before nothing can be settled any more. */
export function settlerProblem(funds: SettlerFunds, warnBelowLamports: bigint): Problem | undefined {
  const left = `the settler has ${funds.lamports} lamports`;
  if (funds.batchesLeft === 0n) return { code: 'SETTLER_EMPTY', message: `${left}: nothing can be settled; pay it` };
  if (funds.lamports >= warnBelowLamports) return undefined;
  return { code: 'SETTLER_LOW', message: `${left}, enough for ${funds.batchesLeft} batches; pay it` };
}

/** Asks every so often what the settler's account holds. */
export class SettlerBalance {
  readonly #o: { rpc: ChainRpc; settler: Address; everyMs: number; log: Logger };
  #funds: SettlerFunds | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: { rpc: ChainRpc; settler: Address; everyMs: number; log: Logger }) {
    this.#o = options;
  }

  /** As it was last seen; undefined before the first answer. */
  get funds(): SettlerFunds | undefined {
    return this.#funds;
  }

  start(): void {
    this.#asking = this.#ask().finally(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.start(), this.#o.everyMs);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { rpc, settler, log } = this.#o;
    try {
      const { value } = await call(rpc.getBalance(settler, { commitment: 'confirmed' }));
      this.#funds = settlerFunds(value);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "the settler's balance could not be read");
    }
  }
}
