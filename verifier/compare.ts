import type { Address } from '@solana/kit';
import { toHex } from '../protocol/bytes.ts';
import type { DivergenceCode } from './divergence.ts';
import { messageOf } from './errors.ts';
import { decodeHouse, decodeTerms, decodeVault, decodeVerifyingKey, type House } from './layout/accounts.ts';
import { deriveEscrow } from './layout/addresses.ts';
import { NATIVE_MINT, TOKEN_PROGRAM, VAULT_BYTES, VAULT_HOUSE_OFFSET } from './layout/constants.ts';
import { LayoutReader } from './layout/reader.ts';
import type { ChainRpc, RawAccount } from './rpc.ts';
import type { HouseState, Place, Values } from './state.ts';

const SYSTEM_PROGRAM = NATIVE_MINT;
const TOKEN_ACCOUNT_BYTES = 165;

/** What is compared with the accounts of one slot: the state of exactly that slot. */
export interface Comparison {
  state: HouseState;
  place: Place;
  rentMinimum: bigint;
  report(code: DivergenceCode, message: string, values?: Values): void;
}

/** An account that must be as the history leads to it. */
export interface Expected {
  kind: 'house' | 'escrow' | 'escrow-token' | 'vault' | 'terms' | 'key';
  address: Address;
  /** Of tokens: who alone may move them. */
  owner?: Address;
}

/** Every account that the history leads to: the house first, together with what holds its money. */
export async function expectedAccounts(state: HouseState, place: Place): Promise<Expected[]> {
  const { address: escrow } = await deriveEscrow({ program: place.program, house: place.house });
  const expected: Expected[] = [
    { kind: 'house', address: place.house },
    { kind: 'escrow', address: escrow },
  ];
  const token = state.house?.escrowToken ?? NATIVE_MINT;
  if (token !== NATIVE_MINT) expected.push({ kind: 'escrow-token', address: token, owner: escrow });
  for (const address of state.terms.keys()) expected.push({ kind: 'terms', address });
  for (const address of state.keys.keys()) expected.push({ kind: 'key', address });
  for (const address of state.vaults.keys()) expected.push({ kind: 'vault', address });
  return expected;
}

/** Compares a page with what a slot shows; `state` must be that of this slot. */
export function compareAccounts(page: readonly Expected[], shown: readonly (RawAccount | undefined)[], to: Comparison): void {
  for (const [index, expected] of page.entries()) {
    const account = shown[index];
    if (account) compareOne(expected, account, to);
    else if (expected.kind !== 'escrow' || isNative(to.state.house)) {
      to.report('account-missing', `the ${expected.kind} account is not there`, { account: expected.address });
    }
  }
}

const isNative = (house: House | undefined): boolean => house?.mint === NATIVE_MINT;

function compareOne(expected: Expected, account: RawAccount, to: Comparison): void {
  const { state, place } = to;
  const { address, kind } = expected;
  if (kind === 'escrow') return compareEscrow(account, to);
  if (kind === 'escrow-token') return compareToken(account, expected.owner, to);
  if (account.owner !== place.program) {
    return to.report('account-owner', `the ${kind} account is not the program's`, {
      account: address,
      expected: place.program,
      found: account.owner,
    });
  }
  if (kind === 'house') return compareFields(account, { decode: decodeHouse, expected: state.house, code: 'house-account' }, to);
  if (kind === 'terms') {
    return compareFields(account, { decode: decodeTerms, expected: state.terms.get(address), code: 'terms-account' }, to);
  }
  if (kind === 'key') {
    return compareFields(account, { decode: decodeVerifyingKey, expected: state.keys.get(address), code: 'key-account' }, to);
  }
  compareFields(account, { decode: decodeVault, expected: state.vaults.get(address), code: 'vault-account' }, to);
}

/** Every field of the account, byte for byte: its decoder leaves none out. */
function compareFields<T extends object>(
  account: RawAccount,
  { decode, expected, code }: { decode(data: Uint8Array): T; expected: T | undefined; code: DivergenceCode },
  to: Comparison,
): void {
  if (!expected) return;
  const about = code === 'vault-account' ? { vault: account.address } : { account: account.address };
  let found: T;
  try {
    found = decode(account.data);
  } catch (error) {
    return to.report('account-malformed', messageOf(error), { account: account.address });
  }
  for (const name of Object.keys(found) as (keyof T & string)[]) {
    const [wanted, shown] = [inWords(expected[name]), inWords(found[name])];
    if (wanted !== shown)
      to.report(code, `${name} is not what the history leads to`, { ...about, expected: wanted, found: shown });
  }
}

function inWords(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(inWords).join('; ');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(inWords).join(' ');
  return `${value}`;
}

/** The lamports cover what is owed; more, a donation, is no divergence. */
function compareEscrow(account: RawAccount, { state, rentMinimum, report }: Comparison): void {
  if (!state.house || !isNative(state.house)) return;
  const about = { account: account.address };
  if (account.owner !== SYSTEM_PROGRAM || account.data.length > 0) {
    report('account-owner', "the escrow is not the system program's", {
      ...about,
      expected: SYSTEM_PROGRAM,
      found: account.owner,
    });
  }
  const needed = state.house.liabilities + rentMinimum;
  if (account.lamports < needed) {
    const message = 'the escrow does not cover what is owed and its rent minimum';
    report('escrow', message, { ...about, expected: `at least ${needed}`, found: `${account.lamports}` });
  }
}

/** An SPL token account, as the Token program lays it out: mint, owner, amount, delegate, state, native, delegated, close authority. */
function compareToken(account: RawAccount, escrow: Address | undefined, { state, place, report }: Comparison): void {
  const { house } = state;
  if (!house) return;
  const about = { account: account.address };
  if (account.owner !== TOKEN_PROGRAM || account.data.length !== TOKEN_ACCOUNT_BYTES) {
    const values = { ...about, expected: TOKEN_PROGRAM, found: account.owner };
    return report('account-owner', "the escrow's token account is not the Token program's", values);
  }
  const r = new LayoutReader(account.data);
  const [mint, owner, amount, hasDelegate] = [r.address(), r.address(), r.u64(), r.u32()];
  r.bytes(32);
  const isUsable = r.u8() === 1;
  r.bytes(12 + 8);
  const hasCloser = r.u32();
  // The escrow signs for this program alone; whatever program ran, the tokens may have been given away.
  if (owner !== escrow || mint !== house.mint || hasDelegate !== 0 || hasCloser !== 0 || !isUsable) {
    report('escrow', `the escrow's token account of ${owner} is of another mint, frozen, or controlled by others`, about);
  }
  if (amount < house.liabilities) {
    const message = `the escrow of ${place.house} does not cover what is owed`;
    report('escrow', message, { ...about, expected: `at least ${house.liabilities}`, found: `${amount}` });
  }
}

/** Vaults of the house that the program has and no event knows. `shown` undefined: the node does not say. */
export function compareListed(shown: readonly RawAccount[], to: Comparison): void {
  for (const { address } of shown) {
    if (!to.state.vaults.has(address)) to.report('vault-unlisted', 'no event opened this vault of the house', { vault: address });
  }
}

/** The vaults of a house as the program has them, if the node answers that. */
export function listVaults(rpc: ChainRpc, { program, house }: Place) {
  return rpc.programAccounts(program, { bytes: VAULT_BYTES, memcmp: { offset: VAULT_HOUSE_OFFSET, address: house } });
}
