import type { CasinoInstruction, InstructionName } from '../client/index.ts';
import idl from '../idl.json' with { type: 'json' };
import type { Stage } from './stage.ts';

/** An account as the IDL lists it. */
export interface ListedAccount {
  name: string;
  signer: boolean;
  writable: boolean;
}

/** One instruction's accounts in a house of native lamports, or (`tokens`) of an SPL token where that differs. */
export interface AccountList {
  name: InstructionName;
  accounts: ListedAccount[];
  /** The vaults that the valid example of a settlement names after them. */
  settled: ListedAccount[];
  tokens: boolean;
}

const VAULT = { name: 'vault', signer: false, writable: true };

export const LISTS: AccountList[] = [
  ...idl.instructions.map(({ name, accounts, remainingAccounts }) => ({
    name: name as InstructionName,
    accounts,
    settled: remainingAccounts === undefined ? [] : [VAULT, VAULT],
    tokens: false,
  })),
  ...idl.instructions.flatMap(({ name, splAccounts }) =>
    splAccounts === undefined ? [] : [{ name: name as InstructionName, accounts: splAccounts, settled: [], tokens: true }],
  ),
];

/** Accounts of this program's types. */
export const STATE = ['house', 'terms', 'verifyingKey', 'vault'];
/** Those that an instruction makes: anything else in their place is at a wrong address. */
const CREATED = ['initHouse.house', 'addTerms.terms', 'addVerifyingKey.verifyingKey', 'openVault.vault'];

export const upper = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

/** Where an attempt is made: the account and its index. */
export interface Target {
  index: number;
  account: string;
  name: InstructionName;
}

/** Makes the attempt on every account of every list for which `pick` holds, each with a fresh valid instruction. */
export async function eachAccount(
  stages: { native: Stage; ofTokens: Stage },
  pick: (account: ListedAccount) => boolean,
  attempt: (stage: Stage, instruction: CasinoInstruction, target: Target) => Promise<void>,
): Promise<void> {
  for (const { name, accounts, settled, tokens } of LISTS) {
    const stage = tokens ? stages.ofTokens : stages.native;
    for (const [index, account] of [...accounts, ...settled].entries()) {
      if (!pick(account) || CREATED.includes(`${name}.${account.name}`)) continue;
      await attempt(stage, await stage.valid[name](), { index, account: account.name, name });
    }
  }
}
