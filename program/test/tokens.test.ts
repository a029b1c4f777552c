import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  associatedTokenAddress,
  claim,
  createAssociatedToken,
  deposit,
  fundHouse,
  payHouseWithdrawal,
  requestHouseWithdrawal,
  requestWithdrawal,
  settleTransfers,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { settlement } from './settlement.ts';
import { close, freeze, giveTokens, makeWrapped, reassign, send, sync, tokensOf } from './tokens.ts';
import {
  CHANGE_DELAY_SLOTS,
  LEADER,
  makeHouse,
  makeWorld,
  program,
  readHouse,
  readVault,
  type TestVault,
  type World,
} from './world.ts';

const UNIT = LAMPORTS_PER_SOL;

/** A house of a token, with one vault, where everything stands. */
async function makeTokenWorld() {
  const world = await makeWorld(1, true);
  const { house, chain } = world;
  const [vault] = world.vaults as [TestVault];
  const { mint, token } = house;
  assert.ok(token !== undefined);
  const escrowToken = await associatedTokenAddress({ owner: house.escrow, mint });
  const ownerToken = await associatedTokenAddress({ owner: vault.owner.address, mint });
  const at = { program, house: house.address, mint };
  const claiming = await claim({ ...at, owner: vault.owner.address });
  return { ...world, chain, house, vault, token, escrowToken, ownerToken, at, claiming };
}

/** Two units claimable. */
async function makeClaimable({ chain, house, at, vault }: World & { at: { program: typeof program }; vault: TestVault }) {
  const request = await requestWithdrawal({ program: at.program, house: house.address, owner: vault.owner, amount: 2n * UNIT });
  const transfers = [{ vault: vault.address, consume: 3n * UNIT, pay: true }];
  const names = { program, house: house.address, settler: house.settler, ...LEADER };
  const transferNumber = readHouse(chain, house).lastTransfer + 1n;
  await chain.land([request, settleTransfers({ ...names, transferNumber, transfers })]);
}

