// Would catch: a dishonest answer that the client takes for a good one. Each test is one lie of the house.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { fromHex } from '../protocol/bytes.ts';
import { encodeLimit, REFUSAL_CODES, verifyMessage } from '../protocol/messages.ts';
import { FraudEvidenceError, type FraudKind } from './errors.ts';
import { bytesOf } from './test/fake-chain.ts';
import { type Lies, RECEIPT_KEY, sign } from './test/fake-service.ts';
import { recordKey, setTable, storedEvidence, type Table } from './test/table.ts';

type Json = Record<string, unknown>;
const bet = { amount: 50_000n, guess: 'heads' } as const;
const otherVault = new Uint8Array(32).fill(0x77);
const stranger = new Uint8Array(32).fill(0x66);

let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});

after(async () => {
  for (const one of tables) await one.stop();
});

/** Asserts that the next bet ends in this evidence, that it was stored, and that signed evidence carries the house's signature. */
async function convicts(expected: { kind: FraudKind; signedByHouse: boolean }): Promise<FraudEvidenceError> {
  const error = await table.client.bet(bet).then(
    () => assert.fail('the bet was taken for good'),
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof FraudEvidenceError, String(error));
  assert.equal(error.kind, expected.kind);
  assert.equal(error.signedByHouse, expected.signedByHouse);
  assert.deepEqual(JSON.parse((await storedEvidence(table, error)) as string), error.evidence);
  if (error.signedByHouse) {
    const signed = Object.keys(error.evidence).filter((name) => `${name}-signature` in error.evidence);
    assert.ok(signed.length > 0);
    for (const name of signed.filter((one) => one !== 'bet')) {
      const message = fromHex(error.evidence[name] as string, (error.evidence[name] as string).length / 2);
      const signature = fromHex(error.evidence[`${name}-signature`] as string, 64);
      assert.ok(verifyMessage({ receiptKey: RECEIPT_KEY, message, signature }), name);
    }
  }
  return error;
}

const betAnswer = (change: (body: Json) => Json) => (path: string, body: Json) => (path === '/v1/bet' ? change(body) : body);
const resigned = (signed: unknown, secret: Uint8Array) => {
  const { message } = signed as { message: string };
  return sign(fromHex(message, message.length / 2), secret);
};
const flipLastDigit = (text: string) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

