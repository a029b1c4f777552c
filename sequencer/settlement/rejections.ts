import type { Address } from '@solana/kit';
import type { Logger } from 'pino';
import { addressOf } from '../ledger/addresses.ts';
import type { BatchRecord } from '../ledger/records.ts';
import type { UnfinishedBatches } from './batches.ts';
import { type Cause, causeOf } from './causes.ts';
import type { SettlementChain } from './chain-port.ts';
import type { Culprit, Quarantine } from './quarantine.ts';
import type { Submitter } from './submitter.ts';
import type { Trials } from './trials.ts';

/** A vault that is the cause this often without settling in between is held: once may be a plan from an older state. */
const STRIKES_TO_HOLD = 2;

/** Why a batch can not settle as it is. */
export interface Rejection {
  batch: BatchRecord;
  reason: string;
  /**
   * Who says so: the prover, that no proof exists; the chain, for a vault's sake, the verifying key's or the packet's; a
   * finalized forced exit, after which the program refuses the batch for ever.
   */
  by: 'prover' | 'chain' | 'verifying-key' | 'packet' | 'exit';
}

/**
 * Takes rejected batches back, with all that were built on them, and finds out whose fault it was: by what the chain shows of each vault
 * where that tells, else by trying halves. The cause is held in quarantine in the same transaction; everyone else's bets go into new batches.
 */
export class Rejections {
  readonly #o: {
    unfinished: UnfinishedBatches;
    chain: SettlementChain;
    submitter: Submitter;
    quarantine: Quarantine;
    trials: Trials;
    log: Logger;
    pause(failures: number): Promise<void>;
  };
  readonly #strikes = new Map<Address, number>();
  #inARow = 0;
  #underWay: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: {
    unfinished: UnfinishedBatches;
    chain: SettlementChain;
    submitter: Submitter;
    quarantine: Quarantine;
    trials: Trials;
    log: Logger;
    pause(failures: number): Promise<void>;
  }) {
    this.#o = options;
  }

  /** Whether a batch is being taken back: none is to be built meanwhile. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves when the batch has been taken back and a pause is over. One at a time. */
  reject(rejection: Rejection): Promise<void> {
    this.#waiting += 1;
    const done = this.#underWay.then(() => this.#reject(rejection));
    this.#underWay = done
      .catch(() => {})
      .finally(() => {
        this.#waiting -= 1;
      });
    return done;
  }

  /** A batch is on chain: its vaults are under no suspicion. */
  cleared(batch: BatchRecord): void {
    this.#inARow = 0;
    const vaults = vaultsOf(batch);
    this.#o.trials.clear(vaults);
    for (const vault of vaults) this.#strikes.delete(vault);
  }

  async #reject({ batch, reason, by }: Rejection): Promise<void> {
    const { unfinished, quarantine, trials, log } = this.#o;
    const causes = by === 'chain' ? await this.#causesOf(batch) : new Map<Address, Cause>();
    if (!(await this.#layToRest(batch, by))) return;
    const vaults = vaultsOf(batch);
    const suspects = causes.size > 0 ? [...causes.keys()] : vaults.length === 1 ? vaults : [];
    const isBlameless = by === 'verifying-key' || by === 'packet' || by === 'exit';
    const culprits = isBlameless ? [] : this.#culpritsAmong(suspects, { batch, causes, reason });
    // A held vault is tried alone and by a schedule of its own: nobody else has to wait for it.
    const isRetrial = !isBlameless && vaults.every((vault) => quarantine.isHeld(vault));
    // Halving ends by itself; what is built anew as it was must not be rejected again and again at full speed.
    const halving = !isBlameless && causes.size === 0;
    if (!isRetrial) this.#inARow = halving ? 1 : this.#inARow + 1;
    const rejections = this.#inARow;
    log.warn({ batch: batch.batchNumber.toString(), by, rejections, reason, suspects }, 'batch rejected and taken back');
    const hold = quarantine.hold(culprits);
    await unfinished.withdrawFrom(batch, reason, hold.entries);
    hold.durable();
    if (halving) trials.narrow(vaults);
    trials.clear(culprits.map(({ vault }) => vault));
    if (!isRetrial) await this.#o.pause(this.#inARow);
  }

  /** Those of the suspects that are to be held; the others have a strike more. */
  #culpritsAmong(
    suspects: readonly Address[],
    { batch, causes, reason }: { batch: BatchRecord; causes: ReadonlyMap<Address, Cause>; reason: string },
  ): Culprit[] {
    const { unfinished, quarantine } = this.#o;
    const culprits: Culprit[] = [];
    for (const vault of suspects) {
      const strikes = (this.#strikes.get(vault) ?? 0) + 1;
      this.#strikes.set(vault, strikes);
      const cause = causes.get(vault) ?? { reason, lasting: false };
      // One that is held already has had its strikes, before a start perhaps.
      if (!quarantine.isHeld(vault) && !cause.lasting && strikes < STRIKES_TO_HOLD) continue;
      culprits.push({ vault, reason: cause.reason, firstBet: firstBetOf(vault, unfinished.from(batch)) });
    }
    return culprits;
  }

  /** What the chain shows against each of a batch's vaults, in the state right before it. */
  async #causesOf(batch: BatchRecord): Promise<Map<Address, Cause>> {
    const vaults = vaultsOf(batch);
    const shown = await this.#o.chain.confirmedVaults(vaults);
    const causes = new Map<Address, Cause>();
    for (const [index, run] of batch.runs.entries()) {
      const cause = causeOf(run, { vault: shown.vaults[index], slot: shown.slot, termsId: batch.termsId });
      if (cause) causes.set(vaults[index] as Address, cause);
    }
    return causes;
  }

  /**
   * Waits until nothing of a batch and those after it can land: a fork may have left living bytes of a later one. What an exit has made
   * impossible is at rest itself. False if the batch is not there any more.
   */
  async #layToRest(batch: BatchRecord, by: Rejection['by']): Promise<boolean> {
    const { unfinished, submitter, pause } = this.#o;
    while (unfinished.has(batch)) {
      const harmless = await Promise.all(
        unfinished.from(batch).map((one) => (by === 'exit' && one === batch) || submitter.isHarmless(one)),
      );
      if (harmless.every(Boolean)) return unfinished.has(batch);
      await pause(1);
    }
    return false;
  }
}

function vaultsOf(batch: BatchRecord): Address[] {
  return batch.runs.map(({ vault }) => addressOf(vault));
}

/** The first bet that these batches hold of a vault. */
function firstBetOf(vault: Address, batches: readonly BatchRecord[]): bigint {
  const runs = batches.flatMap((batch) => batch.runs).filter((run) => addressOf(run.vault) === vault);
  return runs.reduce((first, { firstBet }) => (firstBet < first ? firstBet : first), (1n << 64n) - 1n);
}
