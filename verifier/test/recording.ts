import type { Address } from '@solana/kit';
import { addressOf } from '../layout/reader.ts';
import type { ChainRpc, ListedSignature, RawAccount, RawTransaction } from '../rpc.ts';
import { connectChain } from '../rpc.ts';

/**
 * A chain's history, kept: a node that stands still, whose every answer a test can change. Amounts in lamports, lists newest first.
 */
export interface RecordedChain {
  genesisHash: string;
  slot: bigint;
  listed: ListedSignature[];
  transactions: Map<string, RawTransaction>;
  accounts: Map<Address, RawAccount>;
  rentMinimum: bigint;
}

/** Records all that verification of this house reads. */
export async function record(input: {
  url: string;
  house: Address;
  program: Address;
  addresses: readonly Address[];
}): Promise<RecordedChain> {
  const rpc = connectChain({ url: input.url });
  const listed: ListedSignature[] = [];
  for (let page = await rpc.signatures(input.house, {}); page.length > 0; ) {
    listed.push(...page);
    page = await rpc.signatures(input.house, { before: (page.at(-1) as ListedSignature).signature });
  }
  const transactions = new Map<string, RawTransaction>();
  for (const { signature } of listed) {
    const raw = await rpc.transaction(signature);
    if (raw) transactions.set(signature, raw);
  }
  const accounts = new Map<Address, RawAccount>();
  for (const bytes of [96, 352, 592, 672]) {
    const found = await rpc.programAccounts(input.program, { bytes });
    for (const account of found?.accounts ?? []) accounts.set(account.address, account);
  }
  const { slot, accounts: others } = await rpc.accounts(input.addresses);
  for (const account of others) if (account) accounts.set(account.address, account);
  return { genesisHash: await rpc.genesisHash(), slot, listed, transactions, accounts, rentMinimum: await rpc.rentMinimum(0) };
}

/** A copy that can be changed without the other. */
export function copyOf(chain: RecordedChain): RecordedChain {
  return structuredClone(chain);
}

/** The recorded chain as a node. */
export function playBack(chain: RecordedChain): ChainRpc {
  return {
    genesisHash: async () => chain.genesisHash,
    finalizedSlot: async () => chain.slot,
    signatures: async (_address, { before, until }) => {
      const from = before === undefined ? 0 : chain.listed.findIndex(({ signature }) => signature === before) + 1;
      const end = until === undefined ? -1 : chain.listed.findIndex(({ signature }) => signature === until);
      return chain.listed.slice(from, end < 0 ? undefined : end).slice(0, 1_000);
    },
    transaction: async (signature) => chain.transactions.get(signature),
    accounts: async (addresses) => ({ slot: chain.slot, accounts: addresses.map((address) => chain.accounts.get(address)) }),
    programAccounts: async (_program, { bytes, memcmp }) => {
      const all = [...chain.accounts.values()].filter(({ data }) => data.length === bytes);
      return { slot: chain.slot, accounts: memcmp ? all.filter(({ data }) => names(data, memcmp)) : all };
    },
    rentMinimum: async () => chain.rentMinimum,
  };
}

function names(data: Uint8Array, { offset, address }: { offset: number; address: Address }): boolean {
  return addressOf(data.slice(offset, offset + 32)) === address;
}
