import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import type { VaultView } from '../chain/view.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture, TINY } from '../test/settlement-fixture.ts';
import { deadlineOf } from './deadlines.ts';

useKernel(NATIVE_KERNEL);

const first = { hash: 1n, from: 0n, until: (1n << 64n) - 1n };
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

test("a session key's end is a deadline, for a vault that waits", async () => {
  const f = await new SettlementFixture().open();
  try {
    await f.place(f.alice, 1);
    await f.look({ keys: [first, { hash: 2n, from: 0n, until: 77n }] });
    const vault = f.admission.admission.vaultOf(f.alice.owner);
    assert.equal(deadlineOf(vault, 1_500n), 77n);
    await f.look({ keys: [first, { hash: 0n, from: 0n, until: 77n }] });
    assert.equal(deadlineOf(vault, 1_500n), undefined);
    assert.equal(deadlineOf(f.admission.admission.vaultOf(f.bettor(1).owner), 1_500n), undefined);
  } finally {
    await f.close();
  }
});
