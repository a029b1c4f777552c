// Would catch: rows that are lost, doubled or changed on the way, formats that disagree, memory that grows, and a log that can not be taken in.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { addressOf } from '../ledger/addresses.ts';
import { betPages, PAGE_ROWS } from '../ledger/pages.ts';
import { keepSeals } from '../ledger/seals.ts';
import { AUDIT_NOW_MS, AUDIT_VAULTS, AuditFixture, auditBet, BETS_A_VAULT, betTime } from '../test/audit-fixture.ts';
import type { TableLayout } from './columns.ts';
import { SETTLED_AFTER_MS } from './export.ts';
import { FORMATS, type FormatName } from './format.ts';
import { ROW_GROUP_ROWS } from './parquet.ts';
import { ledgerSources } from './sources.ts';
import { LEDGER_TABLES, TABLES } from './tables.ts';

type Text = (string | null)[];

/** RFC 4180 and nothing else, written anew. Empty is null, `""` an empty text. */
function parseCsv(text: string): Text[] {
  const records: Text[] = [];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/y;
  let record: Text = [];
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const [, raw = '', end] = field.exec(text) ?? assert.fail(`no CSV at ${at}: ${text.slice(at, at + 80)}`);
    record.push(raw === '' ? null : raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === ',') continue;
    records.push(record);
    record = [];
  }
  assert.deepEqual(record, []);
  return records;
}

/** Each format read by a reader that is not the project's; every cell as text. */
const READERS: Record<FormatName, (path: string, layout: TableLayout) => Promise<Text[]>> = {
  csv: async (path, { columns }) => {
    const [header, ...rows] = parseCsv(readFileSync(path, 'utf8'));
    assert.deepEqual(
      header,
      columns.map(({ name }) => name),
    );
    return rows;
  },
  jsonl: async (path, { columns }) => {
    const lines = readFileSync(path, 'utf8').split('\n');
    assert.equal(lines.pop(), '');
    return lines.map((line) => {
      const row = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(
        Object.keys(row),
        columns.map(({ name }) => name),
      );
      return columns.map(({ name }) => (row[name] === null ? null : String(row[name])));
    });
  },
  parquet: async (path, { columns }) => {
    const file = await asyncBufferFromFile(path);
    const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
    const rows = await parquetReadObjects({ file, compressors });
    return rows.map((row) =>
      columns.map(({ name }) => {
        const value = row[name] as unknown;
        if (value === null || value === undefined) return null;
        return value instanceof Date ? String(value.getTime()) : String(value);
      }),
    );
  },
};

