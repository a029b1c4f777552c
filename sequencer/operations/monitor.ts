import type { Address } from '@solana/kit';
import type { Logger } from 'pino';
import type { VaultBook } from '../admission/book.ts';
import type { Archiver } from '../archive/archiver.ts';
import type { ChainRpc } from '../chain/rpc.ts';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunningProvers } from '../prover/proving.ts';
import type { UnfinishedBatches } from '../settlement/batches.ts';
import type { BlobPublisher } from '../settlement/publisher.ts';
import type { Settlement } from '../settlement/settlement.ts';
import { Alerts } from './alerts.ts';
import type { Gate } from './gate.ts';
import { healthOf } from './health.ts';
import type { Reconciler } from './reconciler.ts';
import { SettlerBalance } from './settler-balance.ts';
import { storageOf } from './storage.ts';

/** How often the settler's balance is asked for, and problems are looked for to raise alerts. */
const BALANCE_EVERY_MS = 15_000;
const ALERTS_EVERY_MS = 5_000;

export interface MonitorOptions {
  config: Pick<Config, 'proofs' | 'settlerWarnLamports'>;
  log: Logger;
  rpc: ChainRpc;
  settler: Address;
  book: VaultBook;
  gate: Gate;
  ledger: Ledger;
  ledgerPath: string;
  settlement: Settlement;
  publisher: BlobPublisher;
  unfinished: UnfinishedBatches;
  provers: RunningProvers;
  /** Names of the circuit sizes. */
  sizes: readonly string[];
  reconciler: Reconciler;
  /** Whether the house takes proofs under a key whose secret is public. */
  developmentKeys(): boolean;
  archiver: Archiver;
}

/** Watches the running service: what health says at any time, and an alert when a problem begins. */
export class Monitor {
  readonly #o: MonitorOptions;
  readonly #balance: SettlerBalance;
  readonly #alerts: Alerts;
  readonly #startedAtMs = Date.now();
  #chainAnsweredAtMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: MonitorOptions) {
    const { rpc, settler, log } = options;
    this.#o = options;
    this.#balance = new SettlerBalance({ rpc, settler, everyMs: BALANCE_EVERY_MS, log });
    this.#alerts = new Alerts(log);
  }

  start(): void {
    this.#balance.start();
    this.#timer = setInterval(() => this.#look(), ALERTS_EVERY_MS);
  }

  #look(): void {
    try {
      this.#alerts.update(this.health().problems);
    } catch (error) {
      this.#o.log.error({ reason: messageOf(error) }, 'the health of the service could not be told');
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#balance.stop();
  }

  /** To be called whenever the chain has been read. */
  chainAnswered(): void {
    this.#chainAnsweredAtMs = performance.now();
  }

  health(): ReturnType<typeof healthOf> {
    const { config, provers, sizes, ledgerPath } = this.#o;
    const { proofs, settlerWarnLamports } = config;
    const loaded = provers.provers.map(({ circuit }) => circuit.name);
    const answeredAtMs = this.#chainAnsweredAtMs;
    return healthOf({
      ...this.#o,
      developmentKeys: this.#o.developmentKeys(),
      unfinishedBatches: this.#o.unfinished.all.length,
      settler: this.#balance.funds,
      settlerWarnLamports,
      prover: { proofs, sizes, loaded, lastProof: provers.lastProof },
      storage: storageOf(ledgerPath),
      chainSilentMs: answeredAtMs === undefined ? undefined : performance.now() - answeredAtMs,
      startedAtMs: this.#startedAtMs,
      nowMs: Date.now(),
    });
  }
}
