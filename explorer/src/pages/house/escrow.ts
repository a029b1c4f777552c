import type { Address } from '@solana/kit';
import { decodeHouse } from '../../../../program/client/accounts.ts';
import { escrowAddress } from '../../../../program/client/addresses.ts';
import { NATIVE_MINT } from '../../../../program/client/constants.ts';
import { config } from '../../config.ts';

/** What the house owes, and what its escrow has to pay it with, both of one slot of the chain and from nobody's word but a node's. */
export interface Solvency {
  slot: number;
  escrow: Address;
  liabilities: bigint;
  /** Beyond what the account must keep for its rent, where it is native lamports. */
  available: bigint;
}

const TIMEOUT_MS = 10_000;
/** The escrow is an account without data. */
const ESCROW_DATA_BYTES = 0;

/** Reads house and escrow from the node, finalized. `program` and `house` are the API's word; a wrong one finds nothing. */
export async function solvency(place: { program: string; house: string }, signal: AbortSignal): Promise<Solvency> {
  const program = place.program as Address;
  const house = place.house as Address;
  const escrow = await escrowAddress({ program, house });
  const options = { commitment: 'finalized', encoding: 'base64' };
  const [accounts, rent] = await Promise.all([
    rpc<Accounts>({ method: 'getMultipleAccounts', params: [[house, escrow], options], signal }),
    rpc<string>({ method: 'getMinimumBalanceForRentExemption', params: [ESCROW_DATA_BYTES], signal }),
  ]);
  const [found, held] = accounts.value;
  if (!found || found.owner !== program) throw new Error('the node knows no such house');
  const { liabilities, mint, escrowToken } = decodeHouse(Uint8Array.from(atob(found.data[0]), (char) => char.charCodeAt(0)));
  const { slot } = accounts.context;
  if (mint !== NATIVE_MINT) return { slot, escrow: escrowToken, liabilities, available: await tokens(escrowToken, signal) };
  return { slot, escrow, liabilities, available: BigInt(held?.lamports ?? 0) - BigInt(rent) };
}

async function tokens(account: Address, signal: AbortSignal): Promise<bigint> {
  const params = [account, { commitment: 'finalized' }];
  const { value } = await rpc<{ value: { amount: string } }>({ method: 'getTokenAccountBalance', params, signal });
  return BigInt(value.amount);
}

interface Accounts {
  context: { slot: number };
  value: ({ data: [string, string]; owner: string; lamports: string } | null)[];
}

async function rpc<T>({ method, params, signal }: { method: string; params: unknown[]; signal: AbortSignal }): Promise<T> {
  const { rpcUrl } = await config();
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  const { result, error } = JSON.parse(exact(await response.text())) as { result?: T; error?: { message: string } };
  if (result === undefined) throw new Error(error?.message ?? `the node answered ${response.status}`);
  return result;
}

/** Amounts as texts: a number of JSON holds nine million SOL exactly, and no more. */
const exact = (json: string): string => json.replace(/("(?:lamports|result)":\s*)(\d+)/g, '$1"$2"');
