// Would catch: money that is missing and not reported, a false alarm, work without a bound, and bets that stay stopped or go on wrongly.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import type { Vault } from '../../program/client/index.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import type { LedgerEntry } from '../ledger/records.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { FakeReconciliationChain } from '../test/fake-reconciliation-chain.ts';
import { SettlementFixture } from '../test/settlement-fixture.ts';
import { Gate } from './gate.ts';
import { PROBLEMS } from './problems.ts';
import { describeReport, type ReconciliationReport, reconcileChain, reportJson } from './reconcile.ts';
import { ChainUnsteadyError } from './reconcile-chain.ts';
import { FROM_THE_NEWEST, type SignatureCursor } from './reconcile-signatures.ts';
import { Reconciler } from './reconciler.ts';

useKernel(NATIVE_KERNEL);

type Tamper = FakeReconciliationChain['tamper'];

describe('reconciliation', () => {
  let f: SettlementFixture;
  let chain: FakeReconciliationChain;

  beforeEach(async () => {
    f = await new SettlementFixture().open();
    chain = new FakeReconciliationChain(f);
    for (const [index, bettor] of f.bettors.entries()) await f.place(bettor, 2 + index);
    f.start();
    await f.settleAll();
    await f.stop();
  });
  afterEach(() => f.close());

  const settledAs = () => f.chain.landed.map(({ signature }) => signature);
  const look = async (options: { cursor?: SignatureCursor; maxSignaturePages?: number } = {}) => {
    const { cursor = FROM_THE_NEWEST, maxSignaturePages = Number.POSITIVE_INFINITY } = options;
    const sleep = async () => {};
    return reconcileChain({ chain, read: f.read, nowMs: () => 5, sleep, cursor, maxSignaturePages });
  };
  const reportAfter = async (tamper: Tamper): Promise<ReconciliationReport> => {
    chain.tamper = tamper;
    return (await look()).report;
  };
  const kinds = (report: ReconciliationReport) =>
    report.discrepancies.map(({ kind, funds }) => `${kind}${funds ? ' funds' : ''}`);
  const alice = (vaults: Map<string, Vault>) => vaults.get(f.alice.vault) as Vault;
  /** Changes Alice's vault, the house's liabilities with it, so that nothing but the vault is wrong. */
  const change =
    (field: 'balance' | 'pendingDeposit' | 'claimable', by: bigint): Tamper =>
    (snapshot) => {
      alice(snapshot.vaults)[field] += by;
      snapshot.house.liabilities += by;
      snapshot.escrowLamports += by;
    };

  test('of a ledger and chain that agree finds nothing, and says what it compared', async () => {
    const { report } = await look();
    assert.deepEqual(report.discrepancies, []);
    assert.deepEqual([report.vaultsChecked, report.batchesChecked, report.complete], [3, f.chain.landed.length, true]);
    assert.match(describeReport(report), /Nothing differs/);
    assert.doesNotThrow(() => JSON.stringify(reportJson(report)));
    assert.deepEqual(new Set(chain.asked), new Set(settledAs()));
  });

  const cases: Record<string, { tamper: Tamper; kinds: string[] }> = {
    'a vault with less than its run left it': { tamper: (s) => change('balance', -1n)(s), kinds: ['vault-balance funds'] },
    'a vault with more than its run left it': { tamper: (s) => change('balance', 1n)(s), kinds: ['vault-balance funds'] },
    'money claimable that was never paid': { tamper: (s) => change('claimable', 5n)(s), kinds: ['vault-claimable funds'] },
    'a house that owes less than its parts': {
      tamper: ({ house }) => Object.assign(house, { liabilities: house.liabilities - 1n }),
      kinds: ['liabilities funds'],
    },
    'a house balance that no part accounts for': {
      tamper: ({ house }) => Object.assign(house, { balance: house.balance + 1n }),
      kinds: ['liabilities funds'],
    },
    'a deposit that nobody owes': {
      tamper: ({ vaults }) => Object.assign(alice(vaults), { pendingDeposit: alice(vaults).pendingDeposit + 1n }),
      kinds: ['liabilities funds'],
    },
    'an escrow that does not cover': {
      tamper: (s) => Object.assign(s, { escrowLamports: s.escrowLamports - 1n }),
      kinds: ['escrow funds'],
    },
    'another blob hash': {
      tamper: ({ house }) => Object.assign(house, { lastBlobHash: new Uint8Array(32) }),
      kinds: ['batch-blob funds'],
    },
    'a batch that the ledger lacks': {
      tamper: ({ house }) => Object.assign(house, { lastBatch: 99n }),
      kinds: ['batch-missing funds'],
    },
    'a batch that the chain has lost': {
      tamper: ({ house }) => Object.assign(house, { lastBatch: 0n }),
      kinds: ['batch-missing funds'],
    },
    'a transfer that the ledger lacks': {
      tamper: ({ house }) => Object.assign(house, { lastTransfer: 4n }),
      kinds: ['transfer-missing funds'],
    },
    'a bet that the ledger lacks': {
      tamper: ({ vaults }) => Object.assign(alice(vaults), { lastBet: 9n }),
      kinds: ['vault-bets funds'],
    },
    'settled bets that the chain has lost': {
      tamper: (s) => {
        alice(s.vaults).lastBet = 0n;
        change('balance', -alice(s.vaults).balance)(s);
      },
      kinds: ['vault-bets funds'],
    },
    'a last bet inside a run': {
      tamper: ({ vaults }) => Object.assign(alice(vaults), { lastBet: 1n }),
      kinds: ['vault-bets funds', 'vault-bets funds'],
    },
    'another owner': {
      tamper: ({ vaults }) => Object.assign(alice(vaults), { owner: f.alice.vault }),
      kinds: ['vault-identity funds'],
    },
    'another account': {
      tamper: ({ vaults }) => Object.assign(alice(vaults), { accountId: 3n }),
      kinds: ['vault-identity funds'],
    },
    'a vault that is gone': {
      tamper: ({ vaults, house }) => {
        house.liabilities -= alice(vaults).balance;
        vaults.delete(f.alice.vault);
      },
      kinds: ['vault-missing funds'],
    },
    'a frozen vault with money in it': {
      tamper: ({ vaults }) => Object.assign(alice(vaults), { frozen: true }),
      kinds: ['vault-balance funds'],
    },
  };
  for (const [name, { tamper, kinds: expected }] of Object.entries(cases)) {
    test(`${name} is reported as that, and as money`, async () => {
      const report = await reportAfter(tamper);
      assert.deepEqual(kinds(report), expected);
      assert.equal(report.fundsDiffer, true);
      assert.match(describeReport(report), /FUNDS/);
    });
  }

  test('a signature that the chain does not know is a matter of records, not of money', async () => {
    const [first] = settledAs();
    chain.states.set(first as string, 'unknown to the chain');
    const { report } = await look();
    assert.deepEqual(kinds(report), ['signature']);
    assert.equal(report.fundsDiffer, false);
    assert.match(report.discrepancies[0]?.subject ?? '', new RegExp(`^${first} of batch 1$`));
  });

  test('a transfer has one landed signature, however many were signed', async () => {
    const vaults = [{ vault: addressBytes(f.alice.vault), lastBet: 2n }];
    const signed = (signature: string, transferNumber: bigint): LedgerEntry => ({
      kind: 'transfer-signed',
      signature,
      transferNumber,
      vaults,
    });
    await f.admission.ledger.commit([signed('a lost', 1n), signed('landed', 1n), signed('z lost', 1n), signed('not yet', 2n)]);
    chain.states.set('z lost', 'unknown to the chain');
    chain.states.set('a lost', 'unknown to the chain');
    chain.states.set('not yet', 'unknown to the chain');
    f.chain.lastTransfer = 1n;
    assert.deepEqual(kinds((await look()).report), []);
    chain.states.set('landed', 'unknown to the chain');
    assert.deepEqual(kinds((await look()).report), ['signature']);
  });

  test('what a transfer left of a balance counts, and only if it landed', async () => {
    const vaults = [{ vault: addressBytes(f.alice.vault), lastBet: 2n }];
    await f.admission.ledger.commit([{ kind: 'transfer-signed', signature: 'transfer', transferNumber: 1n, vaults }]);
    f.chain.lastTransfer = 1n;
    const paid = change('balance', -100_000n);
    assert.deepEqual(kinds(await reportAfter(paid)), ['vault-balance funds']);
    const { balance } = f.chain.vaultAfter(f.alice.view());
    chain.transferred('transfer', f.alice.vault, balance - 100_000n);
    assert.deepEqual(kinds(await reportAfter(paid)), []);
    assert.deepEqual(kinds(await reportAfter(change('balance', -99_999n))), ['vault-balance funds']);
  });

  test('a balance that only a transfer explains which the node has forgotten is a matter of records', async () => {
    const vaults = [{ vault: addressBytes(f.alice.vault), lastBet: 2n }];
    const signed = (signature: string, transferNumber: bigint) =>
      f.admission.ledger.commit([{ kind: 'transfer-signed', signature, transferNumber, vaults }]);
    await signed('older', 1n);
    await signed('newer', 2n);
    f.chain.lastTransfer = 2n;
    const { balance } = f.chain.vaultAfter(f.alice.view());
    chain.transferred('older', f.alice.vault, balance - 5n);
    chain.transferred('newer', f.alice.vault, balance - 7n);
    const after = async (by: bigint, forgotten: string[]) => {
      chain.forgotten.clear();
      for (const signature of forgotten) chain.forgotten.add(signature);
      return reportAfter(change('balance', by));
    };
    assert.deepEqual(kinds(await after(-7n, [])), []);
    for (const forgotten of [['newer'], ['older', 'newer']]) {
      const report = await after(-7n, forgotten);
      assert.deepEqual([kinds(report), report.fundsDiffer], [['signature'], false]);
      assert.equal(report.discrepancies[0]?.subject, `newer of vault ${f.alice.vault}`);
    }
    assert.deepEqual(kinds(await after(-5n, ['newer'])), [], 'it may not have landed');
    assert.deepEqual(kinds(await after(-6n, ['older'])), ['vault-balance funds'], 'the newer one tells');
    assert.deepEqual(kinds(await after(-6n, [])), ['vault-balance funds']);
    const escrow = await reportAfter((snapshot) => {
      change('balance', -7n)(snapshot);
      snapshot.escrowLamports -= 1n;
    });
    assert.ok(kinds(escrow).includes('escrow funds'));
    chain.forgotten.add('newer');
    const stolen = await reportAfter(({ vaults: shown }) => Object.assign(alice(shown), { balance: alice(shown).balance - 7n }));
    assert.deepEqual(kinds(stolen), ['liabilities funds', 'signature']);
  });

  test('what a run paid of a request counts, to the unit', async () => {
    await f.place(f.alice, 1);
    await f.look({ lastBet: 2n, requestAmount: 100_000n, balance: f.chain.vaultAfter(f.alice.view()).balance });
    f.prepare();
    const batch = f.build();
    assert.equal(batch?.runs[0]?.payRequest, true);
    await f.unfinished.add(batch);
    f.start();
    await f.untilState('Confirmed');
    f.chain.finalizeAll();
    await f.untilState('Finalized');
    const signature = settledAs().at(-1) as string;
    chain.paidWith(signature, f.alice.vault, 100_000n);
    assert.deepEqual(kinds(await reportAfter(change('balance', -100_000n))), []);
    assert.deepEqual(kinds(await reportAfter(change('balance', -99_999n))), ['vault-balance funds']);
    assert.deepEqual(kinds(await reportAfter(() => {})), ['vault-balance funds']);
  });

  test('a voided bet and an exit belong together', async () => {
    await f.place(f.alice, 2);
    const left = { frozen: true, balance: 0n, claimable: 9n };
    chain.changes.set(f.alice.vault, left);
    assert.deepEqual(kinds((await look()).report), ['vault-voided']);
    await f.look({ ...left, lastBet: 2n });
    assert.deepEqual(kinds((await look()).report), []);
    chain.changes.delete(f.alice.vault);
    assert.deepEqual(kinds((await look()).report), ['vault-voided funds']);
    chain.changes.set(f.alice.vault, { ...left, lastBet: 4n });
    assert.ok(kinds((await look()).report).includes('vault-voided funds'));
  });

  test('what one look shows and the next does not is no difference', async () => {
    let looks = 0;
    const report = await reportAfter((snapshot) => {
      looks += 1;
      if (looks === 1) change('balance', -1n)(snapshot);
      if (looks === 2) snapshot.escrowLamports -= 1n;
    });
    assert.equal(looks, 2);
    assert.deepEqual(report.discrepancies, []);
  });
});

