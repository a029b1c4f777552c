import type { Address } from '@solana/kit';
import { toHex } from '../protocol/bytes.ts';
import { consume, payRequest, settleChallenge } from './apply-vault.ts';
import { type BatchCheck, checkBatch } from './batch.ts';
import type { FetchedBlob } from './blob-source.ts';
import { prepareKey } from './groth16.ts';
import type { BatchSettled } from './layout/events.ts';
import { readBatchRuns } from './layout/instructions.ts';
import type { PreparedKeys, Step, StepContext } from './state.ts';

/** A batch that was checked, with the event that it is about. */
export interface SettledBatch extends BatchCheck {
  event: BatchSettled;
  blob: 'whole' | 'absent' | 'altered';
}

/** Checks a batch and takes it into the state as the chain tells it. Undefined if there is not enough to check it by. */
export function settleBatch(
  step: Step<'settle_batch'>,
  given: { blob: FetchedBlob; keys: PreparedKeys },
): SettledBatch | undefined {
  const { instruction, state, place, slot, house } = step;
  const event = step.event('BatchSettled');
  checkLeader(step, instruction);
  step.same('batch-number', 'the batch is not the next', { expected: house.lastBatch + 1n, found: instruction.batchNumber });
  house.lastBatch = instruction.batchNumber;
  house.lastBlobHash = instruction.blobHash;
  const terms = state.terms.get(instruction.terms);
  const verifyingKey = state.keys.get(instruction.verifyingKey);
  if (!terms) step.report('batch-terms', 'the batch is of terms that the house never opened', { found: instruction.terms });
  if (!verifyingKey)
    step.report('batch-key', 'the batch is of a key that the house never had', { found: instruction.verifyingKey });
  if (!event || !terms || !verifyingKey) return undefined;
  const { blob } = given;
  if ('missing' in blob) reportBlob(step, event, blob.missing);
  const check = checkBatch({
    ...{ slot, event, instruction, terms, verifyingKey, vaults: state.vaults },
    ...{ house: place.house, domain: place.domain, blob: 'bytes' in blob ? blob.bytes : undefined },
    preparedKey: preparedKey(given.keys, { address: instruction.verifyingKey, key: verifyingKey.key }),
  });
  for (const { code, message, ...more } of check.divergences) step.report(code, message, more);
  applyRuns(step, event, check);
  return { ...check, event, blob: 'missing' in blob ? blob.missing : 'whole' };
}

function preparedKey(keys: PreparedKeys, { address, key }: { address: string; key: Uint8Array }) {
  const known = keys.get(address);
  if (known) return known;
  try {
    const prepared = prepareKey(key);
    keys.set(address, prepared);
    return prepared;
  } catch {
    // Reported when the key was made, and by the check of the proof.
    return undefined;
  }
}

function reportBlob(step: StepContext, event: BatchSettled, missing: 'absent' | 'altered'): void {
  const values = { batch: `${event.batchNumber}`, expected: toHex(event.blobHash) };
  if (missing === 'absent') step.report('blob-missing', 'the blob of a settled batch is not there', values);
  else step.report('blob-altered', 'what lies under the name of the blob has another hash', values);
}

function applyRuns(step: Step<'settle_batch'>, event: BatchSettled, check: BatchCheck): void {
  const { state, house } = step;
  let gained = 0n;
  for (const run of event.runs) {
    const vault = state.vaults.get(run.vault);
    gained += run.after - run.start;
    // Reported by the check.
    if (!vault) continue;
    consume(vault, run.consumed);
    vault.balance = run.after;
    vault.lastBet = run.firstBet + BigInt(run.betCount) - 1n;
    vault.lastTerms = event.termsId;
    vault.head = check.runs.find((checked) => checked.vault === run.vault)?.head;
    settleChallenge(house, vault, run);
    if (paysRequest(step, event, run.vault)) payRequest(vault);
  }
  house.balance -= gained;
  const batch = `${event.batchNumber}`;
  step.hold('house-balance', house.balance >= 0n, 'the house pays what it does not have', { batch, found: `${house.balance}` });
  const balances = { expected: house.balance, found: event.houseBalanceAfter };
  step.same('house-balance', 'the house did not win what the bettors lost', balances);
}

/** Whether the instruction pays the vault's request: one of nothing is cleared too. */
function paysRequest({ instruction, state }: Step<'settle_batch'>, event: BatchSettled, vault: Address): boolean {
  const maxBets = state.keys.get(instruction.verifyingKey)?.maxBets ?? 0;
  const index = instruction.vaults.indexOf(vault);
  try {
    return readBatchRuns(instruction, maxBets).runs[index]?.pay ?? false;
  } catch {
    return event.runs.some((run) => run.vault === vault && run.paid > 0n);
  }
}

export function settleTransfers(step: Step<'settle_transfers'>): void {
  const { instruction, house } = step;
  const event = step.event('TransfersSettled');
  checkLeader(step, instruction);
  const number = { expected: house.lastTransfer + 1n, found: instruction.transferNumber };
  step.same('transfer-number', 'the transfers are not the next', number);
  house.lastTransfer = instruction.transferNumber;
  if (event) {
    step.same('event-mismatch', 'the event has another number', {
      expected: instruction.transferNumber,
      found: event.transferNumber,
    });
    const counts = { expected: instruction.transfers.length, found: event.transfers.length };
    step.same('event-mismatch', 'the event counts other vaults', counts);
  }
  for (const [index, told] of instruction.transfers.entries()) {
    const vault = step.vault(told.vault);
    if (!vault) continue;
    const about = { vault: told.vault };
    step.hold('vault-frozen', !vault.frozen, 'a transfer of a frozen vault', about);
    step.hold('deposit', told.consume <= vault.pendingDeposit, 'more is consumed than was deposited', {
      ...about,
      expected: `at most ${vault.pendingDeposit}`,
      found: `${told.consume}`,
    });
    consume(vault, told.consume);
    const paid = told.pay ? payRequest(vault) : 0n;
    const said = event?.transfers[index];
    if (!said) continue;
    step.same('event-mismatch', 'the event names another vault', { expected: told.vault, found: said.vault, ...about });
    step.same('transfer', 'another deposit is consumed', { expected: told.consume, found: said.consumed, ...about });
    step.same('transfer', 'another amount is paid', { expected: paid, found: said.paid, ...about });
    step.same('transfer', 'another balance is left', { expected: vault.balance, found: said.balance, ...about });
  }
}

function checkLeader(step: StepContext, sent: { settler: string; leaderEpoch: bigint; leaderNonce: bigint }): void {
  const { house } = step;
  step.same('authority', 'it was not the settler', { expected: house.settler, found: sent.settler });
  const expected = `${house.leaderEpoch} ${house.leaderNonce}`;
  step.same('leader', 'another leader than the present settles', { expected, found: `${sent.leaderEpoch} ${sent.leaderNonce}` });
}
