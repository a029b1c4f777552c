import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import type { VaultBook } from '../sequencer/admission/book.ts';
import type { VaultState } from '../sequencer/admission/vault-state.ts';
import { batchPage } from '../sequencer/api/batch-list.ts';
import { type BetQuery, betPage } from '../sequencer/api/bet-list.ts';
import { addressBytes } from '../sequencer/ledger/addresses.ts';
import { LedgerWriter } from '../sequencer/ledger/apply.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import { keepSeals } from '../sequencer/ledger/seals.ts';
import { buildLedger } from './audit-ledger.ts';

/*
 * node bench/bet-lists.ts [--bets 1000000] [--vaults 1000] [--directory DIRECTORY]: how long the pages of bets and batches take, which are read on
 * the thread that answers bets, and what the index by time adds to a commit. DIRECTORY keeps the ledger, and takes one that is there.
 */
const PAGES = 200;
const COMMITS = 200;
const BETS_A_COMMIT = 50;
const END_OF_TIME = (1n << 63n) - 1n;

const { values } = parseArgs({
  options: {
    bets: { type: 'string', default: '1000000' },
    vaults: { type: 'string', default: '1000' },
    directory: { type: 'string' },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const ms = (value: number): string => `${value.toFixed(3)} ms`;

function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))] as number;
}

function timed(name: string, page: (round: number) => { rows: number }): void {
  const times: number[] = [];
  let rows = 0;
  const cpu = process.cpuUsage();
  for (let round = 0; round < PAGES; round += 1) {
    const startedAtMs = performance.now();
    rows = page(round).rows;
    times.push(performance.now() - startedAtMs);
  }
  const { user, system } = process.cpuUsage(cpu);
  const figures = `${ms((user + system) / 1_000 / PAGES)} of processor, median ${ms(percentile(times, 0.5))}, 99th percentile ${ms(percentile(times, 0.99))}`;
  say(`${name.padEnd(56)} ${String(rows).padStart(3)} rows  ${figures}`);
}

/** A book in which every vault is there and nothing is wrong. */
function bookOf(read: LedgerReader): VaultBook {
  const byAddress = (address: Parameters<VaultBook['byAddress']>[0]) =>
    ({ owner: address, context: { vault: addressBytes(address) } }) as unknown as VaultState;
  return { byAddress, all: () => read.vaults().map(({ vault }) => ({ vault })) } as unknown as VaultBook;
}

function measurePages(path: string): void {
  const read = LedgerReader.open(path);
  const book = bookOf(read);
  const vaults = read.vaults().map(({ vault }) => vault);
  const vaultOf = (round: number) => vaults[(round * 7) % vaults.length] as Uint8Array;
  const all: BetQuery = { fromMs: 0n, toMs: END_OF_TIME, limit: 100 };
  const bets = (query: BetQuery) => ({ rows: betPage({ read, book }, query).bets.length });
  const lastBatch = read.lastBatchNumber();
  const deep = betPage({ read, book }, { ...all, toMs: 1_700_000_000_000n + 2_000_000n }).next as string;
  say(`${read.betCount()} bets of ${vaults.length} vaults in ${lastBatch} batches`);
  timed('the newest 20', () => bets({ ...all, limit: 20 }));
  timed('the newest 100', () => bets(all));
  timed('100 from a cursor deep in the past', () => bets({ ...all, cursor: deep }));
  timed('a filter that nothing matches', () => bets({ ...all, status: 'Failed' }));
  timed('the newest 100 of a vault, another each time', (round) => bets({ ...all, vault: vaultOf(round) }));
  timed('of a vault, a filter that nothing matches', (round) => bets({ ...all, vault: vaultOf(round), status: 'Failed' }));
  timed('of a vault, up to a time in the past', (round) => bets({ ...all, vault: vaultOf(round), toMs: 1_700_001_000_000n }));
  timed('of a batch, another each time', (round) => bets({ ...all, batch: lastBatch - BigInt(round * 11) }));
  timed('100 batches', () => ({
    rows: batchPage(read, { fromMs: 0n, toMs: END_OF_TIME, before: undefined, status: undefined, cursor: undefined, limit: 100 })
      .batches.length,
  }));
  timed('batches, a filter that nothing matches', () => ({
    rows: batchPage(read, { fromMs: 0n, toMs: END_OF_TIME, before: undefined, status: 'Pending', cursor: undefined, limit: 100 })
      .batches.length,
  }));
  read.close();
}

/** Commits of new bets, each of another vault, one transaction a round; returns how long each took. */
function commitBets(database: DatabaseSync, round: number): number[] {
  const writer = new LedgerWriter(database);
  const statement = database.prepare('SELECT vault, last_bet, cumulative_delta FROM vaults ORDER BY vault LIMIT ? OFFSET ?');
  statement.setReadBigInts(true);
  const count = Number(values.vaults);
  const times: number[] = [];
  for (let commit = 0; commit < COMMITS; commit += 1) {
    const rows = statement.all(BETS_A_COMMIT, (commit * BETS_A_COMMIT) % (count - BETS_A_COMMIT));
    const bets = rows.map((row, index) => {
      const betNumber = (row.last_bet as bigint) + 1n;
      const head = new Uint8Array(32).map(() => Math.floor(256 * Math.random()));
      return {
        vault: row.vault as Uint8Array,
        ...{ betNumber, termsId: 1, stakeUnits: 5n, choice: 1 as const, outcome: 0 as const, payout: 0n, balanceAfter: 1n },
        ...{ clientSeed: head, head, sessionKey: new Uint8Array(64), signature: new Uint8Array(96), serverSeed: head },
        cumulativeDelta: row.cumulative_delta as bigint,
        timeMs: 1_800_000_000_000n + BigInt(round * COMMITS + commit) * 10n + BigInt(index % 10),
        receiptSignature: new Uint8Array(64),
      };
    });
    const startedAtMs = performance.now();
    database.exec('BEGIN IMMEDIATE');
    for (const bet of bets) writer.apply({ kind: 'bet', bet });
    database.exec('COMMIT');
    times.push(performance.now() - startedAtMs);
  }
  return times;
}

/** With and without the index in turn, several times: the machine's other work is in both. */
function measureCommits(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  keepSeals(database);
  const index = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'bets_by_time'").get()?.sql as string;
  const [withIndex, without]: [number[], number[]] = [[], []];
  for (let round = 0; round < 2; round += 1) {
    withIndex.push(...commitBets(database, 2 * round));
    database.exec('DROP INDEX bets_by_time; PRAGMA wal_checkpoint(TRUNCATE);');
    without.push(...commitBets(database, 2 * round + 1));
    const startedAtMs = performance.now();
    database.exec(`${index}; PRAGMA wal_checkpoint(TRUNCATE);`);
    say(`the index was made in ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
  }
  database.close();
  const [a, b] = [percentile(withIndex, 0.5), percentile(without, 0.5)];
  say(`a commit of ${BETS_A_COMMIT} bets: median ${ms(a)} with the index, ${ms(b)} without, ratio ${(a / b).toFixed(2)}`);
}

const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'bet-lists-'));
const path = join(directory, 'ledger.db');
if (!existsSync(path)) buildLedger(path, { bets: Number(values.bets), vaults: Number(values.vaults) });
measurePages(path);
measureCommits(path);
if (values.directory === undefined) rmSync(directory, { recursive: true });