describe('the signatures of old batches', () => {
  let f: SettlementFixture;
  let chain: FakeReconciliationChain;
  beforeEach(async () => {
    f = await new SettlementFixture().open();
    chain = new FakeReconciliationChain(f);
  });
  afterEach(() => f.close());

  test('are gone through piece by piece, the newest always, and then anew', async () => {
    const count = 600;
    await f.place(f.alice, count);
    const vault = addressBytes(f.alice.vault);
    const entries: LedgerEntry[] = [];
    for (let number = 1n; number <= BigInt(count); number += 1n) {
      const run = { slot: 0, vault, start: 0n, consume: 0n, after: 0n, firstBet: number, betCount: 1, keySlot: 0 as const };
      const shape = {
        batchNumber: number,
        state: 'Finalized' as const,
        termsId: 1,
        vkId: 1,
        size: 'tiny',
        betCount: 1,
        attempt: 1,
      };
      const content = { blobHash: new Uint8Array(32), outcomes: new Uint8Array(1), createdAtMs: 0, updatedAtMs: 0 };
      const batch = { ...shape, ...content, runs: [{ ...run, payRequest: false }] };
      entries.push({ kind: 'batch-created', batch });
      const progress = { signature: `signature-${number}` };
      entries.push({
        kind: 'batch-moved',
        batchNumber: number,
        from: 'Finalized',
        to: 'Finalized',
        reason: '',
        timeMs: 0,
        attempt: 1,
        progress,
      });
    }
    await f.admission.ledger.commit(entries);
    const lost = 'signature-3';
    chain.states.set(lost, 'unknown to the chain');
    const options = { chain, read: f.read, nowMs: () => 5, sleep: async () => {} };
    let cursor: SignatureCursor = FROM_THE_NEWEST;
    const found: boolean[] = [];
    for (let run = 0; run < 4; run += 1) {
      chain.asked = [];
      const result = await reconcileChain({ ...options, cursor, maxSignaturePages: 2 });
      ({ cursor } = result);
      assert.ok(new Set(chain.asked).size <= 512);
      assert.ok(chain.asked.includes('signature-600'));
      assert.equal(result.report.complete, false);
      found.push(result.report.discrepancies.some(({ subject }) => subject.startsWith(lost)));
    }
    assert.ok(found.includes(true));
    assert.ok(found.includes(false));
    const whole = await reconcileChain({ ...options, cursor: FROM_THE_NEWEST, maxSignaturePages: Number.POSITIVE_INFINITY });
    assert.deepEqual([whole.report.batchesChecked, whole.report.complete], [600, true]);
  });
});

