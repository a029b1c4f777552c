import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { Archiver } from '../sequencer/archive/archiver.ts';
import { ArchiveDirectory } from '../sequencer/archive/files.ts';
import { SYSTEM_CLOCK } from '../sequencer/clock.ts';
import { Ledger } from '../sequencer/ledger/ledger.ts';
import type { BatchRecord, BetRecord, LedgerEntry, RunRecord } from '../sequencer/ledger/records.ts';

/*
 * What archiving gains and costs: bytes a bet in the ledger and in an archive, bets moved a second, how long commits of new bets take meanwhile
 * and without, and a bet by its id from either, all in one run. node bench/archive.ts [--bets 200000] [--vaults 500]
 */
const BETS_A_ROUND = 4;
const RUNS_A_BATCH = 16;
const LOOKUPS = 2_000;
const QUIET_MS = 5_000;

const { values } = parseArgs({
  options: { bets: { type: 'string', default: '200000' }, vaults: { type: 'string', default: '500' } },
});
const [BETS, VAULTS] = [Number(values.bets), Number(values.vaults)];

interface Vault {
  vault: Uint8Array;
  sessionKey: Uint8Array;
  last: bigint;
  batched: bigint;
}

const bytes = (length: number) => new Uint8Array(randomBytes(length));

function nextBet(vault: Vault): BetRecord {
  vault.last += 1n;
  const head = bytes(32);
  head[0] = (head[0] as number) & 0x1f;
  const random = { clientSeed: bytes(32), head, signature: bytes(96), serverSeed: bytes(32), receiptSignature: bytes(64) };
  const side = ((head[31] as number) & 1) as 0 | 1;
  const money = {
    stakeUnits: 5n,
    payout: side ? 99_000n : 0n,
    balanceAfter: 10_000_000n + vault.last,
    cumulativeDelta: vault.last,
  };
  const { vault: address, sessionKey, last: betNumber } = vault;
  return {
    vault: address,
    sessionKey,
    betNumber,
    termsId: 1,
    choice: 1,
    outcome: side,
    timeMs: BigInt(Date.now()),
    ...random,
    ...money,
  };
}

function batchEntries(batchNumber: bigint, vaults: readonly Vault[]): LedgerEntry[] {
  const runs = vaults.map((vault, slot): RunRecord => {
    const [firstBet, betCount] = [vault.batched + 1n, Number(vault.last - vault.batched)];
    vault.batched = vault.last;
    return { slot, vault: vault.vault, start: 0n, consume: 0n, after: 0n, firstBet, betCount, keySlot: 0, payRequest: false };
  });
  const betCount = runs.reduce((sum, run) => sum + run.betCount, 0);
  const shape = { batchNumber, state: 'Pending' as const, termsId: 1, vkId: 1, size: 'large', betCount, attempt: 0, runs };
  const batch: BatchRecord = { ...shape, blobHash: bytes(32), outcomes: bytes(8), createdAtMs: 1, updatedAtMs: 1 };
  const progress = { finalizedAtMs: 1, proof: bytes(128), transaction: bytes(1_100), signature: 'a'.repeat(88) };
  return [
    { kind: 'batch-created', batch },
    { kind: 'batch-moved', batchNumber, from: 'Pending', to: 'Finalized', reason: 'bench', timeMs: 1, attempt: 1, progress },
    ...vaults.map(({ vault, last }): LedgerEntry => ({ kind: 'settled-through', vault, betNumber: last })),
  ];
}

async function fill(ledger: Ledger, vaults: readonly Vault[]): Promise<Uint8Array[]> {
  const start = { lastBet: 0n, cumulativeDelta: 0n, lastTerms: 0, batchedThrough: 0n, finalizedThrough: 0n };
  await ledger.commit(
    vaults.map(({ vault }) => ({ kind: 'vault', vault: { vault, owner: bytes(32), accountId: vault, head: vault, ...start } })),
  );
  const heads: Uint8Array[] = [];
  let batchNumber = 0n;
  while (heads.length < BETS) {
    for (let first = 0; first < vaults.length; first += RUNS_A_BATCH) {
      const some = vaults.slice(first, first + RUNS_A_BATCH);
      const bets = some.flatMap((vault) => Array.from({ length: BETS_A_ROUND }, () => nextBet(vault)));
      heads.push(...bets.map(({ head }) => head));
      batchNumber += 1n;
      await ledger.commit([...bets.map((bet): LedgerEntry => ({ kind: 'bet', bet })), ...batchEntries(batchNumber, some)]);
    }
  }
  return heads;
}

