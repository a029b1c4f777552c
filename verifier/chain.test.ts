// Would catch: an honest history that does not pass, one that passes only while it stands still, a run that cannot go on where it stopped.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { blobCid } from '../protocol/blob.ts';
import { useKernel } from '../protocol/kernel.ts';
import { decodeReceipt } from '../protocol/messages.ts';
import { BlobStore } from '../sequencer/blobs/store.ts';
import { dataPaths } from '../sequencer/context.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { ChainWorld } from '../sequencer/test/chain-world.ts';
import type { BlobSource } from './blob-source.ts';
import { type VerifyReport, verifyChain } from './chain.ts';
import { VerifierError } from './errors.ts';
import { type ChainRpc, connectChain } from './rpc.ts';

let world: ChainWorld;
let blobs: BlobSource;

before(async () => {
  useKernel(NATIVE_KERNEL);
  world = await ChainWorld.open(3);
  const store = new BlobStore(dataPaths(world.directory).blobs);
  blobs = { get: async (hash) => store.get(hash) };
  await world.bet(4);
  await world.settleAndCheck();
});
after(() => world.close());

const verify = (options: Partial<Parameters<typeof verifyChain>[0]> = {}): Promise<VerifyReport> =>
  verifyChain({ rpc: world.node.url, blobs, program: world.house.program, settleMs: 20, ...options });

test('a whole history passes, from its chain and its blobs alone', async () => {
  const report = await verify();
  assert.deepEqual(report.divergences, []);
  assert.equal(report.passed, true);
  assert.equal(report.bets, 12);
  assert.equal(report.vaultsCompared, 3);
});

test('a history that goes on meanwhile passes too, whenever it is looked at', async () => {
  const rpc = connectChain({ url: world.node.url });
  /** A node whose accounts are told late, so that later transactions are there by then. */
  const late: ChainRpc = {
    ...methodsOf(rpc),
    accounts: async (addresses, minSlot) => {
      const answer = await rpc.accounts(addresses, minSlot);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return answer;
    },
  };
  let isBetting = true;
  const betting = (async () => {
    while (isBetting) await world.bet(1);
  })();
  try {
    for (let round = 0; round < 3; round += 1) {
      const report = await verify({ rpc: late, settleMs: 100 });
      assert.deepEqual(report.divergences, []);
      assert.equal(report.vaultsCompared, 3);
    }
  } finally {
    isBetting = false;
    await betting;
  }
  await world.settleAndCheck();
  assert.equal((await verify()).passed, true);
});

const methodsOf = (rpc: ChainRpc): ChainRpc => ({
  genesisHash: () => rpc.genesisHash(),
  signatures: (address, range) => rpc.signatures(address, range),
  transaction: (signature) => rpc.transaction(signature),
  accounts: (addresses, minSlot) => rpc.accounts(addresses, minSlot),
  programAccounts: (program, filter) => rpc.programAccounts(program, filter),
  rentMinimum: (bytes) => rpc.rentMinimum(bytes),
});

test('an interrupted run goes on where it stopped, and ends like one that was not', async () => {
  const whole = await verify();
  for (const stopAfter of [1, 7, 15]) {
    const stop = new AbortController();
    let state = '';
    const onCheckpoint = (text: string) => {
      state = text;
    };
    const interrupted = verify({
      ...{ signal: stop.signal, onCheckpoint },
      onProgress: ({ done }) => {
        if (done === stopAfter) stop.abort();
      },
    });
    await assert.rejects(interrupted, (error) => error instanceof VerifierError && error.code === 'INTERRUPTED');
    const bets: string[] = [];
    const report = await verify({
      checkpoint: state,
      onCheckpoint,
      hooks: { onBet: ({ bet }) => bets.push(`${bet.betNumber}`) },
    });
    assert.equal(report.resumedAfter, stopAfter);
    assert.ok(bets.length <= report.bets);
    const { seconds: _s, resumedAfter: _r, comparedSlot: _c, ...rest } = report;
    const { seconds: _ws, resumedAfter: _wr, comparedSlot: _wc, ...expected } = whole;
    assert.deepEqual(rest, expected);
    const again = await verify({ checkpoint: state });
    assert.equal(again.resumedAfter, whole.transactions);
    assert.equal(again.passed, true);
  }
});

test('a node that no longer has the transaction where a saved state ends leaves a gap, which is not blamed on the house', async () => {
  const stop = new AbortController();
  let state = '';
  const onProgress = ({ done }: { done: number }) => {
    if (done === 7) stop.abort();
  };
  const onCheckpoint = (text: string) => {
    state = text;
  };
  await assert.rejects(verify({ onProgress, onCheckpoint, signal: stop.signal }), { code: 'INTERRUPTED' });
  const rpc = connectChain({ url: world.node.url });
  const kept = (await rpc.signatures(world.house.house, {})).slice(0, 4);
  const pruned: ChainRpc = {
    ...methodsOf(rpc),
    signatures: async (_house, { before }) => (before === undefined ? kept : []),
    transaction: async (signature) => (kept.some((one) => one.signature === signature) ? rpc.transaction(signature) : undefined),
  };
  await assert.rejects(verify({ rpc: pruned, checkpoint: state }), { name: 'VerifierError', code: 'RPC_UNREACHABLE' });
  assert.equal((await verify({ checkpoint: state })).passed, true);
});

