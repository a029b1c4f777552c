/** What is checked of one bet, in this order, and what a passed check means; docs/auditing/receipts.md has more. Append-only. */
export const BET_CHECKS = {
  'vault-address': "the vault is the owner's in this house",
  'receipt-message': 'the receipt is one, byte for byte',
  'receipt-place': 'the receipt names this chain, house and vault',
  'receipt-signature': 'the receipt is signed by the key that the file names',
  head: 'the receipt is of exactly this bet and all bets before it',
  'receipt-bet': "number, terms and stake in the receipt are the bet's",
  'session-signature': "the bettor's session key signed the bet",
  'seed-commitment': 'the house committed to the seeds of this range, in writing',
  'seed-path': 'the revealed seed is the one committed to',
  outcome: 'seed and bet give the outcome in the receipt',
  chain: "the node is one of the receipt's chain",
  house: 'the house is on chain, of this program and chain',
  'receipt-key': "the signing key is the house's receipt key",
  vault: 'the vault is on chain',
  terms: 'the payout is that of the odds on chain',
  settlement: 'the bet is settled on chain',
  hints: 'the settlement that the file names is that one',
  batch: 'the settling transaction, its event and its accounts agree',
  'batch-bet': "the batch settled this bet with the receipt's outcome",
  blob: "the batch's blob is there and is the one that the chain names",
  'blob-content': 'every bet in the blob is signed, chained and adds up',
  'blob-bet': 'the blob has this very bet',
  'session-key': "the session key is the vault's",
  proof: "the batch's proof holds under the verifying key on chain",
} as const;

export type BetCheckName = keyof typeof BET_CHECKS;

/**
 * Whom a failed check speaks against, once all that it rests on has passed. `file`: it was altered, or is not what it says. `house`: the
 * house's own signature contradicts itself or the chain. `node`: it tells a story that the program would not have let happen. `blobs`:
 * where the blob came from has another.
 */
export type Blame = 'file' | 'house' | 'node' | 'blobs';

/** What a check held against each other, or looked at: what it is, and its value as text. For people; nothing is decided by it. */
export type Compared = Readonly<Record<string, string>>;

export interface BetCheck {
  name: BetCheckName;
  result: 'passed' | 'failed' | 'skipped';
  /** What was found, or why it was not looked at. */
  detail: string;
  blame: Blame | undefined;
  compared: Compared;
}

/** The checks of one bet as they are made. */
export class BetChecks {
  readonly list: BetCheck[] = [];
  readonly #onCheck: (check: BetCheck) => void;

  /** `onCheck` hears of each check once it is decided. */
  constructor(onCheck: (check: BetCheck) => void = () => {}) {
    this.#onCheck = onCheck;
  }

  pass(name: BetCheckName, compared: Compared = {}, detail: string = BET_CHECKS[name]): void {
    this.#add({ name, result: 'passed', detail, blame: undefined, compared });
  }

  fail(name: BetCheckName, blame: Blame, detail: string, compared: Compared = {}): void {
    this.#add({ name, result: 'failed', detail, blame, compared });
  }

  skip(name: BetCheckName, detail: string): void {
    this.#add({ name, result: 'skipped', detail, blame: undefined, compared: {} });
  }

  /** Passes a check if nothing is wrong: `wrong` undefined. */
  judge(name: BetCheckName, blame: Blame, wrong: string | undefined, compared: Compared = {}): void {
    if (wrong === undefined) this.pass(name, compared);
    else this.fail(name, blame, wrong, compared);
  }

  #add(check: BetCheck): void {
    this.list.push(check);
    this.#onCheck(check);
  }

  /** Skips those of the names that were not looked at. */
  skipRest(names: readonly BetCheckName[], reason: string): void {
    for (const name of names) if (!this.list.some((check) => check.name === name)) this.skip(name, reason);
  }

  passed(...names: readonly BetCheckName[]): boolean {
    return names.every((name) => this.list.some((check) => check.name === name && check.result === 'passed'));
  }
}

/** The first of some statements that is not true, in words; undefined if all are. */
export function firstWrong(statements: readonly (readonly [holds: boolean, wrong: string])[]): string | undefined {
  return statements.find(([holds]) => !holds)?.[1];
}
