// Would catch: a rotation that loses a key, that a crash leaves half done, or that lets a bet be signed with the wrong key.
import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { sessionKeyHashOf } from '../protocol/account.ts';
import { pointFromBytes } from '../protocol/babyjubjub.ts';
import { fromHex } from '../protocol/bytes.ts';
import { recordKey, setTable, type Table } from './test/table.ts';

const NEVER = (1n << 64n) - 1n;
let table: Table;
const tables: Table[] = [];

beforeEach(async () => {
  table = await setTable();
  tables.push(table);
});
after(async () => {
  for (const one of tables) await one.stop();
});

const storedHash = async () => {
  const record = JSON.parse((await table.store.get(recordKey(table.client))) as string) as { sessionKeyHash: string };
  return BigInt(`0x${record.sessionKeyHash}`);
};
const signerOfLastBet = () => {
  const body = JSON.parse(table.service.bets.at(-1) as string) as { session_key: string };
  return sessionKeyHashOf(pointFromBytes(fromHex(body.session_key, 64)));
};
/** Lets the rotation land: the chain is told the hash that the transaction names. */
const landRotations = () => {
  const hashes: bigint[] = [];
  const send = table.chain.send.bind(table.chain);
  table.chain.send = async (wire) => {
    const bytes = Buffer.from(wire, 'base64');
    // Instruction 11: its number, 32 bytes of hash, 8 of the first slot; then the message's empty list of lookup tables.
    const at = bytes.length - 42;
    assert.equal(bytes[at], 11);
    const hash = BigInt(`0x${bytes.subarray(at + 1, at + 33).toString('hex')}`);
    const from = bytes.readBigUInt64LE(at + 33);
    hashes.push(hash);
    table.chain.onSend = async (signature) => {
      table.chain.statuses.set(signature, { commitment: 'finalized', slot: table.chain.height, failure: null });
      const keys = [
        { hash: await storedHash(), from: 0n, until: from + 1_500n },
        { hash, from, until: NEVER },
      ];
      await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 0n, keys });
      table.chain.height = from;
    };
    return send(wire);
  };
  return hashes;
};

describe('a rotation', () => {
  it('makes a fresh key sign, also in the next run, and can be done again once the old key has ended', async () => {
    const before = await storedHash();
    await table.client.bet({ amount: 50_000n, guess: 'heads' });
    assert.equal(signerOfLastBet(), before);
    const hashes = landRotations();
    const otherTab = await table.connect();
    await otherTab.bet({ amount: 50_000n, guess: 'heads' });
    await table.client.rotateSessionKey();
    await otherTab.bet({ amount: 50_000n, guess: 'heads' });
    assert.equal(signerOfLastBet(), hashes[0], 'another client of the store did not take up the new key');
    await table.client.bet({ amount: 50_000n, guess: 'heads' });
    assert.equal(signerOfLastBet(), hashes[0]);
    assert.notEqual(signerOfLastBet(), before);
    const again = await table.connect();
    await again.bet({ amount: 50_000n, guess: 'heads' });
    assert.equal(signerOfLastBet(), hashes[0]);
    await assert.rejects(again.rotateSessionKey(), { code: 'ROTATION_TOO_EARLY' });
    table.chain.height += 2_000n;
    await again.rotateSessionKey();
    await again.bet({ amount: 50_000n, guess: 'heads' });
    assert.equal(signerOfLastBet(), hashes[1]);
    assert.equal(new Set([before, ...hashes]).size, 3);
  });

  it('that a crash interrupts after it landed goes on with the same key, and sends nothing more', async () => {
    const hashes = landRotations();
    const put = table.store.put.bind(table.store);
    table.store.put = async (key, value) => {
      if (key.endsWith('/record')) throw new Error('the process dies here');
      return put(key, value);
    };
    await assert.rejects(table.client.rotateSessionKey(), /dies here/);
    table.store.put = put;
    const next = await table.connect();
    await next.rotateSessionKey();
    assert.equal(hashes.length, 1);
    assert.equal(await storedHash(), hashes[0]);
    await next.bet({ amount: 50_000n, guess: 'heads' });
    assert.equal(signerOfLastBet(), hashes[0]);
  });

  it('waits for a bet of the old key, which is sent again first', async () => {
    table.service.faults = ['lost-request'];
    const impatient = await table.connect({ retry: { maxElapsedMs: 0, firstDelayMs: 1, maxDelayMs: 1 } });
    await assert.rejects(impatient.bet({ amount: 50_000n, guess: 'heads' }), { code: 'API_UNREACHABLE' });
    const before = await storedHash();
    landRotations();
    await table.client.rotateSessionKey();
    assert.equal(table.service.bets.length, 2);
    assert.equal(table.service.bets[0], table.service.bets[1]);
    assert.equal(signerOfLastBet(), before);
  });

  it('of a vault that has left is refused', async () => {
    await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: await storedHash(), frozen: true });
    await assert.rejects(table.client.rotateSessionKey(), { code: 'VAULT_CLOSED' });
  });
});

it('a bet that was voided is reported so once the chain shows it, and not before', async () => {
  const { head, betNumber } = await table.client.bet({ amount: 50_000n, guess: 'heads' });
  table.service.betStatus = {
    user: table.client.owner,
    nonce: betNumber.toString(),
    batch: null,
    l1_signature: null,
    status: 'Voided',
    void_reason: 'forced exit',
  };
  await assert.rejects(table.client.waitForBet(head, { timeoutMs: 5_000 }), { code: 'TIMEOUT' });
  await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, frozen: true, lastBet: betNumber });
  await assert.rejects(table.client.waitForBet(head, { timeoutMs: 5_000 }), { code: 'TIMEOUT' });
  await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: 1n, frozen: true });
  await assert.rejects(table.client.waitForBet(head), { code: 'BET_VOIDED', message: /forced exit/ });
});

it('nothing is signed for a vault that has left', async () => {
  await table.chain.putVault({ owner: table.client.owner, sessionKeyHash: await storedHash(), frozen: true });
  await assert.rejects(table.client.bet({ amount: 50_000n, guess: 'heads' }), { code: 'VAULT_CLOSED' });
  assert.equal(table.service.bets.length, 0);
  assert.equal(JSON.parse((await table.store.get(recordKey(table.client))) as string).pending.length, 0);
});
