import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { betPack, nextHead } from '../../protocol/bet.ts';
import { fieldToHex, fromHex } from '../../protocol/bytes.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { outcomeOf } from '../../protocol/outcome.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { chainView, TestBettor } from '../test/admission-fixture.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';

/* Catches lists over HTTP that say another thing of a bet than the bet's own route, questions that are not refused, and a house that is not the chain's. */
useKernel(NATIVE_KERNEL);

describe('reading over HTTP', () => {
  let fixture: ApiFixture;
  let alice: TestBettor;
  const bob = new TestBettor(2);

  beforeEach(async () => {
    fixture = await new ApiFixture().open();
    ({ alice } = fixture);
    Object.assign(bob, new TestBettor(2));
    await fixture.admission.book.observe(chainView(2n, [alice.view({ balance: 10_000_000n }), bob.view()]));
    const { admission } = fixture.admission;
    await admission.limitOf(admission.vaultOf(bob.owner));
  });
  afterEach(() => fixture.close());

  const get = async (url: string) => (await fixture.api.inject({ url })).json();
  const codeOf = async (url: string) => (await get(url)).error?.code;
  async function place(bettor: TestBettor, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const request = bettor.sign({ choice: (index % 2) as 0 | 1 });
      const answer = await fixture.api.inject({ method: 'POST', url: '/v1/bet', payload: bodyOf(request) });
      assert.equal(answer.statusCode, 200, answer.body);
      bettor.accept(request);
      fixture.nowMs += 1_000;
    }
  }

  test('a list shows each bet as its own route does, newest first', async () => {
    await place(alice, 3);
    await place(bob, 2);
    await fixture.admission.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 2 });
    const { bets, next } = await get('/v1/bets');
    assert.equal(next, null);
    assert.deepEqual(
      bets.map(({ user, nonce }: { user: string; nonce: string }) => [user, nonce]),
      [
        [bob.owner, '2'],
        [bob.owner, '1'],
        [alice.owner, '3'],
        [alice.owner, '2'],
        [alice.owner, '1'],
      ],
    );
    for (const bet of bets) {
      const own = await get(`/v1/bets/${bet.bet_id}`);
      for (const [field, value] of Object.entries(bet)) assert.deepEqual(own[field], value, field);
    }
    assert.deepEqual((await get(`/v1/bets?user=${alice.owner}`)).bets, bets.slice(2));
    assert.deepEqual((await get('/v1/bets?batch=1')).bets, bets.slice(3));
    assert.deepEqual((await get('/v1/bets?status=acknowledged')).bets, bets.slice(0, 3));
    assert.deepEqual(
      (await get('/v1/bets?status=Pending&won=true')).bets,
      bets.slice(3).filter(({ won }: { won: boolean }) => won),
    );
    assert.deepEqual((await get(`/v1/bets?from=${bets[3].time}&to=${bets[1].time}`)).bets, bets.slice(1, 4));
    const page = await get('/v1/bets?limit=2');
    assert.deepEqual(page.bets, bets.slice(0, 2));
    await place(alice, 1);
    const after = await get(`/v1/bets?limit=3&cursor=${page.next}`);
    assert.deepEqual([after.bets, after.next], [bets.slice(2), null], 'a bet that was taken meanwhile shifts nothing');
  });

  test('a bet shows all that its outcome and its money follow from', async () => {
    await place(alice, 2);
    const { bets } = await get('/v1/bets');
    const bet = await get(`/v1/bets/${bets[0].bet_id}`);
    const [clientSeed, headBefore] = [bet.client_seed, bet.head_before].map((text: string) => fieldFromBytes(fromHex(text, 32)));
    assert.equal(bet.head_before, bets[1].bet_id);
    const played = {
      stakeUnits: BigInt(bet.amount) / 10_000n,
      choice: bet.guess === 'heads' ? 1 : 0,
      betNumber: 2n,
      termsId: 1,
    } as const;
    const head = nextHead({
      headBefore: headBefore as bigint,
      packed: betPack({ ...played, game: 0 }),
      clientSeed: clientSeed as bigint,
      accountId: alice.accountId,
    });
    assert.equal(fieldToHex(head), bet.bet_id);
    const outcome = outcomeOf({ serverSeed: fieldFromBytes(fromHex(bet.server_seed, 32)), head });
    assert.equal(bet.outcome, outcome === 1 ? 'heads' : 'tails');
    assert.equal(bet.won, bet.outcome === bet.guess);
    assert.equal(bet.balance_before, bets[1].balance);
    assert.equal(BigInt(bet.balance), BigInt(bet.balance_before) - BigInt(bet.amount) + BigInt(bet.payout));
    assert.deepEqual([bet.vrf.path.length, bet.finalized, bet.blob_cid], [8, false, null]);
    const receipt = await get(`/v1/bets/${bet.bet_id}/receipt`);
    assert.deepEqual([receipt.seed.path, receipt.bet.signature], [bet.vrf.path, bet.sig]);
    await fixture.admission.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 2 });
    assert.equal((await get(`/v1/bets/${bet.bet_id}`)).blob_cid, (await get('/v1/batches/1')).blob_cid);
  });

  test('questions that no list can answer are refused with a code', async () => {
    await place(alice, 2);
    const { next } = await get('/v1/bets?limit=1');
    const batches = 'cursor=bAAAAAAAAAAA';
    for (const query of [
      ...['limit=0', 'limit=101', 'limit=1e1', 'outcome=edge', 'won=1', 'status=Lost', 'batch=01', 'from=-1', 'to=1.5', 'x=1'],
      ...[
        'user=me',
        'batch=18446744073709551616',
        'from=2&to=1',
        'cursor=',
        'cursor=tAAAA',
        `user=${alice.owner}&cursor=${next}`,
      ],
      ...[batches, `cursor=${next}=`, `cursor=${next.slice(1)}`, 'limit=1&limit=2'],
    ]) {
      assert.equal(await codeOf(`/v1/bets?${query}`), 'BAD_REQUEST', query);
    }
    for (const query of ['status=Failed', 'cursor=tAAAA', 'from=2&to=1', batches, `cursor=${next}`, 'limit=0']) {
      assert.equal(await codeOf(`/v1/batches?${query}`), 'BAD_REQUEST', query);
    }
    assert.equal(await codeOf(`/v1/bets?user=${new TestBettor(3).owner}`), 'UNKNOWN_VAULT');
    assert.equal(await codeOf('/v1/bets?batch=9'), 'NOT_FOUND');
    assert.equal(await codeOf('/v1/bets?batch=18446744073709551615'), 'NOT_FOUND');
    assert.deepEqual((await get(`/v1/bets?user=${bob.owner}`)).bets, []);
  });

  test('batches are listed by state, by time and by cursor, and say how many heads they had', async () => {
    await place(alice, 4);
    const { bets } = await get('/v1/bets');
    const bits = bets.toReversed().map(({ outcome }: { outcome: string }) => Number(outcome === 'heads'));
    for (const batchNumber of [1n, 2n, 3n, 4n]) {
      const outcomes = Uint8Array.of(0xfe | bits[Number(batchNumber) - 1]);
      await fixture.admission.batch(alice, {
        batchNumber,
        firstBet: batchNumber,
        betCount: 1,
        outcomes,
        createdAtMs: Number(batchNumber),
      });
    }
    const numbers = async (query: string) =>
      (await get(`/v1/batches?${query}`)).batches.map(({ number }: { number: string }) => number);
    assert.deepEqual(await numbers(''), ['4', '3', '2', '1']);
    assert.deepEqual(await numbers('status=Pending&from=2&to=3'), ['3', '2']);
    assert.deepEqual(await numbers('status=Finalized'), []);
    const page = await get('/v1/batches?limit=3&before=4');
    assert.deepEqual([page.batches.length, page.next], [3, null]);
    const first = await get('/v1/batches?limit=3');
    assert.deepEqual(await numbers(`limit=3&cursor=${first.next}`), ['1']);
    assert.deepEqual(await numbers(`before=3&cursor=${first.next}`), ['1']);
    const heads = first.batches.map(({ heads }: { heads: number }) => heads);
    assert.deepEqual(heads, bits.slice(1).reverse(), 'bits beyond the last bet do not count');
  });

  test('the house is as the finalized chain shows it, with what is announced', async () => {
    const { owner: somebody } = new TestBettor(7);
    const key = { bump: 0, maxBets: 50, maxVaults: 8, house: somebody, keyHash: new Uint8Array(32), key: new Uint8Array(576) };
    fixture.verifyingKeys = [
      { ...key, id: 1, activeFromSlot: 5n, retiredFromSlot: 9n },
      { ...key, id: 2, activeFromSlot: 5n, retiredFromSlot: (1n << 64n) - 1n },
    ];
    const idle = await get('/v1/house');
    assert.deepEqual([idle.withdrawal, idle.pending_changes, idle.paused, idle.vaults], [null, [], false, '1']);
    assert.deepEqual(
      idle.verifying_keys.map((one: { retired_from_slot: string | null; max_bets: number }) => [
        one.retired_from_slot,
        one.max_bets,
      ]),
      [
        ['9', 50],
        [null, 50],
      ],
    );
    const published = {
      ...{ authority: somebody, mint: somebody, changeDelaySlots: 100n, vaults: 3n, overdue: 1n },
      pending: [
        { kind: 'authority', key: somebody, dueSlot: 7n },
        { kind: 'receiptKey', key: somebody, dueSlot: 8n },
        { kind: 'delays', exitDelaySlots: 1n, changeDelaySlots: 2n, dueSlot: 9n },
      ] as const,
    };
    const shown = { requestAmount: 5n, requestSlot: 20n, exitDelaySlots: 1_500n, paused: true, published };
    await fixture.admission.book.observe(chainView(3n, [alice.view(), bob.view()], { house: shown }));
    const house = await get('/v1/house');
    assert.deepEqual(house.withdrawal, { amount: '5', payable_slot: '20', lapses_after_slot: '1520' });
    assert.deepEqual(house.pending_changes, [
      { kind: 'authority', authority: somebody, due_slot: '7', lapses_after_slot: '107' },
      { kind: 'receipt_key', receipt_key: somebody, due_slot: '8', lapses_after_slot: '108' },
      { kind: 'delays', exit_delay_slots: '1', change_delay_slots: '2', due_slot: '9', lapses_after_slot: '109' },
    ]);
    assert.deepEqual([house.paused, house.vaults, house.overdue, house.authority], [true, '3', '1', somebody]);
  });

  test("a route's own limit does not lift the operator's, and bets of old ranges have one", async () => {
    await place(alice, 1);
    const { bets } = await get('/v1/bets');
    await fixture.serve({ requestsPerMinute: 2 });
    for (const [url, codes] of [
      ['/v1/bets', [undefined, undefined, 'RATE_LIMITED']],
      [`/v1/bets/${bets[0].bet_id}/receipt`, [undefined, undefined, 'RATE_LIMITED']],
    ] as const) {
      for (const code of codes) assert.equal(await codeOf(url), code, url);
    }
    await fixture.serve({});
    const limits = await Promise.all(['/v1/bets', '/v1/batches', '/v1/house'].map((url) => fixture.api.inject({ url })));
    const [list, batches, house] = limits.map(({ headers }) => Number(headers['x-ratelimit-limit'])) as [number, number, number];
    assert.ok(list < house && batches < house);
    fixture.admission.admission.hasAtHand = () => false;
    const answers: number[] = [];
    for (let count = 0; count <= 1_200; count += 1)
      answers.push((await fixture.api.inject({ url: `/v1/bets/${bets[0].bet_id}` })).statusCode);
    assert.deepEqual([answers.indexOf(429), answers.at(-1)], [1_200, 429]);
  });
});
