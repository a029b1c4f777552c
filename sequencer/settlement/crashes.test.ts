import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';

useKernel(NATIVE_KERNEL);

/** Longest life of a process in looks, and most points at which one is ended. */
const MAX_LOOKS = 400;
const MAX_POINTS = 200;
const CHAIN_CALLS = ['signBatch', 'dryRun', 'send', 'landedBatch', 'confirmedVaults', 'verifyingKeys', 'finalizedHouse'] as const;

/** Ends a process at its n-th act: before the act, or after it and before anyone hears of it. Nothing acts after that. */
class Death {
  readonly #at: number;
  readonly #when: 'before' | 'after';
  #acts = 0;

  constructor(at: number, when: 'before' | 'after') {
    this.#at = at;
    this.#when = when;
  }

  get came(): boolean {
    return this.#acts >= this.#at;
  }

  wrap<A extends unknown[], T>(act: (...input: A) => Promise<T>): (...input: A) => Promise<T> {
    return async (...input) => {
      this.#acts += 1;
      if (this.#acts > this.#at || (this.#acts === this.#at && this.#when === 'before')) throw new Error('the process is gone');
      const result = await act(...input);
      if (this.came) throw new Error('the process is gone');
      return result;
    };
  }
}

/** Two vaults, one of which can not settle at first: planning, proving, rejecting, halving, holding, landing, finality, trying again. */
async function liveAndDie(f: SettlementFixture, death: Death, mortal: 'ledger' | 'chain'): Promise<boolean> {
  const { ledger } = f.admission;
  if (mortal === 'ledger') ledger.commit = death.wrap(ledger.commit.bind(ledger));
  else for (const call of CHAIN_CALLS) f.chain[call] = death.wrap(f.chain[call].bind(f.chain) as never) as never;
  f.start();
  const done = () => f.admission.book.openBets === 0 && f.held().length === 0;
  for (let looks = 0; looks < MAX_LOOKS && !death.came && !done(); looks += 1) {
    f.chain.finalizeAll();
    await f.look().catch(() => {});
    if (f.held().length === 1) {
      f.chain.badVaults.clear();
      f.nowMs += 3_600_000;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await f.stop();
  if (mortal === 'ledger') Reflect.deleteProperty(ledger, 'commit');
  else for (const call of CHAIN_CALLS) Reflect.deleteProperty(f.chain, call);
  return death.came;
}

for (const mortal of ['ledger', 'chain'] as const) {
  for (const when of ['before', 'after'] as const) {
    test(`a process that ends ${when} any of its acts on the ${mortal} loses nothing and settles nothing twice`, async () => {
      let point = 1;
      for (; point < MAX_POINTS; point += 1) {
        const f = await new SettlementFixture({ bettors: 2 }).open();
        try {
          for (const bettor of f.bettors) await f.place(bettor, 2);
          f.chain.badVaults.set(f.alice.vault, 'INVALID_PROOF');
          const died = await liveAndDie(f, new Death(point, when), mortal);
          f.chain.badVaults.clear();
          f.nowMs += 10_000;
          await f.restart();
          await f.settleAll();
          await f.until(() => f.held().length === 0);
          f.assertSettledOnce();
          assert.equal(f.states().length, f.chain.landed.length);
          if (!died) break;
        } finally {
          await f.close();
        }
      }
      assert.ok(point > 15 && point < MAX_POINTS, `${point} points`);
    });
  }
}
