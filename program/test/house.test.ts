import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Address, lamports } from '@solana/kit';
import {
  addTerms,
  addVerifyingKey,
  advanceEpoch,
  decodeTerms,
  decodeVerifyingKey,
  fundHouse,
  houseAddress,
  initHouse,
  MAX_BETS,
  MAX_CHANGE_DELAY_SLOTS,
  MAX_EPOCH_STEP,
  MAX_EXIT_DELAY_SLOTS,
  MAX_PROFIT_BPS,
  MAX_VAULTS,
  MIN_EXIT_DELAY_SLOTS,
  NATIVE_MINT,
  NEVER,
  termsAddress,
  vaultAddress,
  verifyingKeyAddress,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL, TestChain } from './chain.ts';
import { rememberEscrow } from './invariants.ts';
import { settlement } from './settlement.ts';
import { keyBytes, TRAPDOOR } from './trapdoor.ts';
import {
  CHANGE_DELAY_SLOTS,
  DOMAIN,
  EXIT_DELAY_SLOTS,
  houseArguments,
  LEADER,
  makeHouse,
  makeVaults,
  makeWorld,
  program,
  readHouse,
} from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const ZERO_ADDRESS = NATIVE_MINT;

test('init_house writes every field, with the domain of the genesis hash, and funds the escrow with its rent alone', async () => {
  const chain = await TestChain.start();
  const input = await houseArguments(chain, 'new');
  await chain.land([await initHouse(input)]);
  const house = await houseAddress({ program, creator: input.creator.address });
  const escrow = await rememberEscrow(program, house);
  const { bump, escrowBump, ...fields } = readHouse(chain, { address: house });
  assert.ok(bump > 0 && escrowBump > 0);
  const zero = new Uint8Array(32);
  assert.deepEqual(fields, {
    paused: false,
    currentTerms: 0,
    creator: input.creator.address,
    authority: input.authority,
    settler: input.settler,
    receiptKey: input.receiptKey,
    previousReceiptKey: zero,
    receiptKeySlot: chain.slot,
    mint: NATIVE_MINT,
    domain: DOMAIN,
    balance: 0n,
    requestAmount: 0n,
    requestSlot: 0n,
    claimable: 0n,
    liabilities: 0n,
    reserved: 0n,
    overdue: 0n,
    lastBatch: 0n,
    lastTransfer: 0n,
    lastBlobHash: zero,
    leaderEpoch: 0n,
    leaderNonce: 0n,
    exitDelaySlots: EXIT_DELAY_SLOTS,
    changeDelaySlots: CHANGE_DELAY_SLOTS,
    vaultCount: 0n,
    pendingAuthority: ZERO_ADDRESS,
    pendingAuthoritySlot: 0n,
    pendingReceiptKey: zero,
    pendingReceiptKeySlot: 0n,
    pendingExitDelaySlots: 0n,
    pendingChangeDelaySlots: 0n,
    pendingDelaysSlot: 0n,
    escrowToken: ZERO_ADDRESS,
  });
  assert.equal(chain.lamportsOf(escrow), chain.svm.minimumBalanceForRentExemption(0n));
});

test('lamports sent beforehand to the addresses of house, escrow, terms, key and vault stop nothing', async () => {
  for (const amount of [1n, 890_880n, 10n * SOL]) {
    const chain = await TestChain.start();
    const gift = (address: Address) => {
      const account = { address, data: new Uint8Array(), executable: false, programAddress: ZERO_ADDRESS, space: 0n };
      chain.svm.setAccount({ ...account, lamports: lamports(amount) });
    };
    const { creator } = await houseArguments(chain, 'first');
    const house = await houseAddress({ program, creator: creator.address });
    gift(house);
    gift(await rememberEscrow(program, house));
    gift(await termsAddress({ program, house, id: 1 }));
    gift(await verifyingKeyAddress({ program, house, id: 1 }));
    const made = await makeHouse(chain, 'first');
    const owner = await chain.signer('owner 0');
    gift(await vaultAddress({ program, house, owner: owner.address }));
    const vaults = await makeVaults(chain, made, 1);
    await chain.land([await settlement(chain, made, { runs: [{ vault: vaults[0]!, consume: SOL, delta: SOL }] })]);
  }
});

