import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Address } from '@solana/kit';
import fc from 'fast-check';
import type { VaultBook } from '../admission/book.ts';
import type { VaultState } from '../admission/vault-state.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { BetRecord } from '../ledger/records.ts';
import { ArchiveWorld, archivedBet, vaultBytes } from '../test/archive-world.ts';
import { type BetQuery, betPage } from './bet-list.ts';
import { betSummaryJson } from './json.ts';

const VAULTS = 4;
const END_OF_TIME = (1n << 63n) - 1n;
const ALL: BetQuery = { fromMs: 0n, toMs: END_OF_TIME, limit: 100 };
/** Most that a page may read. */
const MAX_SCANNED = 50;

/*
 * Catches a list that leaves a bet out, shows one twice, in another order or with another status than the bet itself has, wherever the bet lies,
 * however the list is cut into pages, and a page that reads more than it may.
 */
describe('lists of bets', () => {
  let w: ArchiveWorld;
  let book: VaultBook;
  const standings = new Map<Address, Partial<VaultState>>();

  /** Vault 0 and 1: archived, settled and open bets; 2: held; 3: voided. */
  before(async () => {
    w = await new ArchiveWorld().open();
    await w.history({ vaults: 2, rounds: 3, each: 60 });
    await w.archiveAll();
    await w.history({ vaults: VAULTS, rounds: 2, each: 20 });
    for (let vault = 0; vault < VAULTS; vault += 1) await w.place(vault, 5);
    await w.batch([0], { final: false });
    const quarantine = { vault: vaultBytes(2), firstBet: 41n, reason: 'why', sinceMs: 1, attempts: 1, retryAtMs: 2 };
    const voided = { vault: vaultBytes(3), fromBet: 41n, throughBet: 45n, slot: 1n, reason: 'forced exit' };
    await w.ledger.commit([
      { kind: 'quarantined', quarantine },
      { kind: 'vault-voided', voided },
    ]);
    standings.set(addressOf(quarantine.vault), { quarantine });
    standings.set(addressOf(voided.vault), { voided });
    const byAddress = (address: Address) => ({ owner: address, ...contextOf(address), ...standings.get(address) });
    book = { byAddress } as unknown as VaultBook;
    assert.ok(w.read.archives.list().length > 0, 'there is an archive');
  });
  after(() => w.close());

  const vaults = Array.from({ length: VAULTS }, (_, index) => vaultBytes(index));
  const contextOf = (address: Address) => {
    const vault = vaults.find((bytes) => addressOf(bytes) === address);
    return { context: { vault } };
  };

  /** All pages of a list, by their cursors. */
  function pagesOf(query: BetQuery) {
    const pages: ReturnType<typeof betPage>[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = betPage({ read: w.read, book }, { ...query, cursor });
      pages.push(page);
      assert.ok(page.bets.length <= query.limit);
      assert.ok(pages.length < 1_000, 'a list ends');
      if (page.next === null) return pages;
      cursor = page.next;
    }
  }
  const listed = (query: BetQuery) => pagesOf(query).flatMap(({ bets }) => bets);

  /** What a list must hold, one bet at a time from what the ledger was given. */
  function expected(query: BetQuery) {
    const bets = vaults.flatMap((_, index) =>
      Array.from({ length: Number(w.lastBet(index)) }, (_, at) => archivedBet(index, BigInt(at) + 1n)),
    );
    const isHot = ({ vault, betNumber }: BetRecord) => w.read.archives.rangeOf(vault, betNumber) === undefined;
    const runs = query.batch === undefined ? [] : (w.read.batch(query.batch)?.runs ?? []);
    const slotOf = ({ vault }: BetRecord) => runs.findIndex((run) => Buffer.compare(run.vault, vault) === 0);
    const found = bets.filter((bet) => {
      const { vault, betNumber, timeMs } = bet;
      const run = runs[slotOf(bet)];
      if (query.batch !== undefined && !(run && betNumber >= run.firstBet && betNumber < run.firstBet + BigInt(run.betCount))) {
        return false;
      }
      if (query.vault === undefined && query.batch === undefined && !isHot(bet)) return false;
      if (query.vault && Buffer.compare(vault, query.vault) !== 0) return false;
      return timeMs >= query.fromMs && timeMs <= query.toMs && (query.outcome ?? bet.outcome) === bet.outcome;
    });
    found.sort(
      (a, b) =>
        (query.batch === undefined ? Number(b.timeMs - a.timeMs) : slotOf(b) - slotOf(a)) ||
        Buffer.compare(b.vault, a.vault) ||
        Number(b.betNumber - a.betNumber),
    );
    return found.map(summaryOf).filter(({ won, status }) => (query.won ?? won) === won && (query.status ?? status) === status);
  }

  function summaryOf(bet: BetRecord) {
    const { quarantine } = standings.get(addressOf(bet.vault)) ?? {};
    const standing = { quarantine, voided: w.read.voided(bet.vault), batch: w.read.batchOfBet(bet.vault, bet.betNumber) };
    return betSummaryJson(bet, addressOf(bet.vault), standing);
  }

  test('hold what they should, in order, whatever is asked and however it is cut', async () => {
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const queries = fc
      .record({
        vault: maybe(fc.constantFrom(...vaults)),
        batch: maybe(fc.integer({ min: 1, max: 6 }).map(BigInt)),
        outcome: maybe(fc.constantFrom(0 as const, 1 as const)),
        won: maybe(fc.boolean()),
        status: maybe(fc.constantFrom('acknowledged' as const, 'Pending', 'Finalized', 'Failed', 'Voided', 'Proving')),
        fromMs: fc.oneof(
          fc.constant(0n),
          fc.integer({ min: 990, max: 1_240 }).map((ms) => BigInt(ms)),
        ),
        toMs: fc.oneof(
          fc.constant(END_OF_TIME),
          fc.integer({ min: 990, max: 1_240 }).map((ms) => BigInt(ms)),
        ),
        limit: fc.integer({ min: 1, max: 100 }),
      })
      .filter(({ batch }) => batch === undefined || w.read.batch(batch) !== undefined);
    fc.assert(
      fc.property(queries, (query) => {
        assert.deepEqual(listed(query), expected(query));
      }),
      { numRuns: 150 },
    );
    for (const query of [ALL, { ...ALL, vault: vaults[0] }, { ...ALL, batch: 5n }]) assert.ok(expected(query).length > 20);
    const states = new Set(vaults.flatMap((vault) => listed({ ...ALL, vault })).map(({ status }) => status));
    assert.deepEqual([...states].sort(), ['Failed', 'Finalized', 'Pending', 'Voided', 'acknowledged']);
  });

  test('read a bounded number of bets a page, fewer of archives, and go on from there', () => {
    const pages = pagesOf({ ...ALL, vault: vaults[0], status: 'Proving' });
    assert.ok(pages.length > 3 && pages.every(({ bets }) => bets.length === 0));
    let read = 0;
    const { read: reader } = w;
    const hotBets = (...asked: Parameters<typeof reader.hotBets>) => {
      const bets = reader.hotBets(...asked);
      read += bets.length;
      return bets;
    };
    const counting = new Proxy(reader, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        return name === 'hotBets' ? hotBets : typeof value === 'function' ? value.bind(target) : value;
      },
    });
    betPage({ read: counting, book }, { ...ALL, vault: vaults[0], status: 'Proving', limit: 1 });
    assert.ok(read > 0 && read <= MAX_SCANNED + 50, `${read}`);
  });

  test('are told apart by their cursors, and take no other', () => {
    const next = (query: BetQuery) => betPage({ read: w.read, book }, { ...query, limit: 1 }).next ?? assert.fail();
    const lists = [ALL, { ...ALL, vault: vaults[0] }, { ...ALL, batch: 5n }];
    for (const [index, query] of lists.entries()) {
      for (const [other, another] of lists.entries()) {
        const ask = () => betPage({ read: w.read, book }, { ...another, cursor: next(query) });
        if (index === other) ask();
        else assert.throws(ask, { code: 'BAD_REQUEST', message: /cursor/ });
      }
      const cursor = next(query);
      for (const bad of ['', 'x', cursor.slice(0, -1), `${cursor}A`, cursor.toUpperCase(), cursor.replace(/^./, 'z')]) {
        assert.throws(() => betPage({ read: w.read, book }, { ...query, cursor: bad }), { code: 'BAD_REQUEST' }, bad);
      }
    }
  });

  test('a list whose archive is gone says so, and the others go on', async () => {
    for (const name of readdirSync(w.files.path)) rmSync(join(w.files.path, name));
    await w.reopen();
    const query = { ...ALL, vault: vaults[0] };
    const first = betPage({ read: w.read, book }, { ...query, limit: 45 });
    assert.equal(first.bets.length, 45);
    assert.throws(() => betPage({ read: w.read, book }, { ...query, cursor: first.next as string }), { code: 'ARCHIVE_MISSING' });
    assert.equal(w.failures.length, 0);
    assert.deepEqual(listed({ ...ALL, vault: vaults[3] }), expected({ ...ALL, vault: vaults[3] }));
    assert.throws(() => betPage({ read: w.read, book }, { ...ALL, batch: 99n }), { code: 'NOT_FOUND' });
  });
});
