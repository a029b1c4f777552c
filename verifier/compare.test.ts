// Would catch: tokens that somebody else than the escrow can move, and that count as cover of what the house owes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '@solana/kit';
import { ByteWriter } from '../protocol/bytes.ts';
import { compareAccounts, expectedAccounts } from './compare.ts';
import type { House } from './layout/accounts.ts';
import { deriveEscrow } from './layout/addresses.ts';
import { TOKEN_PROGRAM } from './layout/constants.ts';
import { addressBytes, addressOf } from './layout/reader.ts';
import { emptyState } from './state.ts';

const named = (byte: number): Address => addressOf(new Uint8Array(32).fill(byte));
const [PROGRAM, HOUSE, MINT, TOKENS, STRANGER] = [named(1), named(2), named(3), named(4), named(5)] as const;
const LIABILITIES = 500n;

interface Tokens {
  mint: Address;
  owner: Address;
  amount: bigint;
  delegated: number;
  state: number;
  closable: number;
}

/** An account of the Token program. */
const tokenAccount = ({ mint, owner, amount, delegated, state, closable }: Tokens): Uint8Array =>
  new ByteWriter()
    .bytes(addressBytes(mint))
    .bytes(addressBytes(owner))
    .u64(amount)
    .u32(delegated)
    .bytes(new Uint8Array(32))
    .u8(state)
    .bytes(new Uint8Array(12 + 8))
    .u32(closable)
    .bytes(new Uint8Array(32))
    .finish();

test("the escrow's tokens cover what is owed only while they are the escrow's alone to move", async () => {
  const place = { program: PROGRAM, house: HOUSE, genesisHash: new Uint8Array(32), domain: 0n };
  const state = { ...emptyState(), house: { mint: MINT, escrowToken: TOKENS, liabilities: LIABILITIES } as House };
  const { address: escrow } = await deriveEscrow({ program: PROGRAM, house: HOUSE });
  const page = (await expectedAccounts(state, place)).filter(({ kind }) => kind === 'escrow-token');
  assert.deepEqual(
    page.map(({ address }) => address),
    [TOKENS],
  );
  const codes = (change: Partial<Tokens>): string[] => {
    const whole = { mint: MINT, owner: escrow, amount: LIABILITIES, delegated: 0, state: 1, closable: 0, ...change };
    const shown = [{ address: TOKENS, owner: TOKEN_PROGRAM, lamports: 1n, data: tokenAccount(whole) }];
    const found: string[] = [];
    compareAccounts(page, shown, { state, place, rentMinimum: 1n, report: (code) => found.push(code) });
    return found;
  };
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ amount: LIABILITIES + 1n }), [], 'a donation');
  for (const change of [{ owner: STRANGER }, { mint: STRANGER }, { delegated: 1 }, { state: 2 }, { closable: 1 }]) {
    assert.deepEqual(codes(change), ['escrow'], JSON.stringify(change));
  }
  assert.deepEqual(codes({ amount: LIABILITIES - 1n }), ['escrow']);
});
