import { NEVER } from '../../program/client/index.ts';
import { sessionKeyHashOf } from '../../protocol/account.ts';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import type { VaultState } from '../admission/vault-state.ts';
import type { VaultView } from '../chain/view.ts';

/**
 * The slot before which a vault's open bets must land, or undefined: its open request's deadline (then it may leave by force), the
 * end of a session key that signed some of them and that a rotation replaces (they can not settle after that: an end that has passed is
 * no deadline any more), the time from which an open challenge holds the house's own money up. `slot` is the chain's.
 */
export function deadlineOf(vault: VaultState, chain: { exitDelaySlots: bigint; slot: bigint }): bigint | undefined {
  if (vault.openBets.length === 0) return undefined;
  const deadlines = [vault.finalized, vault.confirmed].flatMap((view) => [...deadlinesOf(vault, view, chain)]);
  return deadlines.reduce<bigint | undefined>((first, one) => (first === undefined || one < first ? one : first), undefined);
}

function* deadlinesOf(
  vault: VaultState,
  view: VaultView,
  { exitDelaySlots, slot }: { exitDelaySlots: bigint; slot: bigint },
): Generator<bigint> {
  if (view.requestAmount > 0n) yield view.requestDeadline;
  if (view.challengeBet > view.lastBet) yield view.challengeSlot + exitDelaySlots;
  for (const { hash, until } of view.keys) {
    if (hash !== 0n && until !== NEVER && until >= slot && signingKeys(vault).has(hash)) yield until;
  }
}

/** Hashes of session keys by their bytes, of the open bets as they were last looked at: a hash costs more than the rest. */
const hashesOf = new WeakMap<VaultState, Map<string, bigint>>();

/** Hashes of the session keys that signed the open bets of a vault. */
function signingKeys(vault: VaultState): Set<bigint> {
  const known = hashesOf.get(vault);
  const hashes = new Map<string, bigint>();
  for (const { bet } of vault.openBets) {
    const key = Buffer.from(bet.sessionKey).toString('latin1');
    if (!hashes.has(key)) hashes.set(key, known?.get(key) ?? sessionKeyHashOf(pointFromBytes(bet.sessionKey)));
  }
  hashesOf.set(vault, hashes);
  return new Set(hashes.values());
}
