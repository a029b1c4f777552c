// Would catch: a service that calls itself ready and takes no bets, a problem without its code, and an alert that is not raised or never ends.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { AdmissionFixture, chainView, TestBettor } from '../test/admission-fixture.ts';
import { Alerts } from './alerts.ts';
import { Gate } from './gate.ts';
import { type HealthInput, healthOf } from './health.ts';
import type { ProblemCode } from './problems.ts';
import type { ReconciliationReport } from './reconcile.ts';
import { settlerFunds } from './settler-balance.ts';
import { storageOf } from './storage.ts';

useKernel(NATIVE_KERNEL);

const NOW_MS = 1_790_000_100_000;
const clean: ReconciliationReport = {
  timeMs: 5,
  slot: 1n,
  vaultsChecked: 1,
  batchesChecked: 0,
  transfersChecked: 0,
  complete: true,
  discrepancies: [],
  omitted: 0,
  fundsDiffer: false,
};
const differing = (funds: boolean): ReconciliationReport => ({
  ...clean,
  discrepancies: [{ kind: funds ? 'escrow' : 'signature', subject: 'x', expected: 'a', found: 'b', funds }],
  fundsDiffer: funds,
});

describe('health', () => {
  let fixture: AdmissionFixture;
  let report: ReconciliationReport;
  let nowMs: number;
  let leader: { epoch: bigint; nonce: bigint };

  before(async () => {
    fixture = await new AdmissionFixture().open();
  });
  after(() => fixture.close());
  beforeEach(() => {
    report = clean;
    nowMs = 0;
    leader = { epoch: 1n, nonce: 1n };
  });

  const inputs = (change: Partial<HealthInput> = {}): HealthInput => ({
    book: fixture.book,
    gate: new Gate({ leader, slotMs: 400, nowMs: () => nowMs, fundsDiffer: () => report.fundsDiffer }),
    ledger: fixture.ledger,
    settlement: { problems: [], betsPerSecond: 12.5 },
    publisher: { problems: [] },
    unfinishedBatches: 0,
    developmentKeys: false,
    reconciler: { report, overdue: undefined },
    archiver: { failure: undefined },
    settler: settlerFunds(1_000_000_000n),
    settlerWarnLamports: 100_000_000n,
    prover: { proofs: true, sizes: ['tiny', 'small'], loaded: ['tiny'], lastProof: undefined },
    storage: { ledgerBytes: 1, walBytes: 2, diskFreeBytes: 100_000_000_000 },
    chainSilentMs: 10,
    startedAtMs: NOW_MS - 1_000,
    nowMs: NOW_MS,
    ...change,
  });
  const codes = (change: Partial<HealthInput> = {}) => {
    const health = healthOf(inputs(change));
    assert.equal(health.status, health.problems.length === 0 ? 'ok' : 'degraded');
    return { codes: health.problems.map(({ code }) => code), ready: health.ready };
  };

  test('of a service that has not read the chain is not ready', () => {
    assert.deepEqual(codes(), { codes: ['CHAIN_UNSEEN'], ready: false });
  });

  test('of a service that is well has no problem, and tells its figures', async () => {
    const alice = new TestBettor(1);
    await fixture.book.observe(chainView(1n, [alice.view()]));
    await fixture.admission.limitOf(fixture.admission.vaultOf(alice.owner));
    await fixture.admission.placeBet(alice.sign());
    assert.deepEqual(codes(), { codes: [], ready: true });
    const health = healthOf(inputs());
    assert.deepEqual(health.settlement.oldest_open_bet_age_ms, 100_000);
    assert.deepEqual([health.settlement.open_bets, health.settlement.unbatched_bets], [1, 1]);
    assert.deepEqual(health.settler, { lamports: '1000000000', batches_left: '199821' });
    assert.deepEqual(health.reconciliation, { time: 5, funds_differ: false, differences: 0 });
    assert.equal(health.chain.slot, '1');
  });

  const cases: { code: ProblemCode; ready: boolean; change: () => Partial<HealthInput> }[] = [
    {
      code: 'NOT_LEADING',
      ready: false,
      change: () => {
        leader = { epoch: 1n, nonce: 2n };
        return {};
      },
    },
    {
      code: 'CHAIN_STALE',
      ready: false,
      change: () => {
        nowMs = 150_001;
        return {};
      },
    },
    {
      code: 'FUNDS_DIFFER',
      ready: false,
      change: () => {
        report = differing(true);
        return {};
      },
    },
    {
      code: 'NOT_RECONCILED',
      ready: false,
      change: () => ({
        gate: new Gate({ leader, slotMs: 400, nowMs: () => nowMs, fundsDiffer: () => undefined }),
        reconciler: { report: undefined, overdue: undefined },
      }),
    },
    { code: 'RECORDS_DIFFER', ready: true, change: () => ({ reconciler: { report: differing(false), overdue: undefined } }) },
    { code: 'RECONCILIATION_LATE', ready: true, change: () => ({ reconciler: { report, overdue: 'no answer' } }) },
    { code: 'ARCHIVING_FAILS', ready: true, change: () => ({ archiver: { failure: 'no space' } }) },
    {
      code: 'LEDGER_FAILED',
      ready: false,
      change: () => ({ ledger: { writable: false, backlog: 0, read: fixture.ledger.read } }),
    },
    {
      code: 'LEDGER_BEHIND',
      ready: false,
      change: () => ({ ledger: { writable: true, backlog: 16_385, read: fixture.ledger.read } }),
    },
    { code: 'CHAIN_SILENT', ready: true, change: () => ({ chainSilentMs: 15_001 }) },
    {
      code: 'SETTLEMENT_STUCK',
      ready: true,
      change: () => ({ settlement: { problems: ['batch 1 is held'], betsPerSecond: undefined } }),
    },
    ...(['BLOB_STORE_DOWN', 'BLOB_STORE_CORRUPT'] as const).map((code) => ({
      code,
      ready: true,
      change: () => ({ publisher: { problems: [{ code, message: 'batch 1 waits' }] } }),
    })),
    { code: 'SETTLEMENT_LATE', ready: true, change: () => ({ nowMs: NOW_MS + 50_001 }) },
    { code: 'SETTLER_LOW', ready: true, change: () => ({ settler: settlerFunds(99_999_999n) }) },
    { code: 'SETTLER_EMPTY', ready: true, change: () => ({ settler: settlerFunds(895_879n) }) },
    {
      code: 'PROOFS_OFF',
      ready: true,
      change: () => ({ prover: { proofs: false, sizes: [], loaded: [], lastProof: undefined } }),
    },
    { code: 'DISK_LOW', ready: true, change: () => ({ storage: { ledgerBytes: 1, walBytes: 1, diskFreeBytes: 1_000_000_000 } }) },
  ];
  for (const { code, ready, change } of cases) {
    test(`says ${code}, and whether bets are still taken`, () => {
      assert.deepEqual(codes(change()), { codes: [code], ready });
    });
  }

  test('knows the size of the ledger and the free disk', () => {
    const directory = mkdtempSync(join(tmpdir(), 'storage-'));
    const storage = storageOf(join(directory, 'ledger.db'));
    assert.equal(storage.ledgerBytes, 0);
    assert.ok(storage.diskFreeBytes > 0);
    rmSync(directory, { recursive: true });
  });
});

test('an alert is raised once when a problem begins, and ended once when it is over', () => {
  const lines: unknown[] = [];
  const line = (level: string) => (fields: object) => void lines.push([level, fields]);
  const alerts = new Alerts({ error: line('error'), info: line('info') } as unknown as ConstructorParameters<typeof Alerts>[0]);
  const low = { code: 'SETTLER_LOW', message: 'pay it' } as const;
  const stale = { code: 'CHAIN_STALE', message: 'old' } as const;
  for (const problems of [[], [low], [low, stale], [stale], [], [low]]) alerts.update(problems);
  assert.deepEqual(lines, [
    ['error', { alert: 'SETTLER_LOW' }],
    ['error', { alert: 'CHAIN_STALE' }],
    ['info', { alert: 'SETTLER_LOW', ended: true }],
    ['info', { alert: 'CHAIN_STALE', ended: true }],
    ['error', { alert: 'SETTLER_LOW' }],
  ]);
});
