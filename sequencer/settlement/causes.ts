import type { VaultView } from '../chain/view.ts';
import type { RunRecord } from '../ledger/records.ts';

/** Why the chain refuses a run, in words; `lasting` if no later state of the chain will take it either. */
export interface Cause {
  reason: string;
  lasting: boolean;
}

/**
 * Why the chain would refuse a run, by the vault as it stands right before the batch: the program's own checks, in its order. Undefined
 * if nothing speaks against it.
 */
export function causeOf(
  run: RunRecord,
  shown: { vault: VaultView | undefined; slot: bigint; termsId: number },
): Cause | undefined {
  const { vault, slot, termsId } = shown;
  if (vault?.frozen) return { reason: 'the vault is frozen by a forced exit', lasting: true };
  const reason = vault ? (stateMismatch(run, vault, termsId) ?? keyMismatch(run, vault, slot)) : 'the vault is not on chain';
  return reason === undefined ? undefined : { reason, lasting: false };
}

function stateMismatch(run: RunRecord, vault: VaultView, termsId: number): string | undefined {
  const { lastTerms, pendingDeposit, lastBet, balance } = vault;
  if (termsId < lastTerms) return `the vault has bets under terms ${lastTerms}, the run is under ${termsId}`;
  if (run.consume > pendingDeposit) return `the run consumes ${run.consume} of deposits, the vault has ${pendingDeposit} pending`;
  if (lastBet + 1n !== run.firstBet) return `the vault's next bet is ${lastBet + 1n}, the run begins with ${run.firstBet}`;
  if (balance + run.consume === run.start) return undefined;
  return `the run starts from ${run.start}, the vault holds ${balance + run.consume}`;
}

function keyMismatch(run: RunRecord, vault: VaultView, slot: bigint): string | undefined {
  const { hash, from, until } = vault.keys[run.keySlot];
  if (hash === 0n) return `session key slot ${run.keySlot} is empty`;
  if (slot < from) return `the session key is valid from slot ${from}, the chain is at ${slot}`;
  return slot > until ? `the session key was valid until slot ${until}, the chain is at ${slot}` : undefined;
}
