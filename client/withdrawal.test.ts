// Would catch: money called paid before it is final, a request made twice, an exit that can not be taken up again, and a step that
// needs the service.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type Address, createKeyPairSignerFromPrivateKeyBytes, type KeyPairSigner } from '@solana/kit';
import { ExitClient } from './exit-client.ts';
import { FakeChain, PROGRAM } from './test/fake-chain.ts';
import { RECEIPT_KEY } from './test/fake-service.ts';
import { fastClock } from './test/table.ts';

let chain: FakeChain;
let wallet: KeyPairSigner;
let client: ExitClient;
let vault: Parameters<FakeChain['putVault']>[0];

/** Changes the vault on chain. */
const show = async (change: Partial<typeof vault>) => {
  vault = { ...vault, ...change };
  await chain.putVault(vault);
};
/** What the next transactions do to the vault, one each; they are final at once. */
const onSends = (...changes: (Partial<typeof vault> | 'fails')[]) => {
  chain.onSend = async (signature) => {
    const change = changes.shift();
    assert.ok(change, 'one transaction too many');
    const failure = change === 'fails' ? { InstructionError: [0, { Custom: 6_078 }] } : null;
    if (change !== 'fails') await show(change);
    chain.statuses.set(signature, { commitment: 'finalized', slot: chain.height, failure });
  };
};
const request = { amount: 500n, deadlineSlot: 1_600n };
const CLOSED = { frozen: true, balance: 0n, request: { amount: 0n, deadlineSlot: 0n } };
const NONE = { amount: 0n, deadlineSlot: 0n };

beforeEach(async () => {
  chain = await FakeChain.create(RECEIPT_KEY);
  wallet = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(5));
  const connection = { rpcUrl: 'http://unused', chain, clock: fastClock(), house: chain.house, program: PROGRAM, wallet };
  client = await ExitClient.connect(connection);
  vault = { owner: wallet.address, sessionKeyHash: 1n, balance: 900n };
  await chain.putVault(vault);
});

describe('a withdrawal', () => {
  it('is requested, paid and claimed, and tells each step', async () => {
    const stages: string[] = [];
    onSends({ request }, { claimable: 0n });
    let looks = 0;
    const account = chain.account.bind(chain);
    chain.account = async (address) => {
      if (vault.request?.amount && ++looks === 12) await show({ request: NONE, balance: 400n, claimable: 500n });
      return account(address);
    };
    const claimed = await client.withdraw(500n, { onProgress: (stage) => stages.push(stage) });
    assert.deepEqual(stages, ['requested', 'paid', 'claimed']);
    assert.equal(claimed.amount, 500n);
    assert.equal(chain.sent.length, 2);
  });

  it('that was interrupted is taken up where it stands, without another request', async () => {
    await show({ request });
    await assert.rejects(client.withdraw('all', { timeoutMs: 5_000 }), { code: 'TIMEOUT', message: /after slot 1600/ });
    assert.equal(chain.sent.length, 0);
    let looks = 0;
    const account = chain.account.bind(chain);
    chain.account = async (address) => {
      if (++looks === 5) await show({ request: NONE, claimable: 500n });
      return account(address);
    };
    onSends({ claimable: 0n });
    assert.equal((await client.withdraw('all')).amount, 500n);
    assert.equal(chain.sent.length, 1);
  });

  it('is not paid while its request is merely confirmed', async () => {
    const finalized = await chain.account(client.vaultAddress);
    await show({ request });
    const account = chain.account.bind(chain);
    chain.account = async (address: Address, commitment?: string) => (commitment === 'finalized' ? finalized : account(address));
    await assert.rejects(client.waitUntilPaid({ timeoutMs: 5_000 }), { code: 'TIMEOUT' });
    await show({ request: NONE });
    assert.equal((await client.waitUntilPaid({ timeoutMs: 5_000 })).balance, 900n);
  });

  it('is not requested twice, nor from a vault that is not there or closed, nor of nothing', async () => {
    for (const amount of [0n, -1n, 1n << 64n]) await assert.rejects(client.requestWithdrawal(amount), { code: 'BAD_VALUE' });
    await show({ request });
    await assert.rejects(client.requestWithdrawal(1n), { code: 'REQUEST_OPEN' });
    await show(CLOSED);
    await assert.rejects(client.requestWithdrawal(1n), { code: 'VAULT_CLOSED' });
    chain.accounts.delete(client.vaultAddress);
    await assert.rejects(client.requestWithdrawal(1n), { code: 'NO_VAULT' });
    assert.equal(chain.sent.length, 0);
  });

  it('that fails because another request came first says so', async () => {
    chain.onSend = async (signature) => {
      await show({ request });
      chain.statuses.set(signature, { commitment: 'finalized', slot: 1n, failure: { InstructionError: [0, { Custom: 6_078 }] } });
    };
    await assert.rejects(client.requestWithdrawal(1n), { code: 'REQUEST_OPEN' });
  });

  it('of nothing that is claimable is refused, and a claim that another sent first is as good', async () => {
    await assert.rejects(client.claim(), { code: 'NOTHING_TO_CLAIM' });
    await show({ claimable: 7n });
    chain.onSend = async (signature) => {
      await show({ claimable: 0n });
      chain.statuses.set(signature, { commitment: 'finalized', slot: 1n, failure: { InstructionError: [0, { Custom: 6_079 }] } });
    };
    assert.deepEqual(await client.claim(), { amount: 7n, signature: undefined });
    await show({ claimable: 7n });
    onSends('fails');
    await assert.rejects(client.claim(), { code: 'TRANSACTION_FAILED' });
  });
});

