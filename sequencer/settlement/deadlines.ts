import { NEVER } from '../../program/client/index.ts';
import type { VaultState } from '../admission/vault-state.ts';
import type { VaultView } from '../chain/view.ts';

/**
 * The slot before which a vault's waiting bets must land, or undefined: its open request's deadline (then it may leave by force), the
 * end of a session key that a rotation replaces (its bets can not settle after that), the time from which an open challenge holds the
 * house's own money up.
 */
export function deadlineOf(vault: VaultState, exitDelaySlots: bigint): bigint | undefined {
  if (vault.openBets.length === 0) return undefined;
  const deadlines = [vault.finalized, vault.confirmed].flatMap((view) => [...deadlinesOf(view, exitDelaySlots)]);
  return deadlines.reduce<bigint | undefined>((first, one) => (first === undefined || one < first ? one : first), undefined);
}

function* deadlinesOf(view: VaultView, exitDelaySlots: bigint): Generator<bigint> {
  if (view.requestAmount > 0n) yield view.requestDeadline;
  if (view.challengeBet > view.lastBet) yield view.challengeSlot + exitDelaySlots;
  for (const { hash, until } of view.keys) if (hash !== 0n && until !== NEVER) yield until;
}
