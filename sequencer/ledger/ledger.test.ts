import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { CasinoError } from '../errors.ts';
import { Ledger } from './ledger.ts';
import { LedgerReader } from './reader.ts';
import type { BatchRecord, BetRecord, LedgerEntry, VaultRecord } from './records.ts';
import { schemaDigest } from './schema.ts';
import { sealOf } from './seals.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const VAULT = bytes(32, 1);

const vault: VaultRecord = {
  vault: VAULT,
  owner: bytes(32, 2),
  accountId: bytes(32, 3),
  lastBet: 0n,
  head: bytes(32, 3),
  cumulativeDelta: 0n,
  lastTerms: 0,
  batchedThrough: 0n,
  finalizedThrough: 0n,
};

/** Takes back what version 5 added. */
const BEFORE_ARCHIVES = 'DROP TABLE archives; DROP TABLE archived_ranges;';
/** Takes back what version 3 added. */
const BEFORE_VOIDING = 'DROP TABLE voided_vaults; DROP INDEX transfers_by_number;';

/** Takes back what version 6 added. */
const BEFORE_AUDIT = 'DROP TABLE reconciliations; DROP TABLE configurations;';

/** Takes back what version 7 added. */
const BEFORE_TIME_INDEX = 'DROP INDEX bets_by_time;';

/** Makes a ledger one of before rows were sealed; `sql` does the rest. */
function unseal(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(BEFORE_ARCHIVES);
  database.exec(BEFORE_AUDIT);
  database.exec(BEFORE_TIME_INDEX);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  for (const { name } of tables) database.exec(`ALTER TABLE ${name} DROP COLUMN seal`);
  database.exec(`DELETE FROM meta; ${sql}`);
  database.close();
  rmSync(`${path}.mark`);
}

function bet(betNumber: bigint, change: Partial<BetRecord> = {}): BetRecord {
  return {
    vault: VAULT,
    betNumber,
    termsId: 1,
    stakeUnits: 5n,
    choice: 1,
    clientSeed: bytes(32, 4),
    head: bytes(32, 100 + Number(betNumber)),
    sessionKey: bytes(64, 5),
    signature: bytes(96, 6),
    serverSeed: bytes(32, 7),
    outcome: 0,
    payout: 0n,
    balanceAfter: (1n << 64n) - 1n,
    cumulativeDelta: -50_000n * betNumber,
    timeMs: 1_000n + betNumber,
    receiptSignature: bytes(64, 8),
    ...change,
  };
}

function batch(batchNumber: bigint, run: { firstBet: bigint; betCount: number }): BatchRecord {
  return {
    batchNumber,
    state: 'Pending',
    termsId: 1,
    vkId: 1,
    size: 'tiny',
    betCount: run.betCount,
    blobHash: bytes(32, 9),
    outcomes: bytes(1, 0),
    attempt: 0,
    createdAtMs: 1,
    updatedAtMs: 1,
    runs: [{ slot: 0, vault: VAULT, start: 1n << 63n, consume: 0n, after: 2n, ...run, keySlot: 0, payRequest: false }],
  };
}

const moved = (batchNumber: bigint, from: BatchRecord['state'], to: BatchRecord['state']): LedgerEntry => ({
  kind: 'batch-moved',
  batchNumber,
  from,
  to,
  reason: 'test',
  timeMs: 5,
  attempt: 1,
  progress: { leaderNonce: (1n << 64n) - 1n, signature: 'sig', proof: bytes(128, 1) },
});

const voided = (fromBet: bigint, throughBet: bigint): LedgerEntry => ({
  kind: 'vault-voided',
  voided: { vault: VAULT, fromBet, throughBet, slot: 7n, reason: 'forced exit' },
});

