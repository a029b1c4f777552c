import type { VaultView } from '../chain/view.ts';

/** What happened to a vault's money on chain, as its owner wants to hear of it. Amounts in base units. */
export type VaultChange =
  /** A request was seen for the first time, which may be before it is final: bets wait from here on. */
  | { type: 'withdrawal_requested'; amount: bigint; deadlineSlot: bigint }
  /** Finalized: the request was paid; the amount waits to be claimed. */
  | { type: 'withdrawal_paid'; amount: bigint }
  /** Finalized: what was claimable has been claimed. */
  | { type: 'claimed'; amount: bigint }
  /** Finalized: the owner has left by force; the amount, all that the vault held, waits to be claimed. */
  | { type: 'vault_closed'; amount: bigint };

/** Two looks at a vault. */
interface Looks {
  finalized: VaultView;
  confirmed: VaultView;
}

/**
 * What a newer look at a vault shows that the last one did not. A payment and a claim that both fall between two looks show as
 * neither: the vault then has what it had.
 */
export function vaultChanges(before: Looks, after: Looks): VaultChange[] {
  const changes: VaultChange[] = [];
  const requested = (looks: Looks) => looks.confirmed.requestAmount > 0n || looks.finalized.requestAmount > 0n;
  if (requested(after) && !requested(before)) {
    const { requestAmount, requestDeadline } = after.confirmed.requestAmount > 0n ? after.confirmed : after.finalized;
    changes.push({ type: 'withdrawal_requested', amount: requestAmount, deadlineSlot: requestDeadline });
  }
  const [then, now] = [before.finalized, after.finalized];
  const gained = now.claimable - then.claimable;
  if (now.frozen && !then.frozen) changes.push({ type: 'vault_closed', amount: gained > 0n ? gained : now.claimable });
  else if (gained > 0n) changes.push({ type: 'withdrawal_paid', amount: gained });
  if (gained < 0n) changes.push({ type: 'claimed', amount: -gained });
  return changes;
}
