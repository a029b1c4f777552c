import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import type { BetRequest } from '../admission/admission.ts';
import { SeedBook } from '../admission/seeds.ts';
import { ReceiptSigner } from '../admission/signer.ts';
import { balanceJson, batchJson, betAnswerJson, betJson, historyJson, vaultJson } from '../api/json.ts';
import { CasinoError } from '../errors.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { AdmissionFixture, admissionOver, chainView, RECEIPT_SEED, TestBettor } from '../test/admission-fixture.ts';
import { addressBytes, addressOf } from './addresses.ts';
import { Ledger } from './ledger.ts';
import { openLedger } from './opening.ts';
import { LedgerReader } from './reader.ts';

/*
 * Catches a ledger that believes its disk: each byte that is flipped in a real ledger must end in a stop that says so, or change
 * nothing of what is answered.
 */
useKernel(NATIVE_KERNEL);

const SEED = Number(process.env.FLIP_SEED ?? Date.now() % 1_000_000);
const FLIPS = Number(process.env.FLIPS ?? 200);
/** Codes under which a start may be refused, and under which a question may go unanswered. */
const REFUSALS = new Set(['LEDGER_CORRUPT', 'LEDGER_STALE', 'LEDGER_FAILED', 'CONFIG_INVALID']);

describe('a flipped byte', () => {
  let directory: string;
  let path: string;
  let whole: Buffer;
  let expected: Record<string, unknown>;
  const bettors = [1, 2, 3].map((seed) => new TestBettor(seed));
  const requests: BetRequest[] = [];
  const seeds = new SeedBook(new ReceiptSigner(RECEIPT_SEED));
  /** What the chain shows: the first two bets of the first bettor are settled. */
  const view = () =>
    chainView(
      9n,
      bettors.map((bettor, index) => bettor.view({ lastBet: index === 0 ? 2n : 0n, balance: 2_000_000n })),
    );

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'flipped-'));
    path = join(directory, 'ledger.db');
    const fixture = await new AdmissionFixture().open();
    await makeHistory(fixture);
    await fixture.ledger.close();
    for (const suffix of ['', '.mark']) copyFileSync(fixture.ledgerPath + suffix, path + suffix);
    await fixture.close();
    whole = readFileSync(path);
    expected = await answers();
    const unanswered = Object.values(expected).filter((answer) => answer instanceof Error);
    assert.deepEqual(unanswered, [], 'the undamaged ledger answers everything');
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function makeHistory(fixture: AdmissionFixture): Promise<void> {
    await fixture.book.observe(
      chainView(
        1n,
        bettors.map((bettor) => bettor.view({ balance: 2_000_000n })),
      ),
    );
    for (const bettor of bettors) await fixture.admission.limitOf(fixture.admission.vaultOf(bettor.owner));
    for (const choice of [0, 1, 1, 0, 1] as const) {
      for (const bettor of bettors) {
        const request = bettor.sign({ choice });
        await fixture.admission.placeBet(request);
        bettor.accept(request);
        requests.push(request);
      }
    }
    const [first, second] = bettors as [TestBettor, TestBettor];
    await fixture.batch(first, { batchNumber: 1n, firstBet: 1n, betCount: 2 });
    await fixture.batch(second, { batchNumber: 2n, firstBet: 1n, betCount: 3 });
    const progress = { signature: 'aSignature', proof: new Uint8Array(128).fill(7), leaderNonce: 99n };
    const move = { kind: 'batch-moved', batchNumber: 1n, reason: 'test', timeMs: 5, attempt: 1 } as const;
    await fixture.ledger.commit([{ ...move, from: 'Pending', to: 'Finalized', progress }]);
    await fixture.book.observe(view());
    await assert.rejects(fixture.admission.placeBet(first.sign({ stakeUnits: 51n })), { code: 'REFUSED' });
  }

  /** Everything that the API answers from the ledger on disk, or why it does not. */
  async function answers(): Promise<Record<string, unknown>> {
    const read = new LedgerReader(path);
    try {
      return await answersOf({ read, commit: async () => {}, backlog: 0 } as unknown as Ledger);
    } finally {
      read.close();
    }
  }

  async function answersOf(ledger: Ledger): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    const { read } = ledger;
    const { book, admission } = admissionOver(ledger, { seeds });
    const ask = async (name: string, question: () => unknown) => {
      found[name] = await Promise.resolve()
        .then(question)
        .then(JSON.stringify)
        .catch((error: unknown) => error);
    };
    await ask('start', async () => {
      await book.observe(view());
      return [read.unfinishedBatches().length, read.leaders().length];
    });
    if (found.start instanceof Error) return found;
    for (const { owner } of bettors) {
      await ask(`balance of ${owner}`, () => balanceJson(admission.vaultOf(owner)));
      await ask(`vault of ${owner}`, async () =>
        vaultJson(admission.vaultOf(owner), await admission.limitOf(admission.vaultOf(owner))),
      );
    }
    for (const request of requests) {
      const name = `bet ${request.betNumber} of ${request.owner}`;
      await ask(`${name} sent again`, async () => betAnswerJson(await admission.placeBet(request)));
      await ask(name, () => betOf(read, admission, book, request));
    }
    await ask('refused again', () =>
      admission.placeBet((bettors[0] as TestBettor).sign({ stakeUnits: 51n })).catch(codeAndDetails),
    );
    await ask('batches', () => read.batches({ before: 99n, limit: 9 }).map(batchJson));
    await ask('history', () => [1n, 2n].map((batchNumber) => historyJson(read.auditTrail(batchNumber))));
    return found;
  }

  function betOf(
    read: LedgerReader,
    ...[admission, book, request]: [
      ReturnType<typeof admissionOver>['admission'],
      ReturnType<typeof admissionOver>['book'],
      BetRequest,
    ]
  ) {
    const vault = admission.vaultOf(request.owner);
    const byNumber = read.bet(vault.context.vault, request.betNumber);
    const bet = byNumber && read.betByHead(byNumber.head);
    if (!bet) throw new Error('an acknowledged bet is not found');
    const { owner, quarantine } = book.byAddress(addressOf(bet.vault)) ?? assert.fail();
    const batch = read.batchOfBet(bet.vault, bet.betNumber);
    const standing = { batch, quarantine, voided: read.voided(bet.vault) };
    const proof = { receipt: admission.receiptOf(vault, bet), headBefore: 0n, seed: admission.revealed(vault, bet) };
    return betJson({ bet, owner, standing, ...proof });
  }

  /** Starts with what is on disk. Returns the code of the first refusal, or undefined where every answer is as it was. */
  async function startAndCompare(what: string): Promise<string | undefined> {
    const codeOf = (error: unknown) => {
      assert.ok(error instanceof CasinoError && REFUSALS.has(error.code), `${what}: ${error}`);
      assert.match(error.message, /recovery\.md|bets of vault/, what);
      return error.code;
    };
    try {
      const { database, mark } = openLedger(path, () => 0);
      mark.close();
      database.close();
    } catch (error) {
      return codeOf(error);
    }
    let refused: string | undefined;
    for (const [question, answer] of Object.entries(await answers())) {
      if (answer instanceof Error) refused = codeOf(answer);
      else assert.equal(answer, expected[question], `${what}: ${question}`);
    }
    return refused;
  }

  test(`anywhere in the ledger is found, or changes nothing (FLIP_SEED=${SEED} FLIPS=${FLIPS})`, async (t) => {
    const random = randomFrom(SEED);
    const counts: Record<string, number> = {};
    // Most of a small ledger is free space: a flip there says little.
    const offsets = Array.from(whole.keys()).filter((offset) => whole[offset] !== 0 || offset % 16 === 0);
    for (let flip = 0; flip < FLIPS; flip += 1) {
      const offset = offsets[random(offsets.length)] as number;
      const damaged = Buffer.from(whole);
      damaged[offset] = (damaged[offset] as number) ^ (1 + random(255));
      restore(damaged);
      const code = await startAndCompare(`byte ${offset} is ${damaged[offset]}, was ${whole[offset]}`);
      counts[code ?? 'unchanged'] = (counts[code ?? 'unchanged'] ?? 0) + 1;
    }
    t.diagnostic(JSON.stringify(counts));
    assert.ok((counts.LEDGER_CORRUPT ?? 0) > 0);
  });

  test('in a stake, a payout, a balance, a delta or a last bet is found though the page is well formed', async () => {
    for (const [table, column] of Object.entries({
      bets: ['stake_units', 'payout', 'balance_after', 'cumulative_delta', 'outcome', 'choice', 'terms_id'],
      vaults: ['last_bet', 'cumulative_delta', 'finalized_through', 'last_terms'],
      batch_runs: ['start', 'after', 'bet_count'],
    }).flatMap(([name, columns]) => columns.map((column) => [name, column] as const))) {
      restore(whole);
      edit(`UPDATE ${table} SET ${column} = abs(${column} - 1)`);
      assert.equal(await startAndCompare(`${table}.${column}`), 'LEDGER_CORRUPT', `${table}.${column}`);
    }
  });

  test('rows that are gone or of another time are found though each is whole', async () => {
    for (const [what, sql] of Object.entries({
      'the last bet is gone': 'DELETE FROM bets WHERE bet_number = 5',
      'a bet in between is gone': 'DELETE FROM bets WHERE bet_number = 4',
    })) {
      restore(whole);
      edit(sql);
      assert.equal(await startAndCompare(what), 'LEDGER_CORRUPT', what);
    }
  });

  test('under the running ledger is told to the process, and the row is not answered', async (t) => {
    restore(whole);
    const failures: CasinoError[] = [];
    const ledger = await Ledger.open({ path, onFailure: (error) => failures.push(error) });
    t.after(() => ledger.close());
    edit('UPDATE bets SET payout = payout + 1 WHERE bet_number = 1');
    const vault = addressBytes((bettors[2] as TestBettor).vault);
    const damaged = {
      code: 'LEDGER_CORRUPT',
      retry: false,
      message: /a row of bets \([0-9a-f]{64}, 1\) is not what was written/,
    };
    assert.throws(() => ledger.read.bet(vault, 1n), damaged);
    assert.deepEqual(
      failures.map(({ code }) => code),
      ['LEDGER_CORRUPT'],
    );
    await assert.rejects(ledger.commit([{ kind: 'meta', key: 'a', value: 'b' }]), damaged);
  });

  test('that the writer would build on stops the commit: it is not sealed anew', async (t) => {
    restore(whole);
    const ledger = await Ledger.open({ path, onFailure: () => {} });
    t.after(() => ledger.close());
    edit('UPDATE vaults SET cumulative_delta = cumulative_delta - 1');
    const vault = addressBytes((bettors[1] as TestBettor).vault);
    await assert.rejects(ledger.commit([{ kind: 'settled-through', vault, betNumber: 1n }]), {
      code: 'LEDGER_CORRUPT',
      message: /a row of vaults is not what was written/,
    });
    await ledger.close();
    assert.equal(await startAndCompare('after the refused commit'), 'LEDGER_CORRUPT');
  });

  test('in an index alone is repaired by REINDEX, without loss', async () => {
    restore(whole);
    const database = new DatabaseSync(path);
    const page = Number(database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'bets_by_head'").get()?.rootpage);
    const size = Number(database.prepare('PRAGMA page_size').get()?.page_size);
    database.close();
    const damaged = Buffer.from(whole);
    damaged[page * size - 20] = (damaged[page * size - 20] as number) ^ 0xff;
    restore(damaged);
    assert.equal(await startAndCompare('an index'), 'LEDGER_CORRUPT');
    edit('REINDEX');
    assert.equal(await startAndCompare('the repaired index'), undefined);
  });

  function restore(bytes: Buffer): void {
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    writeFileSync(path, bytes);
  }

  /** Changes the file behind the service's back, structure and all in order. */
  function edit(sql: string): void {
    const database = new DatabaseSync(path);
    database.exec('PRAGMA ignore_check_constraints = ON');
    database.exec(sql);
    database.close();
  }
});

const codeAndDetails = (error: unknown) => {
  if (!(error instanceof CasinoError) || error.code !== 'REFUSED') throw error;
  return error.details;
};

/** Numbers below a limit, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
