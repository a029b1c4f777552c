import type { Address } from '@solana/kit';
import { type PublicBatch, publicInput } from '../protocol/batch.ts';
import { fieldToHex } from '../protocol/bytes.ts';
import { type CheckedRun, checkBlob } from './blob-check.ts';
import type { Divergence } from './divergence.ts';
import { messageOf } from './errors.ts';
import { type PreparedKey, prepareKey, verifyGroth16 } from './groth16.ts';
import type { BatchRun } from './layout/instructions.ts';
import { type BatchOnChain, checkSettlement, type Report } from './settlement.ts';

/** Divergences of one batch that are told; each is one too many. */
const MAX_DIVERGENCES = 50;

export interface BatchInput extends BatchOnChain {
  house: Address;
  /** The house's, from the genesis hash. */
  domain: bigint;
  /** The blob's bytes, which are those of the batch's hash; undefined if there are none: the rest is checked. */
  blob: Uint8Array | undefined;
  /** The verifying key's points, if they are at hand: `prepareKey` takes some milliseconds. */
  preparedKey?: PreparedKey | undefined;
}

export interface BatchCheck {
  divergences: Divergence[];
  /** Empty without a blob. */
  runs: CheckedRun[];
  proofVerified: boolean;
}

/**
 * Everything about one batch: event, instruction and vaults agree; the blob's bets are signed, continue the vaults' heads and lead to the settled
 * outcomes and balances; and the proof holds for the public input that the **chain** gives (accountIds and key hashes as known
 * from it, not the blob's word, where `vaults` know them).
 */
export function checkBatch(input: BatchInput): BatchCheck {
  const divergences: Divergence[] = [];
  const report: Report = (code, message, more) => {
    if (divergences.length < MAX_DIVERGENCES) {
      divergences.push({ code, message, slot: `${input.slot}`, batch: `${input.event.batchNumber}`, ...more });
    }
  };
  const told = checkSettlement(input, report);
  const runs = input.blob ? checkBlob(input.blob, input, report) : [];
  const proofVerified = told !== undefined && checkProof(input, { told, runs }, report);
  return { divergences, runs, proofVerified };
}

function checkProof(input: BatchInput, { told, runs }: { told: BatchRun[]; runs: CheckedRun[] }, report: Report): boolean {
  const { event, instruction, terms, verifyingKey } = input;
  const slots: PublicBatch['runs'] = [];
  for (const [index, said] of event.runs.entries()) {
    const vault = input.vaults.get(said.vault);
    const run = told[index];
    const checked = runs.find(({ vault }) => vault === said.vault);
    const sessionKeyHash = vault?.keys && run ? vault.keys[run.keySlot].hash : checked?.sessionKeyHash;
    if (!vault || sessionKeyHash === undefined) {
      report('proof', 'the proof cannot be checked: a vault or its session key is not known', { vault: said.vault });
      return false;
    }
    if (checked && checked.sessionKeyHash !== sessionKeyHash) {
      report('session-key', "the blob's session key is not the vault's", {
        vault: said.vault,
        expected: fieldToHex(sessionKeyHash),
        found: fieldToHex(checked.sessionKeyHash),
      });
    }
    const { start, after, firstBet, betCount } = said;
    slots.push({ accountId: vault.accountId, sessionKeyHash, start, after, firstBet, betCount });
  }
  try {
    const batch: PublicBatch = {
      batchNumber: instruction.batchNumber,
      termsId: terms.id,
      profitBps: terms.profitBps,
      vrfCommitment: terms.vrfCommitment,
      blobHash: instruction.blobHash,
      outcomes: event.outcomes,
      runs: slots,
    };
    const key = input.preparedKey ?? prepareKey(verifyingKey.key);
    const holds = verifyGroth16({ key, proof: instruction.proof, publicInput: publicInput(batch, verifyingKey.maxVaults) });
    if (!holds) report('proof', `the proof does not hold under verifying key ${verifyingKey.id}`);
    return holds;
  } catch (error) {
    report('proof', `the proof cannot be checked: ${messageOf(error)}`);
    return false;
  }
}