describe('a lie under the house’s own signature', () => {
  const cases: [string, FraudKind, Lies['receipt']][] = [
    ['receipt of another head', 'receipt-of-another-bet', (receipt) => ({ ...receipt, head: receipt.head + 1n })],
    ['receipt of another number', 'receipt-of-another-bet', (receipt) => ({ ...receipt, betNumber: receipt.betNumber + 1n })],
    ['receipt of other terms', 'receipt-of-another-bet', (receipt) => ({ ...receipt, termsId: 2 })],
    ['receipt of a larger stake', 'receipt-of-another-bet', (receipt) => ({ ...receipt, stake: receipt.stake + 10_000n })],
    ['outcome flipped', 'outcome', (receipt) => ({ ...receipt, outcome: receipt.outcome === 1 ? 0 : 1 })],
    [
      'payout one too low or high',
      'payout',
      (receipt) => ({ ...receipt, payout: receipt.payout === 0n ? 1n : receipt.payout - 1n }),
    ],
  ];
  for (const [name, kind, receipt] of cases) {
    it(name, async () => {
      if (receipt) table.service.lies.receipt = receipt;
      await convicts({ kind, signedByHouse: true });
    });
  }

  it('balance one too low after the second bet', async () => {
    await table.client.bet(bet);
    await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, balance: 10_000_000n });
    table.service.lies.receipt = (receipt) => ({ ...receipt, balanceAfter: receipt.balanceAfter - 1n });
    await convicts({ kind: 'balance', signedByHouse: true });
  });

  for (const where of ['balance', 'pendingDeposit'] as const) {
    it(`balance one too low after the first bet, by the ${where} on chain`, async () => {
      await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, [where]: 10_000_000n });
      table.service.slot = table.chain.height;
      table.service.lies.receipt = (receipt) => ({ ...receipt, balanceAfter: receipt.balanceAfter - 1n });
      await convicts({ kind: 'balance', signedByHouse: true });
    });
  }

  it('but a balance without a deposit that came final after the bet was sent is no lie', async () => {
    table.service.lies.answer = betAnswer((body) => {
      void table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, pendingDeposit: 90_000_000n });
      return body;
    });
    assert.equal((await table.client.bet(bet)).betNumber, 1n);
  });

  it('but a balance without a deposit that the service has not seen final yet is no lie', async () => {
    const owned = { owner: table.client.owner, sessionKeyHash: 1n };
    await table.chain.putVault({ ...owned, pendingDeposit: 90_000_000n });
    await table.client.bet(bet);
    // It catches up and settles; money is withdrawn, and the next deposit comes.
    table.service.slot = table.chain.height;
    await table.chain.putVault({ ...owned, pendingDeposit: 10_000_000n });
    const again = await table.connect();
    await again.bet(bet);
    const record = JSON.parse((await table.store.get(recordKey(again))) as string) as object;
    await table.store.put(recordKey(again), JSON.stringify({ ...record, balance: null }));
    await table.chain.putVault({ ...owned, lastBet: 2n, balance: 9_000_000n, pendingDeposit: 9_000_000n });
    table.chain.height += 1n;
    assert.equal((await again.bet(bet)).betNumber, 3n);
  });

  it('but a balance that the chain explains is no lie: money was withdrawn', async () => {
    await table.client.bet(bet);
    await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, balance: 9_000_000n });
    table.service.lies.receipt = (receipt) => ({ ...receipt, balanceAfter: receipt.balanceAfter - 1_000_000n });
    assert.equal((await table.client.bet(bet)).betNumber, 2n);
  });

  it('a second root for a range', async () => {
    await table.client.bet(bet);
    table.service.lies.k = 0xbadn;
    const error = await convicts({ kind: 'second-seed-root', signedByHouse: true });
    assert.notEqual(error.evidence.first, error.evidence.second);
  });

  it('a refusal of a bet within its limit', async () => {
    table.service.lies.refuseWith = REFUSAL_CODES['outside-limit'];
    await convicts({ kind: 'refusal-within-limit', signedByHouse: true });
  });
});

