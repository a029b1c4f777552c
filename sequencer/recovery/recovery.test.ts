/*
 * Catches what a restored ledger could do wrong: a seed that was revealed and can be bet on again, a bet that settles twice or never, money that
 * is not the chain's, a batch or transfer that is not learnt, terms that are taken for fresh and are not. Whole service, real chain, real clients.
 */
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { getAddressEncoder } from '@solana/kit';
import type { BetResult } from '../../client/bet-run.ts';
import { betBody, signBet } from '../../client/bet-signing.ts';
import type { CasinoClient } from '../../client/client.ts';
import { loadSession } from '../../client/session-secret.ts';
import { RecordBook } from '../../client/signing-record.ts';
import type { MemoryStore } from '../../client/store.ts';
import { accountIdOf } from '../../protocol/account.ts';
import { betPack } from '../../protocol/bet.ts';
import { toHex } from '../../protocol/bytes.ts';
import { GAME_COIN_FLIP } from '../../protocol/constants.ts';
import { decodeReceipt } from '../../protocol/messages.ts';
import { outcomeOf } from '../../protocol/outcome.ts';
import { makeBackup } from '../backup/backup.ts';
import { BackupDirectory } from '../backup/directory.ts';
import { markStaleInPlace, restoreBackup } from '../backup/restore.ts';
import { dataPaths } from '../context.ts';
import { addressBytes } from '../ledger/addresses.ts';
import { CommitMark } from '../ledger/mark.ts';
import { fenceOf, staleMark } from '../ledger/stale.ts';
import { ChainWorld, SOL } from '../test/chain-world.ts';

/** Puts a client's record back to where its last bet has no answer yet; the receipt is kept. */
async function unanswer(w: ChainWorld, client: CasinoClient, betNumber: bigint): Promise<void> {
  const book = bookOf(w, client);
  const [record, kept] = [await book.load(), await book.keptReceipt(betNumber)];
  assert.ok(record?.nextBet === betNumber + 1n && kept?.bet);
  const bet = { ...kept.bet, packed: betPack({ ...kept.bet, game: GAME_COIN_FLIP }), head: record.head };
  await book.save({ ...record, nextBet: betNumber, head: bet.headBefore, balance: undefined, pending: [bet] });
}

async function within(bettors: number, body: (w: ChainWorld) => Promise<void>): Promise<void> {
  const w = await ChainWorld.open(bettors);
  try {
    await body(w);
  } finally {
    await w.close();
  }
}

const backupsOf = (w: ChainWorld) => join(w.directory, 'backups');

async function backup(w: ChainWorld): Promise<void> {
  const place = { dataDirectory: w.directory, directory: backupsOf(w) };
  const { manifest } = await makeBackup({ ...place, withKeys: false, nowMs: Date.now, onProgress: () => {} });
  assert.deepEqual(manifest.missing, []);
}

/** Restores the newest backup, as after a disk was lost: with the service down. */
function restore(w: ChainWorld): void {
  w.forgetLedger();
  const directory = new BackupDirectory(backupsOf(w));
  const name = directory.named();
  restoreBackup({
    directory,
    name,
    dataDirectory: w.directory,
    replace: true,
    allowUnsigned: false,
    nowMs: Date.now,
    onProgress: () => {},
  });
  assert.match(staleMark(w.ledger)?.reason ?? '', /restored from backup/);
}

const settled = (w: ChainWorld) =>
  w.until('all is final', async () => {
    const { settlement } = await w.health();
    return settlement.open_bets === 0 && settlement.unfinished_batches === 0;
  });

function bookOf(w: ChainWorld, client: CasinoClient): RecordBook {
  const { genesisHash, house } = client.house;
  const store = w.stores[w.clients.indexOf(client)] as MemoryStore;
  return new RecordBook(store, { genesisHash, house, owner: client.owner });
}