test('the bounds of the delays are themselves accepted', async () => {
  const chain = await TestChain.start();
  const bounds: [bigint, bigint][] = [
    [MIN_EXIT_DELAY_SLOTS, 2n * MIN_EXIT_DELAY_SLOTS],
    [MAX_EXIT_DELAY_SLOTS, MAX_CHANGE_DELAY_SLOTS],
  ];
  for (const [exitDelaySlots, changeDelaySlots] of bounds) {
    const input = await houseArguments(chain, `delay ${exitDelaySlots}`);
    await chain.land([await initHouse({ ...input, exitDelaySlots, changeDelaySlots })]);
  }
});

test('terms are numbered from one and never change', async () => {
  const { chain, house } = await makeWorld(0);
  const { authority, address } = house;
  const terms = { vrfCommitment: 99n, profitBps: MAX_PROFIT_BPS };
  await chain.land([await addTerms({ program, authority, house: address, id: 2, ...terms })]);
  const account = await termsAddress({ program, house: address, id: 2 });
  const { bump, ...fields } = decodeTerms(chain.account(account).data);
  assert.ok(bump > 0);
  assert.deepEqual(fields, { id: 2, house: address, ...terms, openedSlot: chain.slot });
  assert.equal(readHouse(chain, house).currentTerms, 2);
});

test('a verifying key is active at once before the first vault, and after the change delay from then on', async () => {
  const { chain, house } = await makeWorld(0);
  const { authority, address } = house;
  const key = keyBytes(TRAPDOOR);
  const add = async (id: number) => {
    await chain.land([
      await addVerifyingKey({ program, authority, house: address, id, maxBets: MAX_BETS, maxVaults: MAX_VAULTS, key }),
    ]);
    return decodeVerifyingKey(chain.account(await verifyingKeyAddress({ program, house: address, id })).data);
  };
  const { bump, ...early } = await add(7);
  assert.ok(bump > 0);
  assert.deepEqual(early, {
    id: 7,
    maxBets: MAX_BETS,
    maxVaults: MAX_VAULTS,
    house: address,
    keyHash: Uint8Array.from(createHash('sha256').update(key).digest()),
    activeFromSlot: chain.slot,
    retiredFromSlot: NEVER,
    key: Uint8Array.from(key),
  });
  await makeVaults(chain, house, 1);
  assert.equal((await add(8)).activeFromSlot, chain.slot + CHANGE_DELAY_SLOTS);
});

test('anyone funds the house; donations straight to escrow, house or vault change no books and stop nothing', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const stranger = await chain.signer('stranger');
  const before = readHouse(chain, house);
  const { events } = await chain.land([await fundHouse({ program, payer: stranger, house: house.address, amount: 3n })]);
  assert.deepEqual(events, [{ name: 'HouseFunded', house: house.address, amount: 3n }]);
  for (const address of [house.escrow, house.address, vaults[0]!.address]) chain.fund(address, 5n * SOL);
  await chain.land([await fundHouse({ program, payer: stranger, house: house.address, amount: 4n })]);
  const after = readHouse(chain, house);
  assert.deepEqual([after.balance - before.balance, after.liabilities - before.liabilities], [7n, 7n]);
  await chain.land([await settlement(chain, house, { runs: [{ vault: vaults[0]!, consume: SOL }] })]);
});

test('authority and settler take the lead; the leader before is fenced off', async () => {
  const { chain, house, vaults } = await makeWorld(1);
  const stale = await settlement(chain, house, { runs: [{ vault: vaults[0]!, consume: SOL }] });
  const from = LEADER.leaderEpoch;
  const advance = { program, house: house.address, from, to: from + MAX_EPOCH_STEP, nonce: 8n };
  await chain.land([advanceEpoch({ ...advance, leader: house.authority })]);
  const { leaderEpoch, leaderNonce } = readHouse(chain, house);
  assert.deepEqual([leaderEpoch, leaderNonce], [from + MAX_EPOCH_STEP, 8n]);
  assert.equal((await chain.send([stale])).error, 'WRONG_LEADER_PAIR');
  await chain.land([await settlement(chain, house, { runs: [{ vault: vaults[0]!, consume: SOL }] })]);
});
