import type { Address } from '@solana/kit';
import * as houseRules from './apply-house.ts';
import { type SettledBatch, settleBatch, settleTransfers } from './apply-settlement.ts';
import * as vaultRules from './apply-vault.ts';
import type { CheckedBet, CheckedRun } from './blob-check.ts';
import type { FetchedBlob } from './blob-source.ts';
import type { Divergence, DivergenceCode } from './divergence.ts';
import type { House } from './layout/accounts.ts';
import type { HouseEvent } from './layout/events.ts';
import type { ProgramInstruction, SettleBatchData } from './layout/instructions.ts';
import {
  emptyState,
  type HouseState,
  holdings,
  type Place,
  type PreparedKeys,
  Step,
  type Values,
  type VaultState,
} from './state.ts';
import type { Frame, HistoryTransaction } from './transaction.ts';

/** Divergences that are kept; more are counted. */
export const MAX_DIVERGENCES = 1_000;

/** What was replayed so far. */
export interface ReplayCounts {
  transactions: number;
  batches: number;
  bets: number;
  proofsVerified: number;
  blobs: number;
  /** All divergences, those that are not kept included. */
  divergences: number;
}

/** Where a replay stands: all that it needs to go on. */
export interface ReplayPosition {
  state: HouseState;
  counts: ReplayCounts;
  divergences: Divergence[];
  /** Signature and slot of the last transaction; undefined before the first. */
  last: { signature: string; slot: bigint } | undefined;
  /** Signatures of that slot. */
  sameSlot: string[];
}

/** A bet in the order of the replay. */
export interface ReplayedBet {
  batch: SettledBatch;
  run: CheckedRun;
  bet: CheckedBet;
}

/** One call of the program, once it was taken in. */
export interface ReplayedCall {
  signature: string;
  slot: bigint;
  blockTimeMs: number | undefined;
  instruction: ProgramInstruction;
  /** What the program said; undefined of a call that says nothing, or whose log was cut short. */
  event: HouseEvent | undefined;
  /** Of a `settle_batch` that could be checked. */
  batch: SettledBatch | undefined;
  house: House | undefined;
  /** The vaults that it can have changed, as it left them: to be read, and not kept. */
  vaults: readonly { address: Address; vault: VaultState }[];
}

export interface ReplayHooks {
  /** Each call, in the order of the history. */
  onCall?(call: ReplayedCall): void;
  /** Each batch, once it was checked. `slot` and `blockTimeMs` are its transaction's. */
  onBatch?(batch: SettledBatch, at: { signature: string; slot: bigint; blockTimeMs: number | undefined }): void;
  /** Each bet of it whose blob was there, in the batch's order. */
  onBet?(bet: ReplayedBet): void;
}

export function startPosition(): ReplayPosition {
  const counts = { transactions: 0, batches: 0, bets: 0, proofsVerified: 0, blobs: 0, divergences: 0 };
  return { state: emptyState(), counts, divergences: [], last: undefined, sameSlot: [] };
}

/**
 * Follows a house by its history alone. Every transaction goes through the program's rules, and its events are compared with what they
 * lead to; what does not fit is a divergence, after which the replay follows the chain's word, so that one divergence makes few others.
 */
export class Replay {
  readonly position: ReplayPosition;
  readonly #place: Place;
  readonly #hooks: ReplayHooks;
  readonly #keys: PreparedKeys = new Map();
  /** What all vaults hold. */
  #held: bigint;

  constructor(place: Place, options: { position?: ReplayPosition | undefined; hooks?: ReplayHooks | undefined } = {}) {
    this.#place = place;
    this.position = options.position ?? startPosition();
    this.#hooks = options.hooks ?? {};
    this.#held = [...this.position.state.vaults.values()].reduce((sum, vault) => sum + holdings(vault), 0n);
  }

  /** Takes one transaction in; `blobOf` gives the blob of each of its batches. */
  async apply(transaction: HistoryTransaction, blobOf: (settlement: SettleBatchData) => Promise<FetchedBlob>): Promise<void> {
    const { position } = this;
    const { signature, slot } = transaction;
    this.#checkOrder(transaction);
    for (const frame of transaction.frames) {
      const { instruction } = frame;
      if (instruction.name !== 'init_house' && !position.state.house) {
        // One divergence for all of it: nothing can be followed from the middle.
        if (!position.divergences.some(({ code }) => code === 'history-incomplete')) {
          const message = 'the history does not begin with the making of the house: the node lacks its oldest transactions';
          this.report('history-incomplete', message, { transaction: signature, slot: `${slot}`, found: instruction.name });
        }
        continue;
      }
      await this.#applyFrame(frame, { transaction, blobOf });
    }
    this.#conserve(transaction);
    position.counts.transactions += 1;
    position.sameSlot = position.last?.slot === slot ? [...position.sameSlot, signature] : [signature];
    position.last = { signature, slot };
  }

