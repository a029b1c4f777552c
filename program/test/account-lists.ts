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

/** In a house of an SPL token: what another house's account of the same kind must be refused with, by instruction and account. */
export const FOREIGN_TOKENS: Record<string, Record<string, string>> = {
  initHouse: {
    house: 'WRONG_ESCROW_ADDRESS',
    escrow: 'WRONG_ESCROW_ADDRESS',
    mint: 'WRONG_MINT',
    escrowToken: 'WRONG_ESCROW_TOKEN_ADDRESS',
  },
  deposit: {
    house: 'WRONG_VAULT_HOUSE',
    vault: 'WRONG_VAULT_HOUSE',
    payerToken: 'WRONG_TOKEN_ACCOUNT_OWNER',
    escrowToken: 'WRONG_ESCROW_TOKEN_ADDRESS',
  },
  claim: {
    owner: 'WRONG_OWNER',
    house: 'WRONG_VAULT_HOUSE',
    vault: 'WRONG_VAULT_HOUSE',
    escrow: 'WRONG_ESCROW_ADDRESS',
    escrowToken: 'WRONG_ESCROW_TOKEN_ADDRESS',
    ownerToken: 'WRONG_TOKEN_ACCOUNT_ADDRESS',
  },
  fundHouse: {
    house: 'WRONG_ESCROW_TOKEN_ADDRESS',
    payerToken: 'WRONG_TOKEN_ACCOUNT_OWNER',
    escrowToken: 'WRONG_ESCROW_TOKEN_ADDRESS',
  },
  payHouseWithdrawal: {
    house: 'WRONG_AUTHORITY',
    escrow: 'WRONG_ESCROW_ADDRESS',
    escrowToken: 'WRONG_ESCROW_TOKEN_ADDRESS',
    authorityToken: 'WRONG_TOKEN_ACCOUNT_ADDRESS',
  },
};

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