describe('an audit export', () => {
  let f: AuditFixture;
  beforeEach(async () => {
    f = await new AuditFixture().open();
  });
  afterEach(() => f.close());

  const tableOf = (name: string, format: FormatName, table: string) => {
    const layout = TABLES.find((one) => one.name === table) as TableLayout;
    return READERS[format](join(f.out(name), `${table}.${format}`), layout);
  };

  test('holds the same rows in every format, each as it was written', async () => {
    for (const format of ['csv', 'jsonl', 'parquet'] as const) await f.export(format, format);
    for (const { name } of TABLES) {
      const csv = await tableOf('csv', 'csv', name);
      assert.ok(csv.length > 0, name);
      assert.deepEqual(await tableOf('jsonl', 'jsonl', name), csv, name);
      assert.deepEqual(await tableOf('parquet', 'parquet', name), csv, name);
    }
    const bets = await tableOf('csv', 'csv', 'bets');
    assert.equal(bets.length, 2 * BETS_A_VAULT);
    const first = auditBet(1, 1);
    assert.deepEqual(bets[0], [
      addressOf(AUDIT_VAULTS[0]),
      '1',
      Buffer.from(first.head).toString('hex'),
      '1000',
      '1',
      '50000',
      'heads',
      'heads',
      '98000',
      '18446744073709551614',
      '-50000',
      '04'.repeat(32),
      '07'.repeat(32),
      '05'.repeat(64),
      '06'.repeat(96),
      '08'.repeat(64),
    ]);
    const numbers = [1, 2].flatMap(() => Array.from({ length: BETS_A_VAULT }, (_, index) => String(index + 1)));
    assert.deepEqual(
      bets.map((row) => row[1]),
      numbers,
    );
  });

  test("is read back by the project's own readers, whatever pieces a file comes in", async () => {
    for (const format of ['csv', 'jsonl', 'parquet'] as const) {
      await f.export(format, format);
      for (const layout of TABLES) {
        const found: Text[] = [];
        for await (const rows of FORMATS[format].rows(layout, join(f.out(format), `${layout.name}.${format}`))) {
          found.push(...rows.map((row) => row.map((cell) => (cell === null ? null : String(cell)))));
        }
        assert.deepEqual(found, await tableOf(format, format, layout.name), `${layout.name}.${format}`);
      }
    }
  });

  test('states rows, sums and the state history of every batch, one that was taken back among them', async () => {
    const { totals, files, ledger } = await f.export('out', 'jsonl');
    const bets = BigInt(2 * BETS_A_VAULT);
    assert.deepEqual(totals.bets, { staked: (50_000n * bets).toString(), paid_out: (98_000n * (bets / 2n)).toString() });
    assert.deepEqual(totals.batches, { bets: '5', vaults: '2' });
    assert.deepEqual(totals.batch_runs, { bets: '5' });
    assert.deepEqual(totals.deposits, { vault: '5', house: '18446744073709551615' });
    assert.deepEqual(totals.withdrawals, { paid: '3', exited: '0', claimed: '2', house_paid: '0' });
    assert.equal(files.find(({ table }) => table === 'bets')?.rows, 2 * BETS_A_VAULT);
    assert.equal(ledger.commits_before, f.read.meta('commits'));
    const history = (await tableOf('out', 'jsonl', 'batch_history')).map((row) => [row[1], row[3], row[4]].join(' '));
    assert.deepEqual(history, ['1  Pending', '2  Pending', '1 Pending Proved', '1 Proved Finalized', '2 Pending ']);
  });

  test('takes what happened from the beginning of its range up to its end, and not the end itself', async () => {
    await f.export('out', 'csv', { range: { fromMs: betTime(3), toMs: betTime(5) } });
    const column = async (table: string, index: number) => (await tableOf('out', 'csv', table)).map((row) => row[index]);
    assert.deepEqual(await column('bets', 1), ['3', '4', '3', '4']);
    assert.deepEqual(await column('batches', 0), [], 'made before');
    assert.deepEqual(await column('batch_history', 2), ['3000', '4000']);
    assert.deepEqual(await column('voided', 1), ['4'], 'has no time');
    assert.deepEqual(await column('reconciliations', 1), []);
    assert.deepEqual(await column('withdrawals', 6), ['2'], 'of a block without a time');
  });

  test('of a range that is not over, or is none, is refused, and so is a folder that is there', async () => {
    const refused = async (name: string, change: Parameters<AuditFixture['export']>[2], message: RegExp) => {
      await assert.rejects(f.export(name, 'csv', change), { code: 'CONFIG_INVALID', message });
      assert.ok(!existsSync(`${f.out(name)}.partial`) || name === 'cut');
    };
    const toMs = AUDIT_NOW_MS - SETTLED_AFTER_MS;
    await refused('a', { range: { fromMs: 0, toMs: toMs + 1 } }, /60 seconds ago/);
    await refused('a', { range: { fromMs: toMs, toMs } }, /ends before it begins/);
    mkdirSync(f.out('there'));
    writeFileSync(join(f.out('there'), 'mine'), 'mine');
    await refused('there', {}, /there already/);
    assert.deepEqual(readdirSync(f.out('there')), ['mine']);
    mkdirSync(`${f.out('cut')}.partial`);
    await refused('cut', {}, /was cut off/);
    await f.export('once', 'csv');
    const before = readFileSync(join(f.out('once'), 'manifest.json'));
    await refused('once', {}, /there already/);
    assert.deepEqual(readFileSync(join(f.out('once'), 'manifest.json')), before);
  });

  test('that fails half-way leaves nothing', async () => {
    const sources = {
      ...ledgerSources(f.read),
      async *batchHistory(): AsyncGenerator<never[]> {
        yield [];
        throw new Error('the disk is gone');
      },
    };
    await assert.rejects(f.export('out', 'parquet', { sources }), /the disk is gone/);
    assert.deepEqual(
      readdirSync(f.directory).filter((name) => name.startsWith('out')),
      [],
    );
  });

  test('without the chain says which files it lacks', async () => {
    const { absent, chain } = await f.export('out', 'csv', { chain: undefined });
    assert.deepEqual([absent, chain], [['deposits', 'withdrawals', 'chain_changes'], null]);
    const names = [...LEDGER_TABLES.map(({ name }) => `${name}.csv`), 'manifest.json', 'signature.json'];
    assert.deepEqual(readdirSync(f.out('out')).sort(), names.sort());
  });

  test('finds a row that was changed on the disk, also one that is then out of the range', async () => {
    const database = new DatabaseSync(f.ledgerPath);
    database.exec('UPDATE bets SET time_ms = 999999999999 WHERE bet_number = 700');
    database.close();
    await assert.rejects(f.export('out', 'csv'), { code: 'LEDGER_CORRUPT', message: /bets/ });
    assert.ok(!existsSync(f.out('out')));
  });

  test('reads in bounded pages, between which the log of the running service can be taken in', () => {
    let pages = 0;
    const database = new DatabaseSync(f.ledgerPath);
    keepSeals(database);
    for (const page of betPages(f.read)) {
      pages += 1;
      assert.ok(page.length <= PAGE_ROWS);
      // A reader that still held its snapshot would keep the second of these from going through.
      database.exec(`INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', '${pages}')`);
      const { busy, log, checkpointed } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as Record<string, number>;
      assert.deepEqual([busy, log, checkpointed], [0, 0, 0]);
    }
    database.close();
    assert.equal(pages, Math.ceil((2 * BETS_A_VAULT) / PAGE_ROWS));
  });

  test('does not see what comes after its end, and misses nothing of its range, while bets are taken', async () => {
    const sources = ledgerSources(f.read);
    const later = auditBet(1, BETS_A_VAULT + 1, { timeMs: BigInt(AUDIT_NOW_MS) });
    const busy = {
      ...sources,
      async *bets() {
        for await (const page of sources.bets()) {
          yield page;
          if (page.length < PAGE_ROWS) continue;
          if (f.ledger.read.bet(AUDIT_VAULTS[0], later.betNumber) === undefined)
            await f.ledger.commit([{ kind: 'bet', bet: later }]);
        }
      },
    };
    const { files, ledger } = await f.export('out', 'csv', { sources: busy });
    assert.equal(files.find(({ table }) => table === 'bets')?.rows, 2 * BETS_A_VAULT);
    assert.equal(BigInt(ledger.commits_after) - BigInt(ledger.commits_before), 1n);
  });

  test('in Parquet has row groups of a bounded number of rows, and types that say what a number is', async () => {
    const extra = 2 * ROW_GROUP_ROWS;
    const sources = {
      ...ledgerSources(f.read),
      async *bets() {
        for (let first = 1; first <= extra; first += PAGE_ROWS) {
          yield Array.from({ length: PAGE_ROWS }, (_, index) => auditBet(1, first + index));
        }
        yield [auditBet(1, extra + 1)];
      },
    };
    await f.export('out', 'parquet', { sources });
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(join(f.out('out'), 'bets.parquet')));
    assert.deepEqual(
      metadata.row_groups.map(({ num_rows }) => Number(num_rows)),
      [ROW_GROUP_ROWS, ROW_GROUP_ROWS, 1],
    );
    const type = (name: string) => metadata.schema.find((element) => element.name === name)?.logical_type;
    assert.deepEqual(type('stake'), { type: 'INTEGER', bitWidth: 64, isSigned: false });
    assert.deepEqual(type('time'), { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' });
    assert.deepEqual(type('vault'), { type: 'STRING' });
  });
});