describe('a lie that proves nothing to others', () => {
  const unsigned = (kind: FraudKind) => convicts({ kind, signedByHouse: false });

  it('receipt signed by another key', async () => {
    table.service.lies.answer = betAnswer((body) => ({ ...body, receipt: resigned(body.receipt, stranger) }));
    await unsigned('receipt-signature');
  });

  it('receipt with a byte changed', async () => {
    table.service.lies.answer = betAnswer((body) => {
      const receipt = body.receipt as { message: string; signature: string };
      return { ...body, receipt: { ...receipt, message: flipLastDigit(receipt.message) } };
    });
    await unsigned('receipt-signature');
  });

  for (const field of ['domain', 'house', 'vault'] as const) {
    it(`receipt for another ${field}`, async () => {
      table.service.lies.receipt = (receipt) => ({ ...receipt, [field]: field === 'domain' ? 5n : otherVault });
      await unsigned('receipt-signature');
    });
  }

  it('a limit in place of a receipt', async () => {
    table.service.lies.answer = betAnswer((body) => ({ ...body, receipt: body.limit }));
    await unsigned('receipt-signature');
  });

  it('seed that is not in the tree', async () => {
    table.service.lies.receipt = (receipt) => ({ ...receipt, serverSeed: receipt.serverSeed + 1n });
    await unsigned('seed-not-committed');
  });

  it('seed with the path of another leaf', async () => {
    table.service.lies.answer = betAnswer((body) => {
      const vrf = body.vrf as { path: string[] };
      return { ...body, vrf: { ...vrf, path: [flipLastDigit(vrf.path[0] as string), ...vrf.path.slice(1)] } };
    });
    await unsigned('seed-not-committed');
  });

  it('path too short', async () => {
    table.service.lies.answer = betAnswer((body) => {
      const vrf = body.vrf as { path: string[] };
      return { ...body, vrf: { ...vrf, path: vrf.path.slice(1) } };
    });
    await unsigned('seed-not-committed');
  });

  for (const [field, change] of Object.entries({
    bet_id: flipLastDigit,
    nonce: () => '9',
    outcome: (side: string) => (side === 'heads' ? 'tails' : 'heads'),
    payout: (amount: string) => `${BigInt(amount) + 1n}`,
    balance: (amount: string) => `${BigInt(amount) + 1n}`,
  })) {
    it(`answer whose ${field} is not its receipt's`, async () => {
      table.service.lies.answer = betAnswer((body) => ({ ...body, [field]: change(body[field] as string) }));
      await unsigned('answer-differs-from-receipt');
    });
  }

  it('commitment for another range, other terms or another vault', async () => {
    table.service.lies.commitment = (truth) => ({ ...truth, rangeIndex: 1n });
    await unsigned('seed-commitment');
    table.service.lies.commitment = (truth) => ({ ...truth, vault: otherVault });
    await unsigned('seed-commitment');
    assert.equal(table.service.bets.length, 0);
  });

  it('refusal without a signature, of another head, or signed by another key', async () => {
    table.service.faults = ['refused-unsigned'];
    await unsigned('refusal');
    table.service.lies.refuseWith = REFUSAL_CODES['insufficient-balance'];
    table.service.lies.refusal = (truth) => ({ ...truth, head: truth.head + 1n });
    await unsigned('refusal');
    table.service.lies.refusal = (truth) => ({ ...truth, vault: otherVault });
    await unsigned('refusal');
    assert.equal(new Set(table.service.bets).size, 1);
  });
});

describe('a false limit is caught before anything is signed', () => {
  const vaultAnswer = (limit: unknown) => (path: string, body: Json) =>
    path.startsWith('/v1/vaults/') ? { ...body, limit } : body;

  it('signed by another key', async () => {
    table.service.lies.answer = (path, body) =>
      path.startsWith('/v1/vaults/') ? { ...body, limit: resigned(body.limit, stranger) } : body;
    await convicts({ kind: 'limit', signedByHouse: false });
    assert.equal(table.service.bets.length, 0);
  });

  it('not signed at all', async () => {
    const context = {
      domain: table.client.house.domain,
      house: table.client.house.houseBytes,
      vault: bytesOf(table.client.vaultAddress),
    };
    const message = encodeLimit({ ...context, termsId: 1, maxStakeUnits: 1_000n, throughBet: 99n });
    table.service.lies.answer = vaultAnswer({ ...sign(message), signature: '00'.repeat(64) });
    await convicts({ kind: 'limit', signedByHouse: false });
    assert.equal(table.service.bets.length, 0);
  });

  it('of another vault', async () => {
    table.service.lies.limit = (limit) => ({ ...limit, vault: otherVault });
    await convicts({ kind: 'limit', signedByHouse: false });
    assert.equal(table.service.bets.length, 0);
  });

  it('in the answer to a bet', async () => {
    table.service.lies.answer = betAnswer((body) => ({ ...body, limit: resigned(body.limit, stranger) }));
    await convicts({ kind: 'limit', signedByHouse: false });
  });
});

it('ed25519 accepts no signature that RFC 8032 refuses', () => {
  // Small-order key and R: ZIP 215 takes it for a signature of any message.
  const weakKey = new Uint8Array(32);
  weakKey[0] = 1;
  const signature = new Uint8Array(64);
  signature[0] = 1;
  assert.equal(ed25519.verify(signature, new Uint8Array(1), weakKey, { zip215: true }), true);
  assert.equal(verifyMessage({ receiptKey: weakKey, message: new Uint8Array(1), signature }), false);
});