/** The body of an answered bet as its bettor sent it, with the receipt or without. */
async function bodyOf(w: ChainWorld, client: CasinoClient, bet: { betNumber: bigint; receipt: boolean }): Promise<object> {
  const kept = await bookOf(w, client).keptReceipt(bet.betNumber);
  assert.ok(kept?.bet);
  const body = JSON.parse(betBody(client.owner, { ...kept.bet, packed: 0n, head: 0n })) as object;
  const { message, signature } = kept.receipt;
  return bet.receipt ? { ...body, receipt: { message: toHex(message), signature: toHex(signature) } } : body;
}

interface Answer {
  status: number;
  body: { receipt?: { message: string; signature: string }; error?: { code: string; reason?: string } };
}

async function post(w: ChainWorld, body: object): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${w.apiUrl}/v1/bet`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

const codeOf = (answer: Answer): string | undefined => answer.body.error?.code;
const reasonOf = (answer: Answer): string | undefined => answer.body.error?.reason;

/** What anyone can sign who has the session key: a bet with a number, on a head, under some terms. */
async function signed(
  w: ChainWorld,
  client: CasinoClient,
  bet: { betNumber: bigint; headBefore: bigint; termsId: number; stakeUnits: bigint },
) {
  const { genesisHash, house, domain } = client.house;
  const wallet = w.wallets[w.clients.indexOf(client)] as never;
  const session = await loadSession({ wallet, book: bookOf(w, client), origin: new URL(w.apiUrl).origin, genesisHash, house });
  const accountId = accountIdOf({ domain, vault: Uint8Array.from(getAddressEncoder().encode(client.vaultAddress)) });
  return signBet({ ...bet, key: session.key, accountId, choice: 1 });
}

describe('a restored ledger', () => {
  test('learns whole batches that were settled since, and everyone goes on under new terms', () =>
    within(2, async (w) => {
      await w.bet(2);
      await settled(w);
      // While bets are under way: what is in no batch yet, in one, and settled.
      await Promise.all([w.bet(6), backup(w)]);
      await w.bet(3);
      // A vault and a payment that the backup does not know.
      await w.seat(2);
      await w.bet(2, [w.clients[2] as CasinoClient]);
      await settled(w);
      await (w.clients[1] as CasinoClient).withdraw(SOL / 10n, { timeoutMs: 20_000 });
      const lastBatch = w.ledger.lastBatchNumber();
      await w.stop();
      restore(w);
      assert.ok(w.ledger.lastBatchNumber() < lastBatch, 'the chain is ahead by whole batches');
      await w.start();
      assert.equal(staleMark(w.ledger), undefined);
      assert.equal(fenceOf(w.ledger), 1);
      assert.equal(w.ledger.lastFinalized()?.batchNumber, lastBatch);
      for (const [index, client] of w.clients.entries()) {
        const answered = w.answered[index] as BetResult[];
        const vault = addressBytes(client.vaultAddress);
        assert.equal(w.ledger.vault(vault)?.lastBet, BigInt(answered.length));
        for (const { betNumber, head, outcome, payout } of answered) {
          const bet = w.ledger.bet(vault, betNumber);
          assert.deepEqual(bet && [toHex(bet.head), bet.outcome === 1 ? 'heads' : 'tails', bet.payout], [head, outcome, payout]);
        }
      }
      await w.reconnect();
      assert.equal(w.house.terms.id, 2);
      await w.bet(2);
      await w.settleAndCheck();
      // The next start is one like any other.
      await w.stop();
      await w.start();
      await w.bet(1);
      await w.settleAndCheck();
    }));

  test('takes unsettled old bets by their receipts alone, in order, and reveals no seed for another bet', () =>
    within(2, async (w) => {
      const [honest, cheat] = w.clients as [CasinoClient, CasinoClient];
      await w.bet(2);
      await settled(w);
      await backup(w);
      const before = await bookOf(w, cheat).load();
      assert.ok(before);
      w.proxy.fail(['sendTransaction'], { kind: 'swallow' });
      await w.bet(3);
      await w.stop();
      w.proxy.heal();
      restore(w);
      await w.start();
      // The cheat knows the seed of bet 3 under the old terms and bets anew on what it gives.
      const known = (w.answered[1] as BetResult[])[2] as BetResult;
      const { serverSeed } = decodeReceipt(known.receipt.message);
      let stakeUnits = 1n;
      const attempt = () => signed(w, cheat, { betNumber: 3n, headBefore: before.head, termsId: 1, stakeUnits });
      while (outcomeOf({ serverSeed, head: (await attempt()).head }) !== 1) stakeUnits += 1n;
      const winning = JSON.parse(betBody(cheat.owner, await attempt())) as object;
      const refused = await post(w, winning);
      assert.deepEqual([refused.status, reasonOf(refused)], [422, 'restored']);
      const receipt = { message: toHex(known.receipt.message), signature: toHex(known.receipt.signature) };
      assert.equal(codeOf(await post(w, { ...winning, receipt })), 'REFUSED', 'what was refused stays refused');
      stakeUnits += 1n;
      while (outcomeOf({ serverSeed, head: (await attempt()).head }) !== 1) stakeUnits += 1n;
      const other = JSON.parse(betBody(cheat.owner, await attempt())) as object;
      assert.equal(codeOf(await post(w, { ...other, receipt })), 'BAD_REQUEST', 'a receipt is for its own bet');
      const forged = { ...receipt, signature: receipt.signature.replace(/^../, (byte) => (byte === '00' ? '01' : '00')) };
      assert.equal(codeOf(await post(w, { ...other, receipt: forged })), 'BAD_REQUEST');
      assert.equal(w.ledger.vault(addressBytes(cheat.vaultAddress))?.lastBet, 2n);
      // The honest bettor brings its receipts, in order, and has what it had.
      assert.equal(codeOf(await post(w, await bodyOf(w, honest, { betNumber: 4n, receipt: true }))), 'BET_GAP');
      for (const betNumber of [3n, 4n, 5n]) {
        const answer = await post(w, await bodyOf(w, honest, { betNumber, receipt: true }));
        const first = (w.answered[0] as BetResult[])[Number(betNumber) - 1] as BetResult;
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        assert.deepEqual(answer.body.receipt, {
          message: toHex(first.receipt.message),
          signature: toHex(first.receipt.signature),
        });
      }
      // The cheat has lost its receipts' bets of its own will, and goes on under the new terms.
      const barred = await post(w, await bodyOf(w, cheat, { betNumber: 3n, receipt: false }));
      assert.equal(reasonOf(barred), 'restored');
      await w.reconnect();
      await w.bet(2, [w.clients[0] as CasinoClient]);
      await settled(w);
      const chain = await (w.clients[0] as CasinoClient).vault('finalized');
      assert.equal(chain?.lastBet, 7n);
      assert.equal(chain.lastTerms, 2);
      const funds = (w.answered[0] as BetResult[]).reduce((sum, { payout, stake }) => sum + payout - stake, SOL);
      assert.equal(chain.balance + chain.pendingDeposit, funds);
    }));

  test('gets the bets that it lost from the clients that have their receipts, and settles each once', () =>
    within(2, async (w) => {
      await w.bet(2);
      await backup(w);
      w.proxy.fail(['sendTransaction'], { kind: 'swallow' });
      await w.bet(3);
      await w.stop();
      w.proxy.heal();
      restore(w);
      // One has crashed once the receipt of its last bet was kept, and before it went on from there.
      await unanswer(w, w.clients[1] as CasinoClient, 5n);
      await w.start();
      await w.reconnect();
      for (const [index, client] of w.clients.entries()) {
        const code = index === 1 ? 'BET_GAP' : 'RECORD_CONFLICT';
        await assert.rejects(client.bet({ amount: 100_000n, guess: 'heads' }), { code });
        assert.equal(await client.bringReceipts(), index === 1 ? 2 : 3);
        assert.equal(await client.bringReceipts(), 0);
        assert.deepEqual(
          (await client.resume()).map(({ betNumber }) => betNumber),
          index === 1 ? [5n] : [],
        );
      }
      await w.reconnect();
      await w.bet(2);
      await w.settleAndCheck();
    }));

  test('of another line than the chain does not start, and signs nothing', () =>
    within(1, async (w) => {
      await w.bet(1);
      await settled(w);
      await backup(w);
      w.proxy.fail(['sendTransaction'], { kind: 'swallow' });
      await w.bet(1);
      // This one has bet 2, and the line that goes on from the first does not.
      const later = join(w.directory, 'later');
      await makeBackup({
        ...{ dataDirectory: w.directory, directory: later, withKeys: false, nowMs: Date.now, onProgress: () => {} },
      });
      await w.stop();
      w.proxy.heal();
      restore(w);
      await w.start();
      const client = w.clients[0] as CasinoClient;
      assert.equal(reasonOf(await post(w, await bodyOf(w, client, { betNumber: 2n, receipt: false }))), 'restored');
      const record = await bookOf(w, client).load();
      const second = await bookOf(w, client).keptReceipt(2n);
      assert.ok(record && second?.bet);
      const other = { betNumber: 2n, headBefore: second.bet.headBefore, termsId: 2, stakeUnits: 7n };
      assert.equal((await post(w, JSON.parse(betBody(client.owner, await signed(w, client, other))) as object)).status, 422);
      await (await fetch(`${w.apiUrl}/v1/vaults/${client.owner}`)).json();
      assert.equal(
        (await post(w, JSON.parse(betBody(client.owner, await signed(w, client, { ...other, stakeUnits: 8n }))) as object))
          .status,
        200,
      );
      await settled(w);
      await w.stop();
      w.forgetLedger();
      const directory = new BackupDirectory(later);
      const place = { directory, name: directory.named(), dataDirectory: w.directory, replace: true, allowUnsigned: false };
      restoreBackup({ ...place, nowMs: Date.now, onProgress: () => {} });
      await assert.rejects(w.start(), { code: 'LEDGER_STALE', message: /is another one in the ledger/ });
    }));

  test('that a crash interrupts anywhere is brought up to date by the next start, under terms that no attempt has used', () =>
    within(1, async (w) => {
      await w.bet(1);
      await settled(w);
      await backup(w);
      await w.bet(3);
      await settled(w);
      await w.stop();
      restore(w);
      // Terms are opened, and the start ends before it says so.
      const half = join(w.directory, 'half');
      for (const file of ['ledger.db', 'ledger.db.mark']) cpSync(join(w.directory, file), join(half, file));
      await w.start();
      await w.reconnect();
      await w.bet(2);
      await settled(w);
      await w.stop();
      w.forgetLedger();
      for (const file of ['ledger.db-wal', 'ledger.db-shm']) rmSync(join(w.directory, file), { force: true });
      for (const file of ['ledger.db', 'ledger.db.mark']) renameSync(join(half, file), join(w.directory, file));
      await w.start();
      assert.equal(fenceOf(w.ledger), 2, 'terms 2 have been bet under, whatever this ledger knows');
      await w.reconnect();
      assert.equal(w.house.terms.id, 3);
      await w.bet(1);
      await w.settleAndCheck();
    }));

  test('learns from a node whose connections break, and that shows less than it lists, now and then', () =>
    within(1, async (w) => {
      await backup(w);
      await w.bet(2);
      await settled(w);
      await w.stop();
      restore(w);
      w.proxy.fail(['getTransaction'], { kind: 'cut' }, 2);
      w.proxy.fail(['getTransaction'], { kind: 'say', text: '{"jsonrpc":"2.0","id":"1","result":null}' }, 1);
      w.proxy.fail(['getSignaturesForAddress'], { kind: 'lose-answer' }, 1);
      await w.start();
      assert.equal(staleMark(w.ledger), undefined);
      await w.reconnect();
      await w.bet(1);
      await w.settleAndCheck();
    }));

  test('does not start without the blob of a settled batch, and does once it is back', () =>
    within(1, async (w) => {
      await backup(w);
      await w.bet(2);
      await settled(w);
      await w.stop();
      restore(w);
      const { blobs } = dataPaths(w.directory);
      renameSync(blobs, `${blobs}-away`);
      await assert.rejects(w.start(), { code: 'LEDGER_STALE', message: /the blob bafkrei\w+ of a settled batch is needed/ });
      rmSync(blobs, { recursive: true });
      renameSync(`${blobs}-away`, blobs);
      await w.start();
      await w.reconnect();
      await w.bet(1);
      await w.settleAndCheck();
    }));
});

describe('a ledger that is stale without having been restored by command', () => {
  test('does not start, and goes on under new terms once an operator has said so', () =>
    within(1, async (w) => {
      await w.bet(1);
      await settled(w);
      await w.stop();
      const copy = join(w.directory, 'copy');
      for (const file of ['ledger.db', 'ledger.db.mark']) cpSync(join(w.directory, file), join(copy, file));
      await w.start();
      await w.bet(2);
      await settled(w);
      await w.stop();
      w.forgetLedger();
      for (const file of ['ledger.db', 'ledger.db.mark']) renameSync(join(copy, file), join(w.directory, file));
      await assert.rejects(w.start(), { code: 'LEDGER_STALE', message: /led with another ledger since.*recovery\.md/ });
      markStaleInPlace({ dataDirectory: w.directory, nowMs: Date.now });
      await w.start();
      assert.equal(fenceOf(w.ledger), 1);
      await w.reconnect();
      await w.bet(1);
      await w.settleAndCheck();
    }));

  test('is found out by a receipt for a bet that it lacks, and stops', () =>
    within(1, async (w) => {
      await w.bet(1);
      await settled(w);
      // A life's own copy, put back after it: neither mark nor chain can tell.
      const copy = join(w.directory, 'copy');
      await makeBackup({
        ...{ dataDirectory: w.directory, directory: copy, withKeys: false, nowMs: Date.now, onProgress: () => {} },
      });
      const [name] = new BackupDirectory(copy).list();
      w.proxy.fail(['sendTransaction'], { kind: 'swallow' });
      await w.bet(1);
      const body = await bodyOf(w, w.clients[0] as CasinoClient, { betNumber: 2n, receipt: true });
      await w.stop();
      w.proxy.heal();
      w.forgetLedger();
      for (const file of ['ledger.db', 'ledger.db-wal', 'ledger.db-shm']) rmSync(join(w.directory, file), { force: true });
      cpSync(new BackupDirectory(copy).fileOf(name as string, 'ledger.db'), join(w.directory, 'ledger.db'));
      rmSync(join(w.directory, 'ledger.db.mark'));
      const [id, commits] = [Buffer.from(w.ledger.meta('ledger') ?? '', 'hex'), BigInt(w.ledger.meta('commits') ?? '0')];
      CommitMark.open(join(w.directory, 'ledger.db.mark'), { id, commits }, Date.now).close();
      await w.start();
      const answer = await post(w, body);
      assert.equal(codeOf(answer), 'LEDGER_STALE');
      assert.equal(w.fatal?.code, 'LEDGER_STALE');
      assert.match(staleMark(w.ledger)?.reason ?? '', /a receipt names bet 2/);
      w.fatal = undefined;
      await w.stop();
      await w.start();
      const again = await post(w, body);
      assert.equal(again.status, 200, 'it is taken by that receipt now');
      const taken = w.ledger.bet(addressBytes((w.clients[0] as CasinoClient).vaultAddress), 2n);
      assert.equal(taken && toHex(taken.receiptSignature), again.body.receipt?.signature);
      await w.reconnect();
      await w.bet(1);
      await w.settleAndCheck();
    }));
});
