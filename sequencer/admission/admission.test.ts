import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { pointToBytes } from '../../protocol/babyjubjub.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { decodeLimit, decodeReceipt, decodeRefusal, decodeSeedCommitment, verifyMessage } from '../../protocol/messages.ts';
import { outcomeOf } from '../../protocol/outcome.ts';
import { verifySeed } from '../../protocol/seed-commitment.ts';
import { CasinoError } from '../errors.ts';
import { Gate } from '../operations/gate.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { AdmissionFixture, chainView, FOREVER, RECEIPT_SEED, signedBy, TestBettor } from '../test/admission-fixture.ts';
import type { BetAnswer } from './admission.ts';
import type { SignedMessage } from './signer.ts';

useKernel(NATIVE_KERNEL);
const receiptKey = ed25519.getPublicKey(RECEIPT_SEED);
const holds = ({ message, signature }: SignedMessage) => verifyMessage({ receiptKey, signature, message });
const coded = (code: string) => (error: unknown) => error instanceof CasinoError && error.code === code;

describe('admission', () => {
  let fixture: AdmissionFixture;
  let alice: TestBettor;

  /** Shows the chain with Alice's vault, and has her fetch her limit. */
  const show = async (slot: bigint, change: Parameters<TestBettor['view']>[0] = {}, house = {}) => {
    await fixture.book.observe(chainView(slot, [alice.view(change)], { house }));
    await fixture.admission.limitOf(fixture.admission.vaultOf(alice.owner));
  };
  const bet = async (change: Parameters<TestBettor['sign']>[0] = {}): Promise<BetAnswer> => {
    const request = alice.sign(change);
    const answer = await fixture.admission.placeBet(request);
    alice.accept(request);
    return answer;
  };

  beforeEach(async () => {
    fixture = await new AdmissionFixture().open();
    alice = new TestBettor(1);
    await show(1n);
  });
  afterEach(() => fixture.close());

  test('a taken bet is durable, and its answer proves the outcome', async () => {
    const answer = await bet();
    const receipt = decodeReceipt(answer.receipt.message);
    assert.ok(holds(answer.receipt) && holds(answer.limit) && holds(answer.seed.commitment));
    assert.equal(receipt.head, alice.head);
    assert.equal(receipt.stake, 50_000n);
    assert.equal(receipt.outcome, outcomeOf({ serverSeed: receipt.serverSeed, head: alice.head }));
    assert.equal(receipt.balanceAfter, 1_000_000n + receipt.payout - receipt.stake);
    const { root } = decodeSeedCommitment(answer.seed.commitment.message);
    assert.ok(verifySeed({ root, betNumber: 1n, serverSeed: receipt.serverSeed, path: answer.seed.path }));
    assert.deepEqual(fixture.ledger.read.bet(answer.bet.vault, 1n), answer.bet);
  });

  test('the same bytes get the same receipt: at once, later, and after a restart', async () => {
    const request = alice.sign();
    const [first, again] = await Promise.all([fixture.admission.placeBet(request), fixture.admission.placeBet(request)]);
    assert.deepEqual(again.receipt, first.receipt);
    await fixture.reopen();
    await show(2n);
    assert.deepEqual((await fixture.admission.placeBet(request)).receipt, first.receipt);
    assert.equal(fixture.book.openBets, 1);
  });

  test('a hundred copies of a bet at once move the balance once', async () => {
    const request = alice.sign();
    const answers = await Promise.all(Array.from({ length: 100 }, () => fixture.admission.placeBet(request)));
    assert.equal(new Set(answers.map(({ bet }) => bet.balanceAfter)).size, 1);
    assert.equal(fixture.ledger.read.waitingBets(), 1);
  });

  test('another bet with a taken number is a conflict, and a later number a gap that names the expected one', async () => {
    const other = alice.sign({ stakeUnits: 6n });
    await bet();
    await assert.rejects(fixture.admission.placeBet(other), coded('BET_CONFLICT'));
    await assert.rejects(fixture.admission.placeBet(alice.sign({ betNumber: 3n })), (error: CasinoError) => {
      assert.equal(error.code, 'BET_GAP');
      return error.details.expected_nonce === '2';
    });
  });

  test('a changed stake, choice, seed, terms or signer is no bet of hers', async () => {
    const honest = alice.sign();
    const mallory = new TestBettor(2);
    for (const forged of [
      { ...honest, stakeUnits: 6n },
      { ...honest, choice: 0 as const },
      { ...honest, clientSeed: mallory.sign().clientSeed },
      { ...honest, termsId: 2 },
      { ...honest, signature: mallory.sign().signature },
    ]) {
      await assert.rejects(fixture.admission.placeBet(forged), coded('BAD_SIGNATURE'));
    }
    const hers = { ...mallory.sign(), owner: alice.owner };
    await assert.rejects(fixture.admission.placeBet(hers), coded('WRONG_SESSION_KEY'));
    assert.equal(fixture.ledger.read.waitingBets(), 0);
  });

  test('a stake above the balance is refused for good: the same signed refusal, also with more money and after a restart', async () => {
    await show(2n, { balance: 40_000n });
    const request = alice.sign();
    const refusalOf = async (): Promise<SignedMessage> => {
      const error = await fixture.admission.placeBet(request).catch((thrown: CasinoError) => thrown);
      assert.ok(error instanceof CasinoError);
      assert.equal(error.code, 'REFUSED');
      const { message, signature } = error.details.refusal as { message: string; signature: string };
      return { message: Buffer.from(message, 'hex'), signature: Buffer.from(signature, 'hex') };
    };
    const refusal = await refusalOf();
    assert.ok(holds(refusal));
    assert.equal(decodeRefusal(refusal.message).code, 2);
    await show(3n, { balance: 1_000_000n });
    assert.deepEqual(await refusalOf(), refusal);
    await fixture.reopen();
    await show(4n, { balance: 1_000_000n });
    assert.deepEqual(await refusalOf(), refusal);
    await bet({ stakeUnits: 4n });
  });

  test('a bet that is signed on a refused head is never taken: neither early, nor in the number’s second life, nor after it', async () => {
    const ahead = new TestBettor(1);
    const refused = ahead.sign({ stakeUnits: 500n });
    ahead.accept(refused);
    const built = ahead.sign();
    await assert.rejects(fixture.admission.placeBet(built), coded('BET_GAP'));
    await assert.rejects(fixture.admission.placeBet(refused), coded('REFUSED'));
    await assert.rejects(fixture.admission.placeBet(built), coded('BET_GAP'));
    await bet();
    await assert.rejects(fixture.admission.placeBet(built), coded('BAD_SIGNATURE'));
    await assert.rejects(fixture.admission.placeBet(refused), coded('BET_CONFLICT'));
    await bet();
    await assert.rejects(fixture.admission.placeBet(built), coded('BET_CONFLICT'));
    await fixture.reopen();
    await show(2n);
    for (const one of [refused, built]) await assert.rejects(fixture.admission.placeBet(one), coded('BET_CONFLICT'));
    assert.equal((await bet()).bet.betNumber, 3n);
  });

  test('a bet within the limit is not refused for its size, one outside is', async () => {
    await bet({ stakeUnits: 50n });
    await assert.rejects(bet({ stakeUnits: 51n }), coded('REFUSED'));
    await assert.rejects(bet({ termsId: 2 }), coded('REFUSED'));
    const limit = decodeLimit((await fixture.admission.limitOf(fixture.admission.vaultOf(alice.owner))).message);
    assert.equal(limit.maxStakeUnits, 50n);
    assert.ok(limit.throughBet >= 257n);
  });

  test('the balance counts deposits, settled bets and open bets once, whatever the chain shows when', async () => {
    const first = await bet();
    const second = await bet();
    const vault = fixture.admission.vaultOf(alice.owner);
    const expected = second.bet.balanceAfter;
    await fixture.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 2 });
    await show(2n, { lastBet: 1n, balance: first.bet.balanceAfter });
    assert.equal(vault.available, expected);
    await show(3n, { lastBet: 1n, balance: first.bet.balanceAfter, pendingDeposit: 7_000n });
    assert.equal(vault.available, expected + 7_000n);
    await show(4n, { lastBet: 2n, balance: expected + 7_000n });
    assert.equal(vault.available, expected + 7_000n);
    assert.equal(fixture.book.openBets, 0);
    assert.equal(fixture.book.exposure, 0n);
  });

  test('an older look at the chain changes nothing', async () => {
    await show(5n, { balance: 2_000_000n });
    await show(4n, { balance: 1_000_000n });
    assert.equal(fixture.admission.vaultOf(alice.owner).available, 2_000_000n);
  });

  test('a bet that the house can not cover has to wait, and is no refusal', async () => {
    await show(2n, {}, { balance: 5n * 9_800n * 2n });
    await bet();
    await bet();
    await assert.rejects(bet(), coded('BUSY'));
    await show(3n, {}, { balance: 5n * 9_800n * 3n });
    await bet();
  });

  test('what the house may take out at any moment covers no bet: neither before it is paid nor once it has lapsed does it count', async () => {
    const balance = 5n * 9_800n;
    await show(10n, {}, { balance, requestAmount: 1n, requestSlot: 10n });
    await assert.rejects(bet(), coded('BUSY'));
    await show(1_510n, {}, { balance, requestAmount: 1n, requestSlot: 10n });
    await assert.rejects(bet(), coded('BUSY'));
    await show(1_511n, {}, { balance, requestAmount: 1n, requestSlot: 10n });
    await bet();
    await show(1_512n, {}, { balance: 2n * balance, requestAmount: 1n, requestSlot: 1_513n });
    await bet();
    await show(1_513n, {}, { balance: 3n * balance, reserved: 1n });
    await assert.rejects(bet(), coded('BUSY'));
  });

  test('open bets are capped for one vault', async () => {
    for (let count = 0; count < 10; count += 1) await bet({ stakeUnits: 1n });
    await assert.rejects(bet({ stakeUnits: 1n }), coded('BUSY'));
  });

  test('bets that quarantine holds leave their room to others', async () => {
    const bob = new TestBettor(2);
    const shown = (slot: bigint) =>
      fixture.book.observe(
        chainView(
          slot,
          [alice, bob].map((bettor) => bettor.view()),
        ),
      );
    await shown(2n);
    await fixture.admission.limitOf(fixture.admission.vaultOf(bob.owner));
    for (let count = 0; count < 10; count += 1) await bet({ stakeUnits: 1n });
    const place = async () => {
      const request = bob.sign({ stakeUnits: 1n });
      await fixture.admission.placeBet(request);
      bob.accept(request);
    };
    for (let count = 0; count < 5; count += 1) await place();
    await assert.rejects(place(), coded('BUSY'));
    const vault = fixture.admission.vaultOf(alice.owner);
    vault.quarantine = { vault: vault.context.vault, firstBet: 1n, reason: 'why', sinceMs: 5, attempts: 1, retryAtMs: 9 };
    await shown(3n);
    await place();
    assert.equal(fixture.book.openBets, 16);
  });

  test('a withdrawal request that is merely confirmed holds bets back', async () => {
    const requested = [alice.view({ requestAmount: 1n })];
    await fixture.book.observe(chainView(2n, [alice.view()], { confirmed: requested }));
    await assert.rejects(bet(), coded('BUSY'));
  });

  test('a key that is rotated away takes no bet from the first sight of it, the new one only once the rotation is final', async () => {
    const old = alice.view().keys[0];
    const next = new TestBettor(2);
    const hash = next.view().keys[0].hash;
    const rotated = (from: bigint) =>
      [
        { ...old, until: from + 1_500n },
        { hash, from, until: FOREVER },
      ] as const;
    await bet();
    await fixture.book.observe(chainView(9n, [alice.view()], { confirmed: [alice.view({ keys: rotated(9n) })] }));
    await assert.rejects(bet(), coded('WRONG_SESSION_KEY'));
    const signed = () => ({ ...alice.sign(), ...signedBy(next, alice) });
    await assert.rejects(fixture.admission.placeBet(signed()), coded('BUSY'));
    await fixture.book.observe(chainView(10n, [alice.view({ keys: rotated(11n) })]));
    await assert.rejects(fixture.admission.placeBet(signed()), coded('BUSY'));
    await fixture.book.observe(chainView(11n, [alice.view({ keys: rotated(11n) })]));
    await assert.rejects(bet(), coded('WRONG_SESSION_KEY'));
    assert.equal((await fixture.admission.placeBet(signed())).bet.betNumber, 2n);
  });

  test('what the balance shows is durable once the vault says so', async () => {
    const vault = fixture.admission.vaultOf(alice.owner);
    const placed = fixture.admission.placeBet(alice.sign());
    await vault.durable();
    assert.equal(fixture.ledger.read.bet(vault.context.vault, 1n)?.balanceAfter, vault.available);
    await placed;
  });

  test('a node that stands still makes the view old, however often it is asked', async () => {
    const view = (observedAtMs: number) => ({ ...chainView(5n, [alice.view()]), observedAtMs });
    await fixture.book.observe(view(100));
    await fixture.book.observe(view(900));
    assert.equal(fixture.book.view?.observedAtMs, 100);
    const gate = new Gate({ leader: { epoch: 1n, nonce: 1n }, slotMs: 1, nowMs: () => 476, fundsDiffer: () => false });
    assert.equal(gate.stopped(fixture.book.view)?.code, 'NOT_LEADING');
  });

  test('a chain whose commitments move on at different looks is as old as the one that stands still the longer', async () => {
    const slots = [
      [5n, 5n],
      [5n, 6n],
      [6n, 6n],
      [6n, 7n],
    ] as const;
    for (const [index, [finalized, confirmed]] of slots.entries()) {
      const shown = chainView(finalized, [alice.view()]);
      await fixture.book.observe({
        ...shown,
        confirmed: { ...shown.confirmed, slot: confirmed },
        observedAtMs: 100 * (index + 1),
      });
    }
    assert.equal(fixture.book.view?.observedAtMs, 300);
  });

  test('a node that lags behind what was final before is not made into a balance', async () => {
    const answers = [await bet(), await bet()];
    await fixture.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 2 });
    const balance = 1_000_000n + (answers[1] as BetAnswer).bet.cumulativeDelta;
    await show(2n, { lastBet: 2n, balance });
    await fixture.reopen();
    await assert.rejects(show(1n), coded('CHAIN_UNREACHABLE'));
    assert.throws(() => fixture.admission.vaultOf(alice.owner), coded('UNKNOWN_VAULT'));
    await show(2n, { lastBet: 2n, balance });
    assert.equal(fixture.admission.vaultOf(alice.owner).available, balance);
  });

  test('a ledger that lacks a settled bet is stale and says so', async () => {
    await assert.rejects(show(2n, { lastBet: 1n }), coded('LEDGER_STALE'));
  });

  test('a vault nobody opened has no bets', async () => {
    const stranger = new TestBettor(3);
    await assert.rejects(fixture.admission.placeBet(stranger.sign()), coded('UNKNOWN_VAULT'));
  });

  test('seeds stay the same across a restart: two roots for one range would be fraud', async () => {
    const vault = fixture.admission.vaultOf(alice.owner);
    const before = fixture.admission.seedCommitment(vault, 0n);
    const answer = await bet();
    await fixture.reopen();
    await show(2n);
    assert.deepEqual(fixture.admission.seedCommitment(fixture.admission.vaultOf(alice.owner), 0n), before);
    assert.deepEqual(answer.seed.commitment, before);
    assert.equal(fieldFromBytes(answer.bet.head), alice.head);
  });

  test('a key of small order is no key', async () => {
    const request = { ...alice.sign(), sessionKey: pointToBytes({ x: 0n, y: 1n }) };
    await assert.rejects(fixture.admission.placeBet(request), coded('WRONG_SESSION_KEY'));
  });
});
