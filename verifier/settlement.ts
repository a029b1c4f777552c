import type { Address } from '@solana/kit';
import { compareBytes, toHex } from '../protocol/bytes.ts';
import type { Divergence, DivergenceCode } from './divergence.ts';
import { messageOf } from './errors.ts';
import type { KeySlot, Terms, VerifyingKey } from './layout/accounts.ts';
import type { BatchSettled, SettledRun } from './layout/events.ts';
import { type BatchRun, readBatchRuns, type SettleBatchData } from './layout/instructions.ts';
import { addressBytes } from './layout/reader.ts';

/** What is known of a vault just before a batch; what is not known is not compared. */
export interface VaultBefore {
  accountId: bigint;
  keys?: readonly [KeySlot, KeySlot] | undefined;
  /** Head of its last bet, `accountId` before its first. */
  head?: bigint | undefined;
  lastBet?: bigint;
  lastTerms?: number;
  balance?: bigint;
  pendingDeposit?: bigint;
  requestAmount?: bigint;
  frozen?: boolean;
}

/** A batch as the chain has it: what the program said, what it was told, and what it was told it by. */
export interface BatchOnChain {
  slot: bigint;
  event: BatchSettled;
  instruction: SettleBatchData;
  terms: Terms;
  verifyingKey: VerifyingKey;
  vaults: ReadonlyMap<Address, VaultBefore>;
}

/** Reports a divergence of the batch at hand. */
export type Report = (code: DivergenceCode, message: string, more?: Partial<Divergence>) => void;

/**
 * Compares a batch's event with its instruction, and both with what the vaults had before and with the key's limits. Returns the instruction's
 * runs, undefined if it cannot be read.
 */
export function checkSettlement(batch: BatchOnChain, report: Report): BatchRun[] | undefined {
  const { event, instruction, terms, verifyingKey, slot } = batch;
  const same = (name: string, found: string | number | bigint, expected: string | number | bigint) => {
    if (found === expected) return;
    report('event-mismatch', `the event's ${name} is not the instruction's`, { expected: `${expected}`, found: `${found}` });
  };
  same('batch number', event.batchNumber, instruction.batchNumber);
  same('verifying key', event.verifyingKeyId, instruction.verifyingKeyId);
  same('blob hash', toHex(event.blobHash), toHex(instruction.blobHash));
  same('terms', event.termsId, terms.id);
  if (verifyingKey.id !== instruction.verifyingKeyId) {
    report('batch-key', 'the instruction names one verifying key and brings another', {
      expected: `${instruction.verifyingKeyId}`,
      found: `${verifyingKey.id}`,
    });
  }
  if (slot < verifyingKey.activeFromSlot || slot >= verifyingKey.retiredFromSlot) {
    report('batch-key', `verifying key ${verifyingKey.id} is not in force`, {
      expected: `${verifyingKey.activeFromSlot} to ${verifyingKey.retiredFromSlot}`,
      found: `${slot}`,
    });
  }
  let told: ReturnType<typeof readBatchRuns>;
  try {
    told = readBatchRuns(instruction, verifyingKey.maxBets);
  } catch (error) {
    report('batch-instruction', `its outcomes and runs cannot be read: ${messageOf(error)}`);
    return undefined;
  }
  if (event.outcomes.join('') !== told.outcomes.join('')) {
    report('event-mismatch', "the event's outcomes are not the instruction's", {
      expected: told.outcomes.join(''),
      found: event.outcomes.join(''),
    });
  }
  same('number of vaults', event.runs.length, told.runs.length);
  same('vaults', event.runs.map(({ vault }) => vault).join(' '), instruction.vaults.join(' '));
  if (told.runs.length !== instruction.vaults.length) report('batch-instruction', 'it counts other vaults than its accounts');
  checkShape(batch, told, report);
  for (const [index, run] of told.runs.entries()) {
    const said = event.runs[index];
    if (said)
      checkRun(batch, { told: run, said }, (code, message, more) => report(code, message, { vault: said.vault, ...more }));
  }
  return told.runs;
}

function checkShape(batch: BatchOnChain, told: ReturnType<typeof readBatchRuns>, report: Report): void {
  const { maxBets, maxVaults } = batch.verifyingKey;
  const { vaults } = batch.instruction;
  if (told.outcomes.length > maxBets || told.runs.length > maxVaults || told.runs.length === 0) {
    report('batch-instruction', 'its size is not that of its verifying key', {
      expected: `at most ${maxBets} bets of ${maxVaults} vaults`,
      found: `${told.outcomes.length} bets of ${told.runs.length} vaults`,
    });
  }
  if (told.runs.some(({ betCount }) => betCount === 0)) report('batch-instruction', 'a run without a bet');
  const ascend = vaults.every((vault, index) => {
    const previous = vaults[index - 1];
    return previous === undefined || compareBytes(addressBytes(previous), addressBytes(vault)) < 0;
  });
  if (!ascend) report('batch-instruction', 'its vaults do not ascend by address: one may be settled twice');
}

function checkRun(batch: BatchOnChain, { told, said }: { told: BatchRun; said: SettledRun }, report: Report): void {
  const same = (code: DivergenceCode, message: string, found: bigint | number, expected: bigint | number | undefined) => {
    if (expected !== undefined && found !== expected) report(code, message, { expected: `${expected}`, found: `${found}` });
  };
  same('event-mismatch', "the event's bet count is not the instruction's", said.betCount, told.betCount);
  same('event-mismatch', "the event's balance after is not the instruction's", said.after, told.after);
  same('event-mismatch', "the event's consumed deposit is not the instruction's", said.consumed, told.consume);
  const vault = batch.vaults.get(said.vault);
  if (!vault) return report('vault-unknown', 'no event opened this vault');
  const { balance, pendingDeposit, requestAmount, lastBet, lastTerms } = vault;
  if (vault.frozen) report('vault-frozen', 'a frozen vault is settled');
  if (lastTerms !== undefined && batch.terms.id < lastTerms) {
    report('batch-terms', 'its terms go back', { expected: `at least ${lastTerms}`, found: `${batch.terms.id}` });
  }
  same(
    'run-balance',
    'the run does not start with what the vault has',
    said.start,
    balance !== undefined ? balance + told.consume : undefined,
  );
  same(
    'batch-number',
    "the run does not begin with the vault's next bet",
    said.firstBet,
    lastBet !== undefined ? lastBet + 1n : undefined,
  );
  if (pendingDeposit !== undefined && told.consume > pendingDeposit) {
    report('deposit', 'more is consumed than was deposited', { expected: `at most ${pendingDeposit}`, found: `${told.consume}` });
  }
  if (pendingDeposit !== undefined && requestAmount !== undefined) {
    const reach = told.after + pendingDeposit - told.consume;
    const payable = requestAmount < reach ? requestAmount : reach;
    same('withdrawal', 'the request is not paid as it must be', said.paid, told.pay ? payable : 0n);
  }
  if (vault.keys) checkKey(vault.keys[told.keySlot], batch.slot, report);
}

function checkKey(key: KeySlot, slot: bigint, report: Report): void {
  if (key.hash !== 0n && key.from <= slot && slot <= key.until) return;
  report('session-key', 'the session key is not valid in this slot', {
    expected: key.hash === 0n ? 'a key' : `slot ${key.from} to ${key.until}`,
    found: `slot ${slot}`,
  });
}