describe('ledger', () => {
  let directory: string;
  let path: string;
  let ledger: Ledger;
  let failures: CasinoError[];
  const open = () => Ledger.open({ path, onFailure: (error) => failures.push(error) });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'ledger-'));
    path = join(directory, 'ledger.db');
    failures = [];
    ledger = await open();
    await ledger.commit([{ kind: 'vault', vault }]);
  });

  afterEach(async () => {
    await ledger.close().catch(() => {});
    rmSync(directory, { recursive: true, force: true });
  });

  test('what was committed is there after a reopening, 64-bit values whole', async () => {
    await ledger.commit([1n, 2n, 3n].map((n) => ({ kind: 'bet', bet: bet(n) })));
    await ledger.close();
    ledger = await open();
    assert.deepEqual(ledger.read.bet(VAULT, 2n), bet(2n));
    assert.deepEqual(ledger.read.betByHead(bytes(32, 103)), bet(3n));
    assert.equal(ledger.read.vault(VAULT)?.lastBet, 3n);
    assert.equal(ledger.read.waitingBets(), 3);
  });

  test('many commits at once are all durable and in order', async () => {
    const commits = Array.from({ length: 100 }, (_, index) => ledger.commit([{ kind: 'bet', bet: bet(BigInt(index + 1)) }]));
    await Promise.all(commits);
    assert.equal(ledger.read.bets(VAULT, { first: 1n, last: 100n }).length, 100);
    assert.equal(ledger.backlog, 0);
  });

  for (const [name, entries] of Object.entries<LedgerEntry[]>({
    'a bet number twice': [
      { kind: 'bet', bet: bet(1n) },
      { kind: 'bet', bet: bet(1n) },
    ],
    'a gap in the numbers': [{ kind: 'bet', bet: bet(2n) }],
    'terms that go back': [
      { kind: 'bet', bet: bet(1n, { termsId: 2 }) },
      { kind: 'bet', bet: bet(2n) },
    ],
    'a batch of bets that are not there': [{ kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) }],
    'a batch that skips a bet': [
      { kind: 'bet', bet: bet(1n) },
      { kind: 'bet', bet: bet(2n) },
      { kind: 'batch-created', batch: batch(1n, { firstBet: 2n, betCount: 1 }) },
    ],
    'a bet in two batches': [
      { kind: 'bet', bet: bet(1n) },
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
      { kind: 'batch-created', batch: batch(2n, { firstBet: 1n, betCount: 1 }) },
    ],
    'a batch moved from a state that it is not in': [
      { kind: 'bet', bet: bet(1n) },
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
      moved(1n, 'Proved', 'Submitted'),
    ],
    'a batch of voided bets': [
      { kind: 'bet', bet: bet(1n) },
      voided(1n, 1n),
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
    ],
    'a bet of a voided vault': [{ kind: 'bet', bet: bet(1n) }, voided(1n, 1n), { kind: 'bet', bet: bet(2n) }],
    'fewer bets voided than are unsettled': [{ kind: 'bet', bet: bet(1n) }, { kind: 'bet', bet: bet(2n) }, voided(1n, 1n)],
    'a settled bet voided': [
      { kind: 'bet', bet: bet(1n) },
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
      { kind: 'settled-through', vault: VAULT, betNumber: 1n },
      voided(1n, 1n),
    ],
    'settled beyond what was batched': [
      { kind: 'bet', bet: bet(1n) },
      { kind: 'settled-through', vault: VAULT, betNumber: 1n },
    ],
  })) {
    test(`${name}: nothing of the commit is kept, and the ledger writes no more`, async () => {
      await assert.rejects(ledger.commit(entries), { code: 'LEDGER_FAILED' });
      assert.equal(failures.length, 1);
      await assert.rejects(ledger.commit([{ kind: 'bet', bet: bet(1n) }]), { code: 'LEDGER_FAILED' });
      assert.equal(ledger.read.vault(VAULT)?.lastBet, 0n);
      assert.equal(ledger.read.bet(VAULT, 1n), undefined);
    });
  }

  test('a batch moves through its states, each with a line of the audit trail', async () => {
    await ledger.commit([
      { kind: 'bet', bet: bet(1n) },
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
    ]);
    await ledger.commit([moved(1n, 'Pending', 'Submitted')]);
    const found = ledger.read.batchOfBet(VAULT, 1n);
    assert.equal(found?.state, 'Submitted');
    assert.equal(found?.leaderNonce, (1n << 64n) - 1n);
    assert.equal(found?.runs[0]?.start, 1n << 63n);
    assert.deepEqual(
      ledger.read.auditTrail(1n).map(({ from, to }) => [from, to]),
      [
        ['', 'Pending'],
        ['Pending', 'Submitted'],
      ],
    );
    assert.equal(ledger.read.waitingBets(), 0);
  });

  test('a withdrawn batch gives its bets and its number back and keeps its trail', async () => {
    await ledger.commit([
      ...[1n, 2n].map((n) => ({ kind: 'bet' as const, bet: bet(n) })),
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
      { kind: 'batch-created', batch: batch(2n, { firstBet: 2n, betCount: 1 }) },
    ]);
    await ledger.commit([2n, 1n].map((batchNumber) => ({ kind: 'batch-withdrawn', batchNumber, reason: 'rejected', timeMs: 9 })));
    assert.equal(ledger.read.waitingBets(), 2);
    assert.equal(ledger.read.lastBatchNumber(), 0n);
    assert.equal(ledger.read.auditTrail(1n).at(-1)?.reason, 'rejected');
    await ledger.commit([{ kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 2 }) }]);
    assert.equal(ledger.read.batchOfBet(VAULT, 2n)?.batchNumber, 1n);
  });

  test('voided bets wait for nothing: not at once, not when their batch is taken back, not after a reopening', async () => {
    await ledger.commit([
      ...[1n, 2n].map((n) => ({ kind: 'bet' as const, bet: bet(n) })),
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
      voided(1n, 2n),
    ]);
    assert.equal(ledger.read.waitingBets(), 0);
    await ledger.commit([{ kind: 'batch-withdrawn', batchNumber: 1n, reason: 'exit', timeMs: 9 }]);
    await ledger.close();
    ledger = await open();
    assert.equal(ledger.read.waitingBets(), 0);
    assert.deepEqual(ledger.read.waitingVaults(10), []);
    assert.deepEqual(ledger.read.voidedVaults(), [
      { vault: VAULT, fromBet: 1n, throughBet: 2n, slot: 7n, reason: 'forced exit' },
    ]);
  });

  test('a ledger of the first version gains what later ones added, and keeps what it holds', async () => {
    await ledger.commit([{ kind: 'bet', bet: bet(1n) }]);
    await ledger.close();
    unseal(path, `DROP TABLE quarantine; ${BEFORE_VOIDING} PRAGMA user_version = 1;`);
    ledger = await open();
    await ledger.commit([voided(1n, 1n)]);
    assert.equal(ledger.read.voided(VAULT)?.throughBet, 1n);
    assert.deepEqual(ledger.read.bet(VAULT, 1n), bet(1n));
  });

  test('a finalized batch is never withdrawn', async () => {
    await ledger.commit([
      { kind: 'bet', bet: bet(1n) },
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
    ]);
    await ledger.commit([moved(1n, 'Pending', 'Finalized')]);
    await assert.rejects(ledger.commit([{ kind: 'batch-withdrawn', batchNumber: 1n, reason: 'x', timeMs: 9 }]), {
      code: 'LEDGER_FAILED',
    });
  });

  test('a ledger from before rows were sealed is sealed at its opening, and keeps what it holds', async () => {
    await ledger.commit([1n, 2n].map((n) => ({ kind: 'bet', bet: bet(n) })));
    await ledger.commit([{ kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) }]);
    await ledger.close();
    unseal(path, 'PRAGMA user_version = 3;');
    ledger = await open();
    assert.deepEqual(ledger.read.bets(VAULT, { first: 1n, last: 9n }), [bet(1n), bet(2n)]);
    await ledger.commit([
      { kind: 'bet', bet: bet(3n) },
      { kind: 'batch-withdrawn', batchNumber: 1n, reason: 'test', timeMs: 9 },
    ]);
    await ledger.close();
    rmSync(`${path}.mark`);
    await assert.rejects(open(), { code: 'LEDGER_STALE' });
    ledger = await Ledger.open({ path: join(directory, 'other.db'), onFailure: () => {} });
  });

  test('a second process is turned away while the first lives', async () => {
    await assert.rejects(open(), { code: 'LEDGER_LOCKED' });
  });

  test('a vault in quarantine waits for no batch until it is free again; its row survives a reopening', async () => {
    const quarantine = { vault: VAULT, firstBet: 2n, reason: 'no witness', sinceMs: 5, attempts: 1, retryAtMs: 9 };
    await ledger.commit([
      ...[1n, 2n].map((n) => ({ kind: 'bet' as const, bet: bet(n) })),
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
      { kind: 'quarantined', quarantine },
      { kind: 'quarantined', quarantine: { ...quarantine, attempts: 2 } },
    ]);
    assert.deepEqual([ledger.read.waitingBets(), ledger.read.waitingVaults(9)], [0, []]);
    await ledger.close();
    ledger = await open();
    assert.deepEqual(ledger.read.quarantine(VAULT), { ...quarantine, attempts: 2 });
    await ledger.commit([{ kind: 'batch-created', batch: batch(2n, { firstBet: 2n, betCount: 1 }) }]);
    await ledger.commit([{ kind: 'quarantine-ended', vault: VAULT }]);
    assert.equal(ledger.read.quarantine(VAULT), undefined);
  });

  test('a hold on bets that have found another end meanwhile holds nothing', async () => {
    await ledger.commit([
      { kind: 'bet', bet: bet(1n) },
      { kind: 'batch-created', batch: batch(1n, { firstBet: 1n, betCount: 1 }) },
      { kind: 'quarantined', quarantine: { vault: VAULT, firstBet: 1n, reason: '', sinceMs: 5, attempts: 1, retryAtMs: 9 } },
    ]);
    assert.equal(ledger.read.quarantine(VAULT), undefined);
  });

  test('a ledger of version 1 is brought up, its Failed batches resumed from where they were', async () => {
    await ledger.commit([
      ...[1n, 2n, 3n].map((n) => ({ kind: 'bet' as const, bet: bet(n) })),
      ...[1n, 2n, 3n].map((n) => ({ kind: 'batch-created' as const, batch: batch(n, { firstBet: n, betCount: 1 }) })),
    ]);
    await ledger.commit([moved(2n, 'Pending', 'Proved')]);
    await ledger.commit([
      moved(3n, 'Pending', 'Submitted'),
      { ...moved(3n, 'Submitted', 'Submitted'), progress: { transaction: bytes(9, 1) } } as LedgerEntry,
    ]);
    await ledger.close();
    unseal(path, `DROP TABLE quarantine; ${BEFORE_VOIDING} UPDATE batches SET state = 'Failed'; PRAGMA user_version = 1;`);
    ledger = await open();
    assert.deepEqual(
      ledger.read.unfinishedBatches().map(({ state }) => state),
      ['Pending', 'Proved', 'Submitted'],
    );
    const { from, to, reason } = ledger.read.auditTrail(3n).at(-1) as { from: string; to: string; reason: string };
    assert.deepEqual([from, to, reason], ['Failed', 'Submitted', 'tried again by ledger version 2']);
    assert.equal(ledger.read.quarantine(VAULT), undefined);
  });

  /** Makes a sealed ledger one of an earlier version. */
  function takeBack(version: number, sql: string): void {
    const database = new DatabaseSync(path);
    database.exec(`${sql} PRAGMA user_version = ${version};`);
    const digest = schemaDigest(database);
    const seal = sealOf('meta', ['schema', digest]);
    database.prepare("UPDATE meta SET value = ?, seal = ? WHERE key = 'schema'").run(digest, seal);
    database.close();
  }

  test('a ledger of version 4 gains the tables of archives, and keeps what it holds', async () => {
    await ledger.commit([{ kind: 'bet', bet: bet(1n) }]);
    await ledger.close();
    takeBack(4, BEFORE_ARCHIVES + BEFORE_AUDIT + BEFORE_TIME_INDEX);
    ledger = await open();
    assert.deepEqual(ledger.read.bet(VAULT, 1n), bet(1n));
    assert.deepEqual(ledger.read.archives.list(), []);
    await ledger.close();
    ledger = await open();
  });

  test('a ledger of version 6 lists by time the bets that it had and those that come, and opens again', async () => {
    await ledger.commit([1n, 2n].map((n) => ({ kind: 'bet', bet: bet(n) })));
    await ledger.close();
    takeBack(6, BEFORE_TIME_INDEX);
    assert.throws(() => LedgerReader.open(path), { code: 'CONFIG_INVALID' });
    ledger = await open();
    const start = { timeMs: 1_003n, vault: new Uint8Array(0), betNumber: 0n };
    assert.deepEqual(ledger.read.lists.betsBefore(start, 9), [bet(2n), bet(1n)]);
    await ledger.commit([{ kind: 'bet', bet: bet(3n) }]);
    await ledger.close();
    ledger = await open();
    assert.deepEqual(ledger.read.lists.betsBefore({ ...start, timeMs: 2_000n }, 2), [bet(3n), bet(2n)]);
    assert.deepEqual(ledger.read.lists.betsBefore({ ...start, timeMs: 1_002n, vault: VAULT, betNumber: 2n }, 9), [bet(1n)]);
  });

  test('a ledger of another version is refused, not read wrongly', async () => {
    await ledger.close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await assert.rejects(open(), { code: 'CONFIG_INVALID', message: /schema 99/ });
    ledger = await Ledger.open({ path: join(directory, 'other.db'), onFailure: () => {} });
  });
});