test('the whole life of a house of tokens: every unit is where the books say', async () => {
  const world = await makeTokenWorld();
  const { chain, house, vault, escrowToken, ownerToken, at, claiming } = world;
  const made = readHouse(chain, house);
  assert.deepEqual([made.mint, made.escrowToken], [house.mint, escrowToken]);
  assert.equal(chain.lamportsOf(house.escrow), 0n, 'the escrow holds no lamports');
  assert.deepEqual([tokensOf(chain, escrowToken), tokensOf(chain, ownerToken)], [105n * UNIT, 9_995n * UNIT]);

  await chain.land([await settlement(chain, house, { runs: [{ vault, consume: 5n * UNIT, delta: 3n * UNIT, betCount: 2 }] })]);
  await chain.land([await settlement(chain, house, { runs: [{ vault, delta: -UNIT }] })]);
  assert.deepEqual([readVault(chain, vault).balance, readHouse(chain, house).balance], [7n * UNIT, 98n * UNIT]);

  await chain.land([await requestWithdrawal({ ...at, owner: vault.owner, amount: 4n * UNIT })]);
  await chain.land([await settlement(chain, house, { runs: [{ vault, delta: -UNIT, pay: true }] })]);
  const { events } = await chain.land([claiming]);
  assert.deepEqual(events, [{ name: 'Claimed', house: house.address, vault: vault.address, amount: 4n * UNIT }]);
  assert.deepEqual([tokensOf(chain, escrowToken), tokensOf(chain, ownerToken)], [101n * UNIT, 9_999n * UNIT]);

  const authority = { ...at, authority: house.authority };
  await chain.land([requestHouseWithdrawal({ ...authority, amount: 1_000n * UNIT })]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
  const paid = await chain.land([await payHouseWithdrawal(authority)]);
  assert.deepEqual(paid.events, [{ name: 'HousePaid', house: house.address, amount: 99n * UNIT }]);
  const authorityToken = await associatedTokenAddress({ owner: house.authority.address, mint: house.mint });
  assert.equal(tokensOf(chain, authorityToken), 10_099n * UNIT);
  assert.equal(tokensOf(chain, escrowToken), 2n * UNIT);
  const after = readHouse(chain, house);
  assert.deepEqual([after.balance, after.liabilities, readVault(chain, vault).balance], [0n, 2n * UNIT, 2n * UNIT]);
});

test("anyone deposits tokens of its own into anyone's vault", async () => {
  const { chain, vault, token, at, escrowToken } = await makeTokenWorld();
  const stranger = await chain.signer('stranger');
  const from = await giveTokens(chain, token, stranger.address, 7n);
  await chain.land([await deposit({ ...at, payer: stranger, owner: vault.owner.address, amount: 7n })]);
  assert.equal(readVault(chain, vault).pendingDeposit, 5n * UNIT + 7n);
  assert.deepEqual([tokensOf(chain, from), tokensOf(chain, escrowToken)], [0n, 105n * UNIT + 7n]);
});

test('a payer deposits its last token, and nothing beyond', async () => {
  const { chain, vault, token, at } = await makeTokenWorld();
  const stranger = await chain.signer('stranger');
  const from = await giveTokens(chain, token, stranger.address, 7n);
  const paying = (amount: bigint) => deposit({ ...at, payer: stranger, owner: vault.owner.address, amount });
  for (const [amount, error] of [
    [0n, 'ZERO_AMOUNT'],
    [8n, 'INSUFFICIENT_PAYER_FUNDS'],
    [0xffff_ffff_ffff_ffffn, 'INSUFFICIENT_PAYER_FUNDS'],
    [1n, undefined],
    [6n, undefined],
    [1n, 'INSUFFICIENT_PAYER_FUNDS'],
  ] as const) {
    assert.equal((await chain.send([await paying(amount)])).error, error);
  }
  assert.deepEqual([tokensOf(chain, from), readVault(chain, vault).pendingDeposit], [0n, 5n * UNIT + 7n]);
});

test('wrapped lamports are a token like any other: lamports sent to the escrow and synced in are a donation', async () => {
  const { chain } = await makeWorld(0);
  const house = await makeHouse(chain, 'wrapping', makeWrapped(chain));
  const escrowToken = await associatedTokenAddress({ owner: house.escrow, mint: house.mint });
  assert.equal(tokensOf(chain, escrowToken), 100n * UNIT);
  chain.fund(escrowToken, 3n * UNIT);
  await chain.land([sync(escrowToken)]);
  assert.equal(tokensOf(chain, escrowToken), 103n * UNIT);
  assert.equal(readHouse(chain, house).liabilities, 100n * UNIT);
  const authority = { program, house: house.address, mint: house.mint, authority: house.authority };
  await chain.land([requestHouseWithdrawal({ ...authority, amount: 1_000n * UNIT })]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
  await chain.land([await payHouseWithdrawal(authority)]);
  assert.equal(tokensOf(chain, escrowToken), 3n * UNIT);
});

test("an owner's associated account that belongs to somebody else by now is not paid, and the claim waits", async () => {
  const world = await makeTokenWorld();
  const { chain, vault, ownerToken, claiming } = world;
  await makeClaimable(world);
  const thief = await chain.signer('thief');
  await chain.land([reassign(ownerToken, vault.owner, thief.address)]);
  assert.equal((await chain.send([claiming])).error, 'WRONG_TOKEN_ACCOUNT_OWNER');
  assert.equal(readVault(chain, vault).claimable, 2n * UNIT);
  await chain.land([reassign(ownerToken, thief, vault.owner.address)]);
  await chain.land([claiming]);
  assert.equal(tokensOf(chain, ownerToken), 9_997n * UNIT);
});

test("the authority's associated account that belongs to somebody else by now is not paid", async () => {
  const { chain, house, at } = await makeTokenWorld();
  const authority = { ...at, authority: house.authority };
  const account = await associatedTokenAddress({ owner: house.authority.address, mint: house.mint });
  await chain.land([requestHouseWithdrawal({ ...authority, amount: UNIT })]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
  await chain.land([reassign(account, house.authority, house.settler.address)]);
  assert.equal((await chain.send([await payHouseWithdrawal(authority)])).error, 'WRONG_TOKEN_ACCOUNT_OWNER');
  assert.equal(readHouse(chain, house).requestAmount, UNIT, 'the request is kept');
});

test('frozen accounts lose nobody anything: all goes on once they are thawed', async () => {
  const world = await makeTokenWorld();
  const { chain, house, vault, token, ownerToken, escrowToken, at, claiming } = world;
  await makeClaimable(world);
  const paying = await deposit({ ...at, payer: vault.owner, owner: vault.owner.address, amount: 1n });
  const funding = await fundHouse({ ...at, payer: house.creator, amount: 1n });
  const before = [readHouse(chain, house), readVault(chain, vault)];
  for (const account of [ownerToken, escrowToken]) {
    await chain.land([freeze(token, account, true)]);
    assert.equal((await chain.send([claiming])).error, 'FROZEN_TOKEN_ACCOUNT');
    assert.equal((await chain.send([paying])).error, 'FROZEN_TOKEN_ACCOUNT');
    if (account === escrowToken) assert.equal((await chain.send([funding])).error, 'FROZEN_TOKEN_ACCOUNT');
    assert.deepEqual([readHouse(chain, house), readVault(chain, vault)], before);
    await chain.land([freeze(token, account, false)]);
  }
  await chain.land([claiming, paying, funding]);
});

test('bets are settled while the escrow is frozen', async () => {
  const { chain, house, vault, token, escrowToken } = await makeTokenWorld();
  await chain.land([freeze(token, escrowToken, true)]);
  await chain.land([await settlement(chain, house, { runs: [{ vault, consume: UNIT, delta: UNIT }] })]);
});

test('an owner without a token account claims once it has made one', async () => {
  const world = await makeTokenWorld();
  const { chain, house, vault, ownerToken, claiming } = world;
  await makeClaimable(world);
  const { owner } = vault;
  const elsewhere = await giveTokens(chain, world.token, house.settler.address, 1n);
  await chain.land([send(ownerToken, owner, elsewhere, tokensOf(chain, ownerToken)), close(ownerToken, owner)]);
  assert.equal((await chain.send([claiming])).error, 'WRONG_TOKEN_ACCOUNT_PROGRAM');
  const making = await createAssociatedToken({ payer: chain.feePayer, owner: owner.address, mint: house.mint });
  await chain.land([making, claiming]);
  assert.equal(tokensOf(chain, ownerToken), 2n * UNIT);
});

test("tokens, or lamports, sent straight to the escrow change no books, count as nobody's, and stop nothing", async () => {
  const world = await makeTokenWorld();
  const { chain, house, vault, escrowToken, ownerToken, at, claiming } = world;
  await makeClaimable(world);
  const before = [readHouse(chain, house), readVault(chain, vault)];
  await chain.land([send(ownerToken, vault.owner, escrowToken, 9n * UNIT)]);
  chain.fund(house.escrow, UNIT);
  chain.fund(escrowToken, UNIT);
  assert.deepEqual([readHouse(chain, house), readVault(chain, vault)], before);
  await chain.land([claiming, await deposit({ ...at, payer: vault.owner, owner: vault.owner.address, amount: UNIT })]);
  await chain.land([await fundHouse({ ...at, payer: house.creator, amount: UNIT })]);
  const authority = { ...at, authority: house.authority };
  await chain.land([requestHouseWithdrawal({ ...authority, amount: 1_000n * UNIT })]);
  chain.svm.warpToSlot(chain.slot + CHANGE_DELAY_SLOTS);
  await chain.land([await payHouseWithdrawal(authority)]);
  assert.equal(tokensOf(chain, escrowToken) - readHouse(chain, house).liabilities, 9n * UNIT);
});
