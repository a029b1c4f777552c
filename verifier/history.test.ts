// Would catch: a history that lacks a transaction, has it out of order, or takes another program's words for this one's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { getBase58Encoder } from '@solana/kit';
import { accountIdOf, domainOf } from '../protocol/account.ts';
import { blobHashOf } from '../protocol/blob.ts';
import { useKernel } from '../protocol/kernel.ts';
import { BlobStore } from '../sequencer/blobs/store.ts';
import { dataPaths } from '../sequencer/context.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { ChainWorld } from '../sequencer/test/chain-world.ts';
import { checkBatch } from './batch.ts';
import { readHistory } from './history.ts';
import { decodeTerms, decodeVerifyingKey } from './layout/accounts.ts';
import { deriveTerms, deriveVerifyingKey } from './layout/addresses.ts';
import { addressBytes } from './layout/reader.ts';
import { connectChain } from './rpc.ts';
import { copyOf, playBack, type RecordedChain, record } from './test/recording.ts';
import { HistoryFault, type HistoryTransaction } from './transaction.ts';

let world: ChainWorld;
let chain: RecordedChain;

before(async () => {
  useKernel(NATIVE_KERNEL);
  world = await ChainWorld.open(2);
  await world.bet(3);
  await world.settleAndCheck();
  const { house, program } = world.house;
  chain = await record({ url: world.node.url, house, program, addresses: [] });
});
after(() => world.close());

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function readAll(from: RecordedChain): Promise<HistoryTransaction[]> {
  return collect(readHistory({ rpc: playBack(from), ...world.house }));
}

test('a history is read oldest first, from the making of the house to its last batch', async () => {
  const { house, program } = world.house;
  const live = await collect(readHistory({ rpc: connectChain({ url: world.node.url }), house, program }));
  const read = await readAll(chain);
  assert.deepEqual(
    read.map(({ signature }) => signature),
    live.map(({ signature }) => signature).slice(0, read.length),
  );
  const names = read.flatMap(({ frames }) => frames.map(({ instruction }) => instruction.name));
  assert.equal(names[0], 'init_house');
  for (const name of ['add_terms', 'add_verifying_key', 'advance_epoch', 'open_vault', 'deposit', 'settle_batch'] as const) {
    assert.ok(names.includes(name), name);
  }
  const later = await collect(readHistory({ rpc: playBack(chain), ...world.house, after: read[3]?.signature }));
  assert.deepEqual(later, read.slice(4));
});

test('each of its batches holds, from its blob, its instruction and the accounts it names', async () => {
  const { house, program } = world.house;
  const blobs = new BlobStore(dataPaths(world.directory).blobs);
  const domain = domainOf(Uint8Array.from(getBase58Encoder().encode(chain.genesisHash)));
  let bets = 0;
  for (const { slot, frames } of await readAll(chain)) {
    for (const { instruction, events } of frames) {
      const event = events[0];
      if (instruction.name !== 'settle_batch' || event?.name !== 'BatchSettled') continue;
      const terms = decodeTerms(dataOf((await deriveTerms({ program, house, id: event.termsId })).address));
      const key = await deriveVerifyingKey({ program, house, id: event.verifyingKeyId });
      const blob = blobs.get(event.blobHash);
      assert.deepEqual(blobHashOf(blob), event.blobHash);
      const vaults = new Map(
        event.runs.map(({ vault }) => [vault, { accountId: accountIdOf({ domain, vault: addressBytes(vault) }) }]),
      );
      const verifyingKey = decodeVerifyingKey(dataOf(key.address));
      const input = { slot, house, domain, event, instruction, terms, verifyingKey, vaults };
      const whole = checkBatch({ ...input, blob });
      assert.deepEqual(whole.divergences, []);
      assert.equal(whole.proofVerified, true);
      bets += whole.runs.reduce((sum, run) => sum + run.bets.length, 0);
    }
  }
  assert.equal(bets, 6);
});

test('a log that anyone can cut short or fill is no fault where nothing depends on it', async () => {
  const truncated = copyOf(chain);
  const opened = [...truncated.transactions.values()].filter(({ logs }) =>
    logs?.some((line) => line.startsWith('Program data: ZXZkZXBvcw')),
  );
  assert.ok(opened.length > 0);
  for (const raw of opened) raw.logs = [...(raw.logs ?? []).filter((line) => !line.startsWith('Program data')), 'Log truncated'];
  const frames = (await readAll(truncated)).flatMap((transaction) => transaction.frames);
  assert.equal(
    frames.filter(({ logged }) => !logged).every(({ events }) => events.length === 0),
    true,
  );
  assert.ok(frames.some(({ instruction, logged }) => instruction.name === 'deposit' && !logged));
  const elsewhere = (
    await collect(readHistory({ rpc: playBack(truncated), program: world.house.program, house: world.house.program }))
  )[0];
  assert.deepEqual(elsewhere?.frames, []);
});

test('a transaction that one of several machines behind an address does not have yet is asked for again', async () => {
  const node = playBack(chain);
  const asked = new Map<string, number>();
  const behind = {
    ...node,
    transaction: async (signature: string) => {
      asked.set(signature, (asked.get(signature) ?? 0) + 1);
      return asked.get(signature) === 1 ? undefined : node.transaction(signature);
    },
  };
  const read = await collect(readHistory({ rpc: behind, ...world.house }));
  assert.deepEqual(read, await readAll(chain));
  const lost = { ...node, transaction: async () => undefined };
  await assert.rejects(collect(readHistory({ rpc: lost, ...world.house })), {
    name: 'HistoryFault',
    code: 'transaction-missing',
  });
});

test('a transaction that is not what its signature signs is a fault, and so is one without its whole log', async () => {
  const last = chain.listed[0]?.signature as string;
  const cases: [string, (raw: NonNullable<ReturnType<RecordedChain['transactions']['get']>>) => void][] = [
    [
      'transaction-forged',
      (raw) => {
        raw.wire[raw.wire.length - 5]! ^= 1;
      },
    ],
    [
      'transaction-forged',
      (raw) => {
        raw.wire[10]! ^= 1;
      },
    ],
    [
      'transaction-forged',
      (raw) => {
        raw.slot += 1n;
      },
    ],
    [
      'log-missing',
      (raw) => {
        raw.logs = undefined;
      },
    ],
    [
      'log-truncated',
      (raw) => {
        raw.logs = [...(raw.logs ?? []), 'Log truncated'];
      },
    ],
    [
      'log-mismatch',
      (raw) => {
        raw.logs = [];
      },
    ],
    [
      'event-malformed',
      (raw) => {
        raw.logs = raw.logs?.map((line) => line.replace('Program data: ', 'Program data: AA'));
      },
    ],
  ];
  for (const [code, change] of cases) {
    const copy = copyOf(chain);
    const raw = copy.transactions.get(last);
    assert.ok(raw);
    change(raw);
    await assert.rejects(
      readAll(copy),
      (error) => error instanceof HistoryFault && error.code === code && error.signature === last,
      code,
    );
  }
});

function dataOf(address: string): Uint8Array {
  const account = [...chain.accounts.values()].find((one) => one.address === address);
  assert.ok(account, address);
  return account.data;
}
