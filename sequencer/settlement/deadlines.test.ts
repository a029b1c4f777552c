import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import type { VaultView } from '../chain/view.ts';
import { addressOf } from '../ledger/addresses.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture, TINY, WIDE } from '../test/settlement-fixture.ts';
import { deadlineOf } from './deadlines.ts';

useKernel(NATIVE_KERNEL);

const standing = { hash: 1n, from: 0n, until: (1n << 64n) - 1n };
for (const [name, change] of Object.entries<Partial<VaultView>>({
  'an open request': { requestAmount: 5n, requestDeadline: 9_000n },
  'an open challenge': { challengeBet: 1n, challengeSlot: 7_000n },
})) {
  test(`the vault with the earliest deadline (${name}) goes first, then the longest waiting`, async () => {
    const f = await new SettlementFixture({ sizes: [TINY] }).open();
    try {
      for (const bettor of f.bettors) await f.place(bettor, 1);
      f.chain.changes.set(f.bettor(1).vault, { requestAmount: 5n, requestDeadline: 9_999n });
      f.chain.changes.set(f.bettor(2).vault, change);
      await f.look();
      f.start();
      await f.settleAll();
      assert.deepEqual(
        f.chain.landed.map(({ batch }) => batch.runs[0]?.vault[0]),
        [103, 102, 101],
      );
    } finally {
      await f.close();
    }
  });
}

test("a session key's end is a deadline as long as it is ahead, for a vault with open bets of that key alone", async () => {
  const f = await new SettlementFixture().open();
  try {
    await f.place(f.alice, 1);
    const vault = f.admission.admission.vaultOf(f.alice.owner);
    const chain = { exitDelaySlots: 1_500n, slot: 70n };
    const key = f.alice.view().keys[0];
    await f.look({ keys: [{ ...key, until: 77n }, standing] });
    assert.equal(deadlineOf(vault, chain), 77n);
    assert.equal(deadlineOf(vault, { ...chain, slot: 78n }), undefined);
    for (const until of [77n, 0n]) {
      await f.look({ keys: [key, { hash: 2n, from: 0n, until }] });
      assert.equal(deadlineOf(vault, chain), undefined, 'no open bet is signed with that key');
    }
    await f.look({ keys: [key, { hash: 0n, from: 0n, until: 77n }] });
    assert.equal(deadlineOf(vault, chain), undefined);
    assert.equal(deadlineOf(f.admission.admission.vaultOf(f.bettor(1).owner), chain), undefined);
  } finally {
    await f.close();
  }
});

test('vaults with deadlines, however many, leave every fourth place to the longest waiting', async () => {
  const f = await new SettlementFixture({ bettors: 70, sizes: [WIDE] }).open();
  try {
    for (const bettor of f.bettors) {
      await f.place(bettor, 1);
      f.nowMs += 1;
    }
    for (const { vault } of f.bettors.slice(3)) f.chain.changes.set(vault, { requestAmount: 5n, requestDeadline: 9_000n });
    await f.look();
    f.prepare();
    const runs = f.build()?.runs ?? [];
    const waiting = f.bettors.slice(0, 3).filter(({ vault }) => runs.some((run) => addressOf(run.vault) === vault));
    assert.deepEqual([runs.length, waiting.length], [8, 2]);
  } finally {
    await f.close();
  }
});
