import type { Address } from '@solana/kit';
import { decodeOwned, decodeVerifyingKey } from '../program/client/accounts.ts';
import { keyWeakness } from '../protocol/development-keys.ts';
import type { Chain } from './chain.ts';

/**
 * Whether the house has a verifying key whose secret is public, at work or still to come: then whoever runs the house, or has its settler
 * key, can settle bets that nobody made, and a vault is worth what its operator's word is worth. Undefined if the node does not tell, as
 * some public nodes do not: then it is not known, and no reason to be calm.
 */
export async function hasDevelopmentKeys(
  chain: Chain,
  { program, house }: { program: Address; house: Address },
): Promise<boolean | undefined> {
  try {
    const [slot, accounts] = await Promise.all([chain.slot('finalized'), chain.verifyingKeys({ program, house })]);
    const keys = accounts.map((account) => decodeOwned(account, { program, decode: decodeVerifyingKey }));
    if (keys.length === 0) return undefined;
    return keys.some((key) => key.house === house && key.retiredFromSlot > slot && keyWeakness(key.key) !== undefined);
  } catch {
    return undefined;
  }
}

/** What a bettor is told before a vault is opened; undefined where there is nothing to tell. */
export function developmentKeyWarning(developmentKeys: boolean | undefined): string | undefined {
  if (developmentKeys === true) {
    return 'this house takes proofs under DEVELOPMENT KEYS, whose secret is public: its operator can take any balance. Put no real money in.';
  }
  if (developmentKeys === undefined) return "this node does not show the house's verifying keys: they may be development keys";
  return undefined;
}
