// Would catch: a transaction signed anew while the first could still land, and a landed one that is reported as lost.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createKeyPairSignerFromPrivateKeyBytes, type KeyPairSigner } from '@solana/kit';
import { ClientError } from './errors.ts';
import { FakeChain } from './test/fake-chain.ts';
import { RECEIPT_KEY } from './test/fake-service.ts';
import { fastClock } from './test/table.ts';
import { sendUntilFinal, type TransactionStage } from './transactions.ts';

let chain: FakeChain;
let wallet: KeyPairSigner;
let stages: TransactionStage[];

beforeEach(async () => {
  chain = await FakeChain.create(RECEIPT_KEY);
  wallet = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(5));
  stages = [];
});

const send = (timeoutMs = 600_000) =>
  sendUntilFinal({ chain, clock: fastClock(), wallet, instructions: [], timeoutMs, onStage: (stage) => stages.push(stage) });
const lands = (signature: string, commitment: 'confirmed' | 'finalized' = 'finalized') =>
  chain.statuses.set(signature, { commitment, slot: 7n, failure: null });

describe('a transaction', () => {
  it('is followed until it is final', async () => {
    chain.onSend = (signature) => {
      lands(signature, 'confirmed');
      setTimeout(() => lands(signature), 20);
    };
    const landed = await send();
    assert.equal(landed.slot, 7n);
    assert.deepEqual(stages, ['sent', 'confirmed', 'finalized']);
    assert.equal(chain.sent.length, 1);
  });

  it('is sent again as the same bytes while a node drops it', async () => {
    chain.nextSend = { result: 'unknown' };
    chain.onSend = (signature) => {
      if (chain.sent.length === 4) lands(signature);
    };
    await send();
    assert.equal(chain.sent.length, 4);
    assert.equal(new Set(chain.sent).size, 1);
  });

  it('is signed anew only when the old one can land no more', async () => {
    chain.onSend = (signature) => {
      chain.height += 60n;
      if (chain.sent.length > 1 && signature !== chain.sent[0]) lands(signature);
    };
    await send();
    const distinct = [...new Set(chain.sent)];
    assert.equal(distinct.length, 2);
    assert.ok(chain.sent.filter((signature) => signature === distinct[0]).length >= 3);
  });

  it('that landed at the last moment is not signed anew', async () => {
    chain.onSend = (signature) => {
      chain.height += 1_000n;
      lands(signature);
    };
    await send();
    assert.equal(chain.sent.length, 1);
  });

  it('that never lands ends in an error after a few signings', async () => {
    chain.onSend = () => {
      chain.height += 1_000n;
    };
    await assert.rejects(send(), { code: 'TRANSACTION_EXPIRED' });
    assert.equal(new Set(chain.sent).size, 5);
  });

  it('that the dry run rejects fails at once, but not when an earlier sending may have landed', async () => {
    const cause = { InstructionError: [0, { Custom: 6_000 }] };
    chain.nextSend = { result: 'rejected', cause };
    await assert.rejects(send(), (error) => error instanceof ClientError && error.code === 'TRANSACTION_FAILED');
    chain.nextSend = { result: 'unknown' };
    chain.onSend = (signature) => {
      chain.nextSend = { result: 'rejected', cause };
      if (chain.sent.length === 4) lands(signature);
    };
    assert.equal((await send()).slot, 7n);
  });

  it('that landed and failed, or is late, is reported as such', async () => {
    chain.onSend = (signature) => {
      chain.statuses.set(signature, { commitment: 'processed', slot: 7n, failure: { InstructionError: [0, 'Custom'] } });
    };
    await assert.rejects(send(), { code: 'TRANSACTION_FAILED' });
    chain.statuses.clear();
    chain.onSend = () => undefined;
    await assert.rejects(send(5_000), { code: 'TIMEOUT' });
  });
});
