import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { useKernel } from '../../protocol/kernel.ts';
import type { BetRequest } from '../admission/admission.ts';
import { SYSTEM_CLOCK } from '../clock.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { chainView } from '../test/admission-fixture.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';
import { Archiver } from './archiver.ts';
import { ArchiveDirectory } from './files.ts';

useKernel(NATIVE_KERNEL);

/* Catches an old bet whose answer changes once it is archived, or that is played a second time because its archive can not be read. */
describe('an archived bet', () => {
  const fixture = new ApiFixture();
  const requests: BetRequest[] = [];
  const ids: string[] = [];
  const answers = new Map<string, string>();
  let folder: string;

  const place = async (request: BetRequest) => {
    const { statusCode, body } = await fixture.api.inject({ method: 'POST', url: '/v1/bet', payload: bodyOf(request) });
    return { statusCode, body };
  };
  const get = async (id: string) => (await fixture.api.inject(`/v1/bets/${id}`)).body;
  const view = (lastBet: bigint) => chainView(lastBet + 2n, [fixture.alice.view({ balance: 10_000_000n, lastBet })]);
  const errorOf = (body: string) => (JSON.parse(body) as { error: { code: string; retry: boolean } }).error;

  before(async () => {
    await fixture.open();
    const { alice, admission } = fixture;
    for (let count = 0; count < 8; count += 1) {
      const request = alice.sign({ choice: count % 2 === 0 ? 1 : 0 });
      requests.push(request);
      const { body } = await place(request);
      ids.push((JSON.parse(body) as { bet_id: string }).bet_id);
      alice.accept(request);
    }
    await admission.batch(alice, { batchNumber: 1n, firstBet: 1n, betCount: 6 });
    const moved = {
      kind: 'batch-moved',
      batchNumber: 1n,
      from: 'Pending',
      to: 'Finalized',
      reason: '',
      timeMs: 5,
      attempt: 1,
    } as const;
    await admission.ledger.commit([{ ...moved, progress: { finalizedAtMs: 5 } }]);
    await admission.book.observe(view(6n));
    for (const [index, id] of ids.entries()) {
      answers.set(`get ${index}`, await get(id));
      answers.set(`post ${index}`, (await place(requests[index] as BetRequest)).body);
    }
    folder = join(dirname(admission.ledgerPath), 'archive');
    await archive();
  });
  after(() => fixture.close());

  async function archive(): Promise<void> {
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const files = new ArchiveDirectory(folder);
    const { ledger } = fixture.admission;
    const archiver = new Archiver({ ledger, files, archiveAfterMs: 1, clock: SYSTEM_CLOCK, log, leastBets: 1 });
    assert.equal(await archiver.run(), true);
  }

  async function assertAnswersHold(): Promise<void> {
    for (const [index, id] of ids.entries()) {
      assert.equal(await get(id), answers.get(`get ${index}`));
      assert.equal((await place(requests[index] as BetRequest)).body, answers.get(`post ${index}`));
    }
  }

  test('is answered as before, byte for byte, by its id and when it is sent again', async () => {
    const { read } = fixture.admission.ledger;
    const vault = fixture.admission.admission.vaultOf(fixture.alice.owner).context.vault;
    assert.deepEqual(
      read.hotBets(vault, { first: 1n, last: 99n }).map(({ betNumber }) => betNumber),
      [6n, 7n, 8n],
    );
    await assertAnswersHold();
  });

  test('is named in the conflict that another bet with its number meets', async () => {
    const other = { ...(requests[1] as BetRequest), stakeUnits: 6n };
    const { statusCode, body } = await place(other);
    assert.equal(statusCode, 409);
    assert.partialDeepStrictEqual(errorOf(body), { code: 'BET_CONFLICT', bet_id: ids[1], expected_nonce: '9' });
  });

  test('whose archive is missing is neither denied nor played again', async () => {
    renameSync(folder, `${folder}.away`);
    await fixture.admission.reopen();
    await fixture.admission.book.observe(view(6n));
    await fixture.serve({});
    for (const request of [requests[1] as BetRequest, { ...(requests[1] as BetRequest), stakeUnits: 6n }]) {
      const { statusCode, body } = await place(request);
      assert.deepEqual([statusCode, errorOf(body).code, errorOf(body).retry], [503, 'ARCHIVE_MISSING', true]);
    }
    assert.equal(errorOf(await get(ids[1] as string)).code, 'ARCHIVE_MISSING');
    assert.equal(await get(ids[6] as string), answers.get('get 6'), 'the others are answered');
    const health = JSON.parse((await fixture.api.inject('/health')).body) as { ready: boolean; problems: { code: string }[] };
    assert.deepEqual([health.ready, health.problems.map(({ code }) => code)], [true, ['ARCHIVE_DAMAGED']]);
    const next = fixture.alice.sign();
    assert.equal((await place(next)).statusCode, 200, 'and new bets are taken');
    fixture.alice.accept(next);
    renameSync(`${folder}.away`, folder);
    assert.equal(await get(ids[1] as string), answers.get('get 1'));
  });

  test('is answered as before after a start that finds the archives in place', async () => {
    await fixture.admission.reopen();
    await fixture.admission.book.observe(view(6n));
    await fixture.serve({});
    for (const [index, id] of ids.entries()) assert.equal(await get(id), answers.get(`get ${index}`));
  });
});
