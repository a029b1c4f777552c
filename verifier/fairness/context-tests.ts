import {
  chiSquareResult,
  type FairnessTest,
  halfResult,
  type ObservedBet,
  percent,
  type TestResult,
  untested,
  zResult,
} from './test-result.ts';

/** Fewest bets of a group that is compared with others: ten of each result are then expected. */
const LEAST_OF_A_GROUP = 20;
const LEAST_BETS = 100;
/** Most vaults told apart; bets of further ones are left out where their vault matters. */
const MOST_VAULTS = 200_000;
/** Fewest bets of vaults whose luck is known. */
const LEAST_LUCK = 1_000;

/** Whether bets are won as often as lost, which odds as announced need: NIST SP 800-22, 2.1, over wins. */
export class WinsTest implements FairnessTest {
  #bets = 0;
  #wins = 0;

  add(bet: ObservedBet): void {
    this.#bets += 1;
    if (bet.outcome === bet.choice) this.#wins += 1;
  }

  result(): TestResult {
    const named = { name: 'wins', claim: 'bets are won as often as lost', bets: this.#bets };
    return halfResult({ ...named, leastBets: LEAST_BETS, hits: this.#wins, called: 'won' });
  }
}

/** The largest stake may have a thousandth of the variance: with more of it a few bets decide, and the sum is far from normal. */
const LEAST_EFFECTIVE_BETS = 1_000;

/**
 * Whether what the house earned is what chance gives: the stakes won less the stakes lost, over the root of the sum of their squares.
 * It sees what hides in a few large stakes, for those weigh most. (A sum of independent signs with weights; Lindeberg.)
 */
export class StakeWeightedTest implements FairnessTest {
  #bets = 0;
  #balance = 0;
  #squares = 0;
  #largest = 0;

  add(bet: ObservedBet): void {
    // Below 2^40, so exact as a number; nothing here is money that is paid.
    const stake = Number(bet.stakeUnits);
    this.#bets += 1;
    this.#balance += bet.outcome === bet.choice ? stake : -stake;
    this.#squares += stake * stake;
    this.#largest = Math.max(this.#largest, stake);
  }

  result(): TestResult {
    const named = { name: 'stake-weighted', claim: 'weighted by the stakes, as much is won as lost', bets: this.#bets };
    const effective = this.#squares / this.#largest ** 2;
    if (!(effective >= LEAST_EFFECTIVE_BETS)) {
      return untested({ ...named, missing: `needs bets that weigh as much as ${LEAST_EFFECTIVE_BETS} of the largest stake` });
    }
    const z = this.#balance / Math.sqrt(this.#squares);
    const seen = `weighs as much as ${effective.toFixed(0)} bets of the largest stake`;
    return zResult({ ...named, z, seen });
  }
}

interface Group {
  label: string;
  bets: number;
  hits: number;
}

/** Bets in a few groups, and how many of each group were hits: what the tests of sameness share. */
class Groups {
  readonly #groups = new Map<string, Group>();

  add(label: string, hit: boolean): void {
    let group = this.#groups.get(label);
    if (!group) {
      group = { label, bets: 0, hits: 0 };
      this.#groups.set(label, group);
    }
    group.bets += 1;
    if (hit) group.hits += 1;
  }

  all(): Group[] {
    return [...this.#groups.values()];
  }
}

/**
 * Whether all groups have the same share of hits: Pearson's chi-square of the table of groups by hit or not (Knuth, TAOCP 2, 3.3.1),
 * over the groups of enough bets, their common share estimated from them.
 */
function sameShares(input: {
  named: { name: string; claim: string };
  groups: readonly Group[];
  describe: (groups: readonly Group[]) => string;
}): TestResult {
  const groups = input.groups.filter((group) => group.bets >= LEAST_OF_A_GROUP);
  const bets = groups.reduce((sum, group) => sum + group.bets, 0);
  const hits = groups.reduce((sum, group) => sum + group.hits, 0);
  const named = { ...input.named, bets };
  // As many of each result expected in the smallest group as the approximation wants, whatever the common share.
  const rarest = Math.min(hits, bets - hits) / Math.max(1, bets);
  if (groups.length < 2 || bets < LEAST_BETS || rarest * LEAST_OF_A_GROUP < LEAST_EXPECTED) {
    return untested({ ...named, missing: `needs two groups of ${LEAST_OF_A_GROUP} bets, and ${LEAST_BETS} in all` });
  }
  const share = hits / bets;
  const value = groups.reduce(
    (sum, group) => sum + (group.hits - group.bets * share) ** 2 / (group.bets * share * (1 - share)),
    0,
  );
  return chiSquareResult({ ...named, value, degrees: groups.length - 1, seen: input.describe(groups) });
}
/** Fewest expected of each result in a group (Cochran's rule). */
const LEAST_EXPECTED = 5;

/** The groups' shares, for the sentence. */
function shares(groups: readonly Group[], what: string): string {
  return `${groups.map((group) => `${group.label}: ${percent(group.hits, group.bets)}`).join(', ')} ${what}`;
}

/** Whether heads come up as often when heads was chosen as when tails was: a coin does not know. */
export class ChoiceTest implements FairnessTest {
  readonly #groups = new Groups();

  add(bet: ObservedBet): void {
    this.#groups.add(bet.choice === 1 ? 'heads chosen' : 'tails chosen', bet.outcome === 1);
  }

  result(): TestResult {
    const named = { name: 'choice', claim: 'the outcome does not depend on what was chosen' };
    return sameShares({ named, groups: this.#groups.all(), describe: (groups) => shares(groups, 'heads') });
  }
}

/** Whether those who choose heads win as often as those who choose tails. */
export class WinsByChoiceTest implements FairnessTest {
  readonly #groups = new Groups();

  add(bet: ObservedBet): void {
    this.#groups.add(bet.choice === 1 ? 'heads chosen' : 'tails chosen', bet.outcome === bet.choice);
  }

  result(): TestResult {
    const named = { name: 'wins-by-choice', claim: 'heads and tails win equally often when chosen' };
    return sameShares({ named, groups: this.#groups.all(), describe: (groups) => shares(groups, 'won') });
  }
}

/** Whether large stakes win as often as small ones; a class is a power of two in stake units. */
export class WinsByStakeTest implements FairnessTest {
  readonly #groups = new Groups();

  add(bet: ObservedBet): void {
    this.#groups.add(String(bet.stakeUnits.toString(2).length - 1), bet.outcome === bet.choice);
  }

  result(): TestResult {
    const named = { name: 'wins-by-stake', claim: 'large stakes win as often as small ones' };
    const groups = this.#groups.all().sort((a, b) => Number(b.label) - Number(a.label));
    return sameShares({
      named,
      groups: withSmallClassesMerged(groups),
      describe: (classes) => {
        const off = ({ hits, bets }: Group) => Math.abs(2 * hits - bets) / Math.sqrt(bets);
        const { label, bets, hits } = classes.reduce((most, group) => (off(group) > off(most) ? group : most));
        return `furthest off of ${classes.length} classes: ${percent(hits, bets)} of ${bets} stakes from 2^${label} units won`;
      },
    });
  }
}

/** Classes from the largest stakes on, each joined to the next smaller until it is large enough: no stake is too rare to be counted. */
function withSmallClassesMerged(classes: readonly Group[]): Group[] {
  const merged: Group[] = [];
  let open: Group | undefined;
  for (const group of classes) {
    open = { label: group.label, bets: group.bets + (open?.bets ?? 0), hits: group.hits + (open?.hits ?? 0) };
    if (open.bets < LEAST_OF_A_GROUP) continue;
    merged.push(open);
    open = undefined;
  }
  const last = merged.at(-1);
  if (open && last) {
    merged[merged.length - 1] = { label: open.label, bets: last.bets + open.bets, hits: last.hits + open.hits };
  }
  return merged;
}

/** Bets of a vault before its luck is one: fewer say little of it. */
const LEAST_BEFORE = 20;
/** Fewest vaults, of equal size, that the bets are spread over: one vault's luck is one walk, and no sum of many. */
const LEAST_SPREAD = 10;

/**
 * Whether some vaults are luckier than others: then those that were lucky so far would be so again. Luck is the wins less the losses over
 * the root of their number; its sum over bets, counted against when they are lost, is a martingale whose variance is the sum of its
 * squares (Hall and Heyde, Martingale Limit Theory and its Application, 3.2). Comparing the vaults' shares of wins instead would call it
 * an anomaly that bettors stop when they are broke, or ahead.
 */
export class WinsByVaultTest implements FairnessTest {
  readonly #vaults = new Map<string, { bets: number; balance: number }>();
  #bets = 0;
  #left = 0;
  #sum = 0;
  #variance = 0;

  add(bet: ObservedBet): void {
    let vault = this.#vaults.get(bet.vault);
    if (!vault) {
      if (this.#vaults.size === MOST_VAULTS) {
        this.#left += 1;
        return;
      }
      vault = { bets: 0, balance: 0 };
      this.#vaults.set(bet.vault, vault);
    }
    const sign = bet.outcome === bet.choice ? 1 : -1;
    if (vault.bets >= LEAST_BEFORE) {
      const luck = vault.balance / Math.sqrt(vault.bets);
      this.#bets += 1;
      this.#sum += sign * luck;
      this.#variance += luck * luck;
    }
    vault.bets += 1;
    vault.balance += sign;
  }

  result(): TestResult {
    const claim = "a vault's luck so far says nothing of its next bet";
    const named = { name: 'wins-by-vault', claim, bets: this.#bets };
    const counted = [...this.#vaults.values()].map(({ bets }) => Math.max(0, bets - LEAST_BEFORE));
    const spread = this.#bets ** 2 / counted.reduce((sum, bets) => sum + bets * bets, 0);
    if (!(spread >= LEAST_SPREAD && this.#bets >= LEAST_LUCK)) {
      const missing = `needs ${LEAST_LUCK} bets in vaults of more than ${LEAST_BEFORE}, spread over ${LEAST_SPREAD} vaults or more`;
      return untested({ ...named, missing });
    }
    const z = this.#sum / Math.sqrt(this.#variance);
    const left = this.#left === 0 ? '' : `; ${this.#left} bets of further vaults left out`;
    const vaults = counted.filter((bets) => bets > 0).length;
    return zResult({ ...named, z, seen: `${vaults} vaults of more than ${LEAST_BEFORE} bets${left}` });
  }
}

/** Whether a bettor wins as often after a win as after a loss. */
export class WinsAfterWinTest implements FairnessTest {
  readonly #groups = new Groups();
  readonly #last = new Map<string, boolean>();

  add(bet: ObservedBet): void {
    const won = bet.outcome === bet.choice;
    const last = this.#last.get(bet.vault);
    if (last !== undefined) this.#groups.add(last ? 'after a win' : 'after a loss', won);
    if (last !== undefined || this.#last.size < MOST_VAULTS) this.#last.set(bet.vault, won);
  }

  result(): TestResult {
    const named = { name: 'wins-after-win', claim: 'a vault wins as often after a win as after a loss' };
    return sameShares({ named, groups: this.#groups.all(), describe: (groups) => shares(groups, 'won') });
  }
}