  /** Reports a divergence of the history, or of what it is compared with. */
  report(code: DivergenceCode, message: string, values: Values = {}): void {
    const { counts, divergences } = this.position;
    counts.divergences += 1;
    if (divergences.length < MAX_DIVERGENCES) divergences.push({ code, message, ...values });
  }

  #checkOrder({ signature, slot }: HistoryTransaction): void {
    const { last, sameSlot } = this.position;
    const about = { transaction: signature, slot: `${slot}` };
    if (last && slot < last.slot) {
      this.report('transaction-order', 'it comes after one of a later slot', {
        ...about,
        expected: `slot ${last.slot} or later`,
      });
    }
    if (last?.slot === slot && sameSlot.includes(signature)) this.report('transaction-duplicate', 'it comes twice', about);
  }

  async #applyFrame(
    frame: Frame,
    context: { transaction: HistoryTransaction; blobOf(settlement: SettleBatchData): Promise<FetchedBlob> },
  ): Promise<void> {
    const { transaction, blobOf } = context;
    const { signature, slot, blockTimeMs } = transaction;
    const { state, counts } = this.position;
    const touched = touchedVaults(frame).flatMap((address) => state.vaults.get(address) ?? []);
    const before = touched.reduce((sum, vault) => sum + holdings(vault), 0n);
    const report = (code: DivergenceCode, message: string, values?: Values) =>
      this.report(code, message, { transaction: signature, slot: `${slot}`, ...values });
    const step = new Step({ state, place: this.#place, frame, slot, report });
    let batch: SettledBatch | undefined;
    if (frame.instruction.name === 'settle_batch') {
      const blob = await blobOf(frame.instruction);
      batch = settleBatch(step as Step<'settle_batch'>, { blob, keys: this.#keys });
      counts.batches += 1;
      if (batch) this.#tell(batch, { signature, slot, blockTimeMs });
    } else await RULES[frame.instruction.name](step as never);
    this.#held += touched.reduce((sum, vault) => sum + holdings(vault), 0n) - before;
    this.#hooks.onCall?.({
      ...{ signature, slot, blockTimeMs, instruction: frame.instruction, event: frame.events[0], batch, house: state.house },
      vaults: touchedVaults(frame).flatMap((address) => {
        const vault = state.vaults.get(address);
        return vault ? [{ address, vault }] : [];
      }),
    });
  }

  #tell(batch: SettledBatch, at: { signature: string; slot: bigint; blockTimeMs: number | undefined }): void {
    const { counts } = this.position;
    counts.bets += batch.event.outcomes.length;
    if (batch.proofVerified) counts.proofsVerified += 1;
    if (batch.blob === 'whole') counts.blobs += 1;
    this.#hooks.onBatch?.(batch, at);
    if (!this.#hooks.onBet) return;
    for (const run of batch.runs) for (const bet of run.bets) this.#hooks.onBet({ batch, run, bet });
  }

  /** `liabilities` is the sum of its parts, after every transaction. */
  #conserve({ signature, slot }: HistoryTransaction): void {
    const { house } = this.position.state;
    if (!house) return;
    const parts = this.#held + house.balance + house.claimable;
    if (house.liabilities === parts) return;
    const values = { transaction: signature, slot: `${slot}`, expected: `${parts}`, found: `${house.liabilities}` };
    this.report('liabilities', 'what is owed is not the sum of its parts', values);
    // Said once.
    house.liabilities = parts;
  }
}

type Rule = { [Name in ProgramInstruction['name']]: (step: Step<Name>) => void | Promise<void> };

const RULES: Omit<Rule, 'settle_batch'> = {
  init_house: houseRules.initHouse,
  add_terms: houseRules.addTerms,
  add_verifying_key: houseRules.addVerifyingKey,
  retire_verifying_key: houseRules.retireVerifyingKey,
  open_vault: vaultRules.openVault,
  deposit: vaultRules.deposit,
  request_withdrawal: vaultRules.requestWithdrawal,
  settle_transfers: settleTransfers,
  claim: vaultRules.claim,
  force_exit: vaultRules.forceExit,
  rotate_session_key: vaultRules.rotateSessionKey,
  challenge: vaultRules.challenge,
  escalate_challenge: vaultRules.escalateChallenge,
  fund_house: houseRules.fundHouse,
  request_house_withdrawal: houseRules.requestHouseWithdrawal,
  pay_house_withdrawal: houseRules.payHouseWithdrawal,
  set_settler: houseRules.setSettler,
  advance_epoch: houseRules.advanceEpoch,
  schedule_change: houseRules.scheduleChange,
  apply_change: houseRules.applyChange,
  set_paused: houseRules.setPaused,
};

/** The vaults that a call can change. */
function touchedVaults({ instruction, events }: Frame) {
  const named: HouseEvent | undefined = events[0];
  const ofEvent = named?.name === 'BatchSettled' ? named.runs.map(({ vault }) => vault) : [];
  if (instruction.name === 'settle_batch') return [...new Set(ofEvent)];
  if (instruction.name === 'settle_transfers') return [...new Set(instruction.transfers.map(({ vault }) => vault))];
  return 'vault' in instruction ? [instruction.vault] : [];
}
