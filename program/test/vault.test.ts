import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountIdOf } from '../../protocol/account.ts';
import {
  claim,
  deposit,
  NEVER,
  openVault,
  requestWithdrawal,
  type SettleTransfer,
  settleTransfers,
  vaultAddress,
} from '../client/index.ts';
import { addressBytes } from '../client/instructions/build.ts';
import { LAMPORTS_PER_SOL, type TestChain } from './chain.ts';
import { forged } from './stage.ts';
import { DOMAIN, EXIT_DELAY_SLOTS, LEADER, makeWorld, program, readHouse, readVault, type TestHouse } from './world.ts';

const SOL = LAMPORTS_PER_SOL;

const transfers = (chain: TestChain, house: TestHouse, list: SettleTransfer[]) =>
  settleTransfers({
    program,
    settler: house.settler,
    house: house.address,
    transferNumber: readHouse(chain, house).lastTransfer + 1n,
    ...LEADER,
    transfers: list,
  });

test('open_vault writes every field, with the accountId that the protocol derives; the payer need not be the owner', async () => {
  const { chain, house } = await makeWorld(0);
  const owner = await chain.signer('owner');
  const payer = await chain.signer('payer');
  const sessionKeyHash = 77n;
  const { events } = await chain.land([await openVault({ program, payer, owner, house: house.address, sessionKeyHash })]);
  const vault = await vaultAddress({ program, house: house.address, owner: owner.address });
  const { bump, ...fields } = readVault(chain, { address: vault });
  const accountId = accountIdOf({ domain: DOMAIN, vault: addressBytes(vault) });
  assert.ok(bump > 0);
  assert.deepEqual(fields, {
    frozen: false,
    lastTerms: 0,
    owner: owner.address,
    house: house.address,
    accountId,
    keys: [
      { hash: sessionKeyHash, from: chain.slot, until: NEVER },
      { hash: 0n, from: 0n, until: 0n },
    ],
    balance: 0n,
    pendingDeposit: 0n,
    claimable: 0n,
    requestAmount: 0n,
    requestDeadline: 0n,
    lastBet: 0n,
    challengeBet: 0n,
    challengeReserved: 0n,
    challengeSlot: 0n,
    challengeKey: new Uint8Array(32),
    challengeOverdue: false,
    challengePromised: 0n,
    challengeCovered: 0n,
  });
  assert.equal(readHouse(chain, house).vaultCount, 1n);
  const ids = { house: house.address, vault, owner: owner.address };
  assert.deepEqual(events, [{ name: 'VaultOpened', ...ids, accountId, sessionKeyHash }]);
});

test('a deposit, a request, its payment and the claim move the same lamports from wallet to wallet', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const { owner, address: vault } = vaults[0]!;
  const ids = { house: house.address, vault };
  const benefactor = await chain.signer('benefactor');
  const gift = { program, payer: benefactor, house: house.address, owner: owner.address, amount: SOL };
  const deposited = await chain.land([await deposit(gift)]);
  assert.deepEqual(deposited.events, [{ name: 'Deposited', ...ids, amount: SOL }]);

  const requested = await chain.land([await requestWithdrawal({ program, owner, house: house.address, amount: 4n * SOL })]);
  const deadline = chain.slot + EXIT_DELAY_SLOTS;
  assert.deepEqual(requested.events, [{ name: 'WithdrawalRequested', ...ids, amount: 4n * SOL, deadline }]);
  assert.equal(readVault(chain, { address: vault }).requestDeadline, deadline);

  const settled = await chain.land([transfers(chain, house, [{ vault, consume: 3n * SOL, pay: true }])]);
  const part = { vault, consumed: 3n * SOL, paid: 4n * SOL, balance: 0n };
  assert.deepEqual(settled.events, [{ name: 'TransfersSettled', house: house.address, transferNumber: 1n, transfers: [part] }]);

  const walletBefore = chain.lamportsOf(owner.address);
  const escrowBefore = chain.lamportsOf(house.escrow);
  const claimed = await chain.land([await claim({ program, house: house.address, owner: owner.address })]);
  assert.deepEqual(claimed.events, [{ name: 'Claimed', ...ids, amount: 4n * SOL }]);
  assert.equal(chain.lamportsOf(owner.address) - walletBefore, 4n * SOL);
  assert.equal(escrowBefore - chain.lamportsOf(house.escrow), 4n * SOL);
  assert.equal(
    (await chain.send([await claim({ program, house: house.address, owner: owner.address })])).error,
    'ZERO_CLAIMABLE',
  );
  const { pendingDeposit, balance, claimable } = readVault(chain, { address: vault });
  assert.deepEqual({ pendingDeposit, balance, claimable }, { pendingDeposit: 2n * SOL, balance: 0n, claimable: 0n });
});

test('the last lamport of all liabilities can be claimed, and the escrow keeps its rent', async () => {
  const { chain, house, vaults } = await makeWorld(2);
  for (const { owner } of vaults) {
    await chain.land([await requestWithdrawal({ program, owner, house: house.address, amount: 1_000n * SOL })]);
  }
  await chain.land([
    transfers(
      chain,
      house,
      vaults.map(({ address: vault }) => ({ vault, consume: 0n, pay: true })),
    ),
  ]);
  for (const { owner } of vaults) await chain.land([await claim({ program, house: house.address, owner: owner.address })]);
  const { liabilities, balance } = readHouse(chain, house);
  assert.equal(liabilities, balance);
  assert.equal(chain.lamportsOf(house.escrow), balance + chain.svm.minimumBalanceForRentExemption(0n));
});

test('a pause stops new vaults and deposits, and nothing else', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const { owner, address: vault } = vaults[0]!;
  chain.svm.setAccount(forged(11, [1])(chain.account(house.address)));
  await chain.land([await requestWithdrawal({ program, owner, house: house.address, amount: SOL })]);
  await chain.land([transfers(chain, house, [{ vault, consume: SOL, pay: true }])]);
  await chain.land([await claim({ program, house: house.address, owner: owner.address })]);
  assert.equal(readVault(chain, { address: vault }).claimable, 0n);
});

test('a transfer that says nothing does nothing, and its number is used up', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const before = readVault(chain, vaults[0]!);
  const instruction = transfers(chain, house, [{ vault: vaults[0]!.address, consume: 0n, pay: true }]);
  await chain.land([instruction]);
  assert.deepEqual(readVault(chain, vaults[0]!), before);
  assert.equal((await chain.send([instruction])).error, 'WRONG_TRANSFER_NUMBER');
});