describe('a forced exit', () => {
  it('needs a request, and its deadline past', async () => {
    await assert.rejects(client.forceExit(), { code: 'NO_REQUEST' });
    await show({ request });
    chain.height = 1_600n;
    await assert.rejects(client.forceExit(), { code: 'EXIT_TOO_EARLY' });
    chain.height = 1_601n;
    onSends({ ...CLOSED, claimable: 900n });
    assert.deepEqual(await client.forceExit(), { exited: true });
    assert.deepEqual(await client.forceExit(), { exited: true });
    assert.equal(chain.sent.length, 1);
  });

  it('that the house was quicker than to pay leaves the vault open, and says so', async () => {
    await show({ request });
    chain.height = 1_601n;
    chain.onSend = async (signature) => {
      await show({ request: NONE, balance: 400n, claimable: 500n });
      chain.statuses.set(signature, { commitment: 'finalized', slot: 1n, failure: { InstructionError: [0, { Custom: 6_106 }] } });
    };
    assert.deepEqual(await client.forceExit(), { exited: false });
  });

  it('that fails for another reason fails', async () => {
    await show({ request });
    chain.height = 1_601n;
    onSends('fails');
    await assert.rejects(client.forceExit(), { code: 'TRANSACTION_FAILED' });
  });

  it('all the way: requests, waits for the deadline, leaves, claims', async () => {
    const stages: string[] = [];
    onSends({ request }, { ...CLOSED, claimable: 900n }, { claimable: 0n });
    chain.slot = async () => {
      chain.height += 100n;
      return chain.height;
    };
    const result = await client.exit({ onProgress: (stage) => stages.push(stage) });
    assert.deepEqual([result.amount, result.exited], [900n, true]);
    assert.deepEqual(stages, ['requested', 'exited', 'claimed']);
    assert.ok(chain.height > 1_600n);
  });

  it('is no exit if the house pays while it waits', async () => {
    await show({ request });
    chain.slot = async () => {
      await show({ request: NONE, balance: 400n, claimable: 500n });
      return chain.height;
    };
    onSends({ claimable: 0n });
    const result = await client.exit();
    assert.deepEqual([result.amount, result.exited], [500n, false]);
  });
});
