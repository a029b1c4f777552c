import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import type { BatchStatement } from '../../protocol/batch.ts';
import { decodeBlob } from '../../protocol/blob.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { vrfCommitmentOf } from '../../protocol/outcome.ts';
import { TermsBook } from '../admission/seeds.ts';
import { BlobStore } from '../blobs/store.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import type { BatchState } from '../ledger/records.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { AdmissionFixture, chainView, DOMAIN, HOUSE, K, TestBettor } from '../test/admission-fixture.ts';
import { FakeSettlementChain } from '../test/fake-settlement-chain.ts';
import { UnfinishedBatches } from './batches.ts';
import { BatchBuilder } from './builder.ts';
import { Settlement } from './settlement.ts';

useKernel(NATIVE_KERNEL);

const SIZES = [
  { name: 'tiny', vkId: 1, maxBets: 3, maxVaults: 1 },
  { name: 'small', vkId: 2, maxBets: 6, maxVaults: 2 },
];

describe('settlement', () => {
  let fixture: AdmissionFixture;
  let chain: FakeSettlementChain;
  let bettors: TestBettor[];
  let settlement: Settlement | undefined;
  let unfinished: UnfinishedBatches;
  let proofs: BatchStatement[];
  let onProve: (statement: BatchStatement) => void;
  let slot: bigint;
  let blobDirectory: string;
  let nowMs: number;

  const look = async () => {
    slot += 1n;
    await fixture.book.observe(
      chainView(
        slot,
        bettors.map((bettor) => chain.vaultAfter(bettor.view())),
      ),
    );
  };
  const place = async (bettor: TestBettor, count: number) => {
    await fixture.admission.limitOf(fixture.admission.vaultOf(bettor.owner));
    for (let index = 0; index < count; index += 1) {
      const request = bettor.sign({ stakeUnits: 1n });
      await fixture.admission.placeBet(request);
      bettor.accept(request);
    }
  };
  const start = () => {
    const { ledger, book } = fixture;
    const secrets = [1, 2].map((id) => ({
      id,
      profitBps: 9_800,
      k: K + BigInt(id),
      vrfCommitment: vrfCommitmentOf(K + BigInt(id)),
    }));
    const terms = new TermsBook(secrets, 1);
    const blobs = new BlobStore(blobDirectory);
    const house = addressBytes(HOUSE);
    const builder = new BatchBuilder({ read: ledger.read, book, terms, blobs, sizes: SIZES, domain: DOMAIN, house });
    unfinished = new UnfinishedBatches({ ledger, nowMs: () => nowMs, onChange: () => {} });
    const provers = SIZES.map((size) => ({
      circuit: size,
      prove: async (statement: BatchStatement) => {
        onProve(statement);
        proofs.push(statement);
        return { compressed: new Uint8Array(128), witnessMs: 1, proveMs: 1 };
      },
    }));
    const timing = { batchWaitMs: 0, batchThreshold: 1, pollMs: 1, nowMs: () => nowMs };
    settlement = new Settlement({ chain, unfinished, builder, provers, ...timing, log: pino({ enabled: false }) });
    settlement.start();
  };
  const stop = async () => {
    await settlement?.stop();
    settlement = undefined;
  };
  /** What a crash and a start leave: the ledger alone. */
  const restart = async () => {
    await stop();
    await fixture.reopen();
    await look();
    start();
  };
  const states = () => fixture.ledger.read.batches({ before: 1_000n, limit: 100 }).map(({ state }) => state);
  const until = async (condition: () => boolean, step: () => void | Promise<void> = () => {}) => {
    for (let tries = 0; !condition(); tries += 1) {
      assert.ok(tries < 2_000, `still ${states()}`);
      await step();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const untilState = (state: BatchState, step?: () => void) => until(() => states()[0] === state, step);
  const settleAll = () =>
    until(
      () => fixture.book.openBets === 0 && states().every((state) => state === 'Finalized'),
      async () => {
        chain.finalizeAll();
        await look();
      },
    );
  /** Every bet settled exactly once, in order, and the chain's balances are the receipts'. */
  const assertSettledOnce = () => {
    for (const bettor of bettors) {
      const runs = chain.landed
        .flatMap(({ batch }) => batch.runs)
        .filter((run) => fixture.book.byAddress(bettor.vault) && Buffer.from(run.vault).equals(addressBytes(bettor.vault)));
      let next = 1n;
      for (const run of runs) {
        assert.equal(run.firstBet, next);
        next += BigInt(run.betCount);
      }
      assert.equal(next, bettor.next);
      const last = fixture.ledger.read.bet(addressBytes(bettor.vault), bettor.next - 1n);
      assert.equal(chain.vaultAfter(bettor.view()).balance, last?.balanceAfter ?? 1_000_000n);
    }
  };

  beforeEach(async () => {
    blobDirectory = mkdtempSync(join(tmpdir(), 'blobs-'));
    fixture = await new AdmissionFixture({
      limits: { maxStakeUnits: 50n, maxOpenBetsPerVault: 1_000, maxOpenBets: () => 1_000 },
    }).open();
    chain = new FakeSettlementChain();
    bettors = [1, 2, 3].map((seed) => new TestBettor(seed));
    proofs = [];
    onProve = () => {};
    slot = 0n;
    nowMs = 1_790_000_000_000;
    await look();
  });
  afterEach(async () => {
    await stop();
    await fixture.close();
    rmSync(blobDirectory, { recursive: true, force: true });
  });

  test('bets of several vaults are batched in order, settled once, and their blobs say what was played', async () => {
    for (const [index, bettor] of bettors.entries()) await place(bettor, 4 + index);
    start();
    await settleAll();
    assertSettledOnce();
    for (const { batch } of chain.landed) {
      const blob = decodeBlob(new BlobStore(blobDirectory).get(batch.blobHash));
      assert.equal(blob.batchNumber, batch.batchNumber);
      assert.deepEqual(
        blob.runs.map(({ after }) => after),
        batch.runs.map(({ after }) => after),
      );
    }
    assert.ok(chain.landed.some(({ batch }) => batch.maxBets === 6));
  });

  test('a single bet takes the smallest circuit', async () => {
    await place(bettors[0] as TestBettor, 1);
    start();
    await settleAll();
    assert.equal(chain.landed[0]?.batch.maxBets, 3);
  });

  for (const state of ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed'] as const) {
    test(`a crash while a batch is ${state} loses nothing and settles nothing twice`, async () => {
      await place(bettors[0] as TestBettor, 2);
      if (state === 'Pending' || state === 'Proving') {
        onProve = () => {
          throw new CasinoError('PROVER_FAILED', 'the process dies here');
        };
      }
      chain.onSend = state === 'Confirmed' ? 'land' : 'drop';
      start();
      if (state === 'Submitted' || state === 'Confirmed') await untilState(state);
      else await untilState(state === 'Proved' ? 'Submitted' : 'Proving');
      await stop();
      await place(bettors[0] as TestBettor, 3);
      onProve = () => {};
      chain.onSend = 'land';
      await restart();
      nowMs += 10_000;
      await settleAll();
      assertSettledOnce();
    });
  }

  test('a send that fails after landing is found on chain, not signed again', async () => {
    await place(bettors[0] as TestBettor, 1);
    chain.onSend = 'land-and-fail';
    start();
    await settleAll();
    assert.equal(chain.signed.size, 1);
    assertSettledOnce();
  });

  test('unseen bytes are sent again, and other bytes are signed only past their height', async () => {
    await place(bettors[0] as TestBettor, 1);
    chain.onSend = 'drop';
    start();
    await until(
      () => chain.sent.length >= 3,
      () => {
        nowMs += 1_000;
      },
    );
    assert.equal(chain.signed.size, 1);
    chain.height += 151n;
    await until(() => chain.signed.size === 2);
    assert.equal(chain.land('signature-1'), false);
    chain.onSend = 'land';
    nowMs += 10_000;
    await settleAll();
    assertSettledOnce();
  });

  test('bytes of a fenced leader are replaced at once: the program refuses them for ever', async () => {
    await place(bettors[0] as TestBettor, 1);
    chain.onSend = 'drop';
    start();
    await untilState('Submitted');
    chain.leader = { epoch: 2n, nonce: 7n };
    chain.onSend = 'land';
    await settleAll();
    assert.equal(chain.signed.size, 2);
    assertSettledOnce();
  });

  test('a confirmation that a fork takes back returns to Submitted and is settled again', async () => {
    await place(bettors[0] as TestBettor, 1);
    start();
    await untilState('Confirmed');
    chain.onSend = 'drop';
    chain.forkAway();
    await untilState('Submitted');
    chain.onSend = 'land';
    nowMs += 10_000;
    await settleAll();
    assertSettledOnce();
    const trail = fixture.ledger.read.auditTrail(1n).map(({ to }) => to);
    assert.deepEqual(trail, ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Submitted', 'Confirmed', 'Finalized']);
  });

  test('a rejected batch is taken back with those built on it, and built anew', async () => {
    await place(bettors[0] as TestBettor, 7);
    chain.onSend = 'reject';
    start();
    await until(() => fixture.ledger.read.auditTrail(1n).some(({ to }) => to === ''));
    chain.onSend = 'land';
    nowMs += 10_000;
    await settleAll();
    assertSettledOnce();
  });

  test('a batch that keeps being rejected is held as Failed, its bets still owed', async () => {
    await place(bettors[0] as TestBettor, 1);
    onProve = () => {
      throw new CasinoError('SETTLEMENT_REJECTED', 'no witness exists');
    };
    start();
    await untilState('Failed');
    assert.match(settlement?.problem ?? '', /batch 1 can not be settled/);
    assert.equal(fixture.book.openBets, 1);
    assert.equal(chain.landed.length, 0);
  });

  test('a prover that fails for a while delays and loses nothing', async () => {
    await place(bettors[0] as TestBettor, 2);
    let failures = 0;
    onProve = () => {
      failures += 1;
      if (failures < 3) throw new CasinoError('PROVER_FAILED', 'out of memory');
    };
    start();
    await settleAll();
    assert.equal(failures, 3);
    assertSettledOnce();
  });

  test('deposits are consumed once, by the next run, however many batches are in flight', async () => {
    const alice = bettors[0] as TestBettor;
    const rich = alice.view({ pendingDeposit: 500_000n });
    const original = alice.view.bind(alice);
    alice.view = (change) => ({ ...original(change), ...(change ? {} : rich) });
    await look();
    await place(alice, 7);
    chain.onSend = 'drop';
    start();
    await until(() => unfinished.all.length >= 2);
    chain.onSend = 'land';
    nowMs += 10_000;
    await settleAll();
    const consumed = chain.landed.flatMap(({ batch }) => batch.runs.map(({ consume }) => consume));
    assert.deepEqual(
      consumed.filter((amount) => amount > 0n),
      [500_000n],
    );
    assertSettledOnce();
  });
});