const quantile = (sorted: readonly number[], share: number): string =>
  (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(3);
const summary = (timesMs: number[]): string => {
  timesMs.sort((a, b) => a - b);
  return `median ${quantile(timesMs, 0.5)} ms, p99 ${quantile(timesMs, 0.99)} ms, greatest ${quantile(timesMs, 1)} ms`;
};
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function lookups(ledger: Ledger, heads: readonly Uint8Array[]): number[] {
  return Array.from({ length: LOOKUPS }, (_, index) => {
    const head = heads[(index * 7_919) % heads.length] as Uint8Array;
    const startMs = performance.now();
    if (ledger.read.betByHead(head) === undefined) throw new Error('a bet is not found');
    return performance.now() - startMs;
  });
}

/** Commits of one new bet each, as they come, until `done`. */
async function commitMeanwhile(ledger: Ledger, vault: Vault, done: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!done()) {
    const startMs = performance.now();
    await ledger.commit([{ kind: 'bet', bet: nextBet(vault) }]);
    times.push(performance.now() - startMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return times;
}

/** Bytes of the ledger that hold something. */
function usedBytes(path: string): { file: number; used: number } {
  const database = new DatabaseSync(path, { readOnly: true });
  const pragma = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  const [size, pages, free] = [pragma('page_size'), pragma('page_count'), pragma('freelist_count')];
  database.close();
  return { file: size * pages, used: size * (pages - free) };
}

const directory = mkdtempSync(join(tmpdir(), 'bench-archive-'));
try {
  const path = join(directory, 'ledger.db');
  const ledger = await Ledger.open({ path, onFailure: (error) => say(String(error)) });
  const vaults = Array.from(
    { length: VAULTS },
    (): Vault => ({ vault: bytes(32), sessionKey: bytes(64), last: 0n, batched: 0n }),
  );
  const heads = await fill(ledger, vaults);
  const before = usedBytes(path);
  say(
    `${heads.length} bets of ${VAULTS} vaults: ${before.used} bytes of ledger, ${(before.used / heads.length).toFixed(0)} a bet, batches included`,
  );
  say(`a bet by its id, in the ledger: ${summary(lookups(ledger, heads))}`);
  const untilMs = performance.now() + QUIET_MS;
  const quiet = await commitMeanwhile(ledger, vaults[0] as Vault, () => performance.now() > untilMs);
  say(`a commit of one bet, nothing else going on: ${summary(quiet)}`);
  const log = { info: () => {}, warn: say, error: say } as unknown as ConstructorParameters<typeof Archiver>[0]['log'];
  const files = new ArchiveDirectory(join(directory, 'archive'));
  const archiver = new Archiver({ ledger, files, archiveAfterMs: 1, clock: SYSTEM_CLOCK, log, leastBets: 1 });
  const startMs = performance.now();
  let over = false;
  const archiving = (async () => {
    while (await archiver.run());
    over = true;
  })();
  const busy = await commitMeanwhile(ledger, vaults[0] as Vault, () => over);
  await archiving;
  const seconds = (performance.now() - startMs) / 1_000;
  const archives = ledger.read.archives.list();
  const moved = archives.reduce((sum, { bets }) => sum + bets, 0);
  const size = archives.reduce((sum, record) => sum + record.bytes, 0);
  say(`a commit of one bet while archiving: ${summary(busy)}`);
  say(
    `${moved} bets moved into ${archives.length} archives in ${seconds.toFixed(1)} s, ${(moved / seconds).toFixed(0)} a second`,
  );
  say(`${size} bytes of archives, ${(size / moved).toFixed(0)} a bet`);
  const after = usedBytes(path);
  say(`ledger: ${after.used} bytes used of a file of ${after.file} (${statSync(path).size} on disk); the rest is used again`);
  say(`a bet by its id, in an archive: ${summary(lookups(ledger, heads.slice(0, moved / 2)))}`);
  const unknown = Array.from({ length: LOOKUPS }, () => {
    const head = bytes(32);
    const fromMs = performance.now();
    ledger.read.betByHead(head);
    return performance.now() - fromMs;
  });
  say(`an id that is nobody's, ${archives.length} archives asked: ${summary(unknown)}`);
  await ledger.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