describe('reconciliation on a schedule', () => {
  let f: SettlementFixture;
  let chain: FakeReconciliationChain;
  let reconciler: Reconciler;
  const lines: Record<string, unknown>[] = [];
  const saved: ReconciliationReport[] = [];

  beforeEach(async () => {
    f = await new SettlementFixture().open();
    chain = new FakeReconciliationChain(f);
    lines.length = 0;
    saved.length = 0;
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const save = (report: ReconciliationReport) => void saved.push(report);
    reconciler = new Reconciler({ chain, read: f.read, everyMs: 1, nowMs: () => 5, log, save });
  });
  afterEach(async () => {
    await reconciler.stop();
    await f.close();
  });

  test('stops bets when money is missing, raises an alert, keeps paying, and lets bets resume once a run is clean', async () => {
    const fundsDiffer = () => reconciler.fundsDiffer;
    const gate = new Gate({ leader: { epoch: 1n, nonce: 1n }, slotMs: 1_000_000, nowMs: () => 0, fundsDiffer });
    const stopped = () => gate.stopped(f.admission.book.view as NonNullable<typeof f.admission.book.view>)?.code;
    for (const bettor of f.bettors) await f.place(bettor, 1);
    f.start();
    await f.settleAll();
    await f.stop();
    await reconciler.runFirst();
    assert.equal(stopped(), undefined);
    chain.tamper = (snapshot) => {
      snapshot.escrowLamports = 0n;
    };
    reconciler.start();
    await f.until(() => stopped() === 'BUSY');
    assert.ok(lines.some(({ alert, level }) => alert === 'FUNDS_DIFFER' && level === 50));
    f.start();
    await f.look({ requestAmount: 7n, lastBet: 1n });
    await f.until(() => f.chain.paid.length > 0);
    chain.reachable = false;
    await f.until(() => reconciler.overdue !== undefined);
    assert.equal(stopped(), 'BUSY', 'no news is no good news');
    chain.reachable = true;
    chain.tamper = () => {};
    await f.until(() => stopped() === undefined);
    assert.equal(reconciler.overdue, undefined);
    assert.equal(saved.at(-1)?.fundsDiffer, false);
    assert.ok(saved.some((report) => report.fundsDiffer));
  });

  test('goes on without a first comparison if the chain moves all the time, takes no bets, settles and pays, until there is one', async () => {
    const fundsDiffer = () => reconciler.fundsDiffer;
    const gate = new Gate({ leader: { epoch: 1n, nonce: 1n }, slotMs: 1_000_000, nowMs: () => 0, fundsDiffer });
    const problem = () => gate.problem(f.admission.book.view)?.code;
    for (const bettor of f.bettors) await f.place(bettor, 1);
    chain.tamper = () => {
      throw new ChainUnsteadyError();
    };
    await reconciler.runFirst();
    assert.deepEqual([problem(), PROBLEMS.NOT_RECONCILED.stopsBets], ['NOT_RECONCILED', true]);
    const view = f.admission.book.view as NonNullable<typeof f.admission.book.view>;
    assert.equal(gate.stopped(view)?.code, 'BUSY');
    reconciler.start();
    await f.until(() => reconciler.overdue !== undefined);
    f.start();
    await f.settleAll();
    await f.look({ requestAmount: 7n, lastBet: 1n });
    await f.until(() => f.chain.paid.length > 0);
    assert.equal(problem(), 'NOT_RECONCILED');
    chain.tamper = () => {};
    await f.until(() => problem() === undefined);
    assert.equal(reconciler.overdue, undefined);
  });

  test('does not wait a whole interval for the first comparison', async () => {
    const save = () => {};
    const seldom = new Reconciler({
      chain,
      read: f.read,
      everyMs: 86_400_000,
      nowMs: () => 5,
      log: pino({ level: 'silent' }),
      save,
    });
    chain.tamper = () => {
      throw new ChainUnsteadyError();
    };
    await seldom.runFirst();
    seldom.start();
    chain.tamper = () => {};
    await f.until(() => seldom.report !== undefined);
    await seldom.stop();
  });

  test('ends the start if the chain does not answer, or has no such house', async () => {
    for (const code of ['CHAIN_UNREACHABLE', 'CHAIN_MISMATCH'] as const) {
      chain.tamper = () => {
        throw new CasinoError(code, 'no');
      };
      await assert.rejects(reconciler.runFirst(), { code });
    }
  });
});