test('a saved state that is damaged, or of another house or chain, is refused', async () => {
  let state = '';
  await verify({
    onCheckpoint: (text) => {
      state = text;
    },
  });
  const refused = (options: object) =>
    assert.rejects(verify(options), (error) => error instanceof VerifierError && error.code === 'CHECKPOINT_INVALID');
  await refused({ checkpoint: '' });
  await refused({ checkpoint: state.replace('"transactions":', '"transactions": ') });
  await refused({ checkpoint: state.slice(0, -20) });
  await refused({ checkpoint: `${state}more` });
  await refused({ checkpoint: state, house: world.clients[0]?.vaultAddress });
});

test('what is asked for and is not there is said so, and is no divergence', async () => {
  const refused = (options: object, text: RegExp) =>
    assert.rejects(verify(options), (error) => {
      return error instanceof VerifierError && error.code === 'BAD_USAGE' && text.test(error.message);
    });
  const elsewhere = world.wallets[0]?.address;
  await refused({ house: elsewhere }, /no house/);
  await refused({ program: elsewhere }, /has no house/);
  await refused({ rpc: 'nowhere' }, /address of a node/);
  const rpc = connectChain({ url: world.node.url });
  const silent = { ...methodsOf(rpc), programAccounts: async () => undefined };
  await refused({ rpc: silent }, /name the house/);
  assert.equal((await verify({ rpc: silent, house: world.house.house })).passed, true, 'without a list of accounts');
  const two = {
    ...methodsOf(rpc),
    programAccounts: async () => {
      const found = await rpc.programAccounts(world.house.program, { bytes: 592 });
      return found && { ...found, accounts: [...found.accounts, ...found.accounts] };
    },
  };
  await refused({ rpc: two }, /name one of its houses/);
  const other = { ...methodsOf(rpc), genesisHash: async () => '11111111111111111111111111111111' };
  assert.equal((await verify({ rpc: other })).firstDivergence?.code, 'house-setup');
});

test('the bets come in the order of the replay, with their heads, choices and outcomes', async () => {
  const bets: { vault: string; betNumber: bigint; head: bigint }[] = [];
  let batches = 0n;
  await verify({
    hooks: {
      onBatch: ({ event }, { slot }) => {
        batches += 1n;
        assert.equal(event.batchNumber, batches);
        assert.ok(slot > 0n);
      },
      onBet: ({ run, bet }) => bets.push({ vault: run.vault, betNumber: bet.betNumber, head: bet.head }),
    },
  });
  for (const [index, client] of world.clients.entries()) {
    const own = bets.filter(({ vault }) => vault === client.vaultAddress);
    const heads = (world.answered[index] ?? []).map(({ receipt }) => decodeReceipt(receipt.message).head);
    assert.deepEqual(
      own.map(({ head }) => head),
      heads,
    );
    assert.deepEqual(
      own.map(({ betNumber }) => betNumber),
      heads.map((_, at) => BigInt(at + 1)),
    );
  }
});

test('it runs where there is neither process nor Buffer, over HTTP alone', async () => {
  const server = createServer((request, response) => {
    const name = request.url?.split('/').at(-1);
    const batch = world.batches().find(({ blobHash }) => blobCid(blobHash) === name);
    if (batch) response.end(new BlobStore(dataPaths(world.directory).blobs).get(batch.blobHash));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const place = { rpc: world.node.url, program: world.house.program };
    const script = `
      const say = console.log;
      // As a page over https is.
      globalThis.isSecureContext = true;
      for (const name of ['process', 'Buffer', 'global', 'setImmediate']) {
        const value = globalThis[name];
        // Node's own fetch needs them; what comes from a file gets what a browser's bundler leaves.
        const bundled = name === 'process' ? { env: { NODE_ENV: 'production' } } : undefined;
        const get = () => (new Error().stack.split('\\n')[2].includes('file:') ? bundled : value);
        Object.defineProperty(globalThis, name, { get });
      }
      const { verifyChain } = await import(${JSON.stringify(new URL('chain.ts', import.meta.url).href)});
      const { httpBlobs } = await import(${JSON.stringify(new URL('blob-source.ts', import.meta.url).href)});
      const blobs = httpBlobs({ base: 'http://127.0.0.1:${port}/v1/blobs/' });
      say(JSON.stringify(await verifyChain({ ...${JSON.stringify(place)}, blobs })));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=browser', '--input-type=module', '-e', script]);
    const report = JSON.parse(stdout) as VerifyReport;
    assert.deepEqual(report.divergences, []);
    assert.equal(report.blobs, report.batches);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
