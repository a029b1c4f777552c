import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type Address,
  address,
  generateKeyPairSigner,
  getBase58Decoder,
  getBase64Decoder,
  getBase64EncodedWireTransaction,
  type Signature,
} from '@solana/kit';
import { getCreateAccountInstruction } from '@solana-program/system';
import { callRaw, randomAddressBytes, SOL, startTestChain, temporaryDirectory } from './test-harness.ts';

const SYSTEM = address('11111111111111111111111111111111');
const MEMO = address('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');

const SYSTEM_RECIPIENT = address(getBase58Decoder().decode(randomAddressBytes()));

let directory: ReturnType<typeof temporaryDirectory>;
let node: Awaited<ReturnType<typeof startTestChain>>;

before(async () => {
  directory = temporaryDirectory();
  node = await startTestChain({ directory: directory.path, confirmSlots: 2, finalizeSlots: 5 });
});

after(async () => {
  await node.close();
  directory.remove();
});

const raw = (method: string, ...params: unknown[]) => callRaw(node.server.url, { jsonrpc: '2.0', id: 7, method, params });
const statusOf = async (signature: Signature) => (await node.client.rpc.getSignatureStatuses([signature]).send()).value[0];
const balanceAt = async (account: Address, commitment: 'processed' | 'confirmed' | 'finalized') =>
  (await node.client.rpc.getBalance(account, { commitment }).send()).value;

test('reads show the state of the commitment asked for, and statuses move with the slots', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund();
  await addSlots(6);
  const to = (await generateKeyPairSigner()).address;
  const { wire, signature } = await client.transfer({ from: payer, to, amount: SOL });
  await client.send(wire);
  assert.equal(await balanceAt(to, 'processed'), SOL);
  assert.equal(await balanceAt(to, 'confirmed'), 0n);
  assert.equal((await statusOf(signature))?.confirmationStatus, 'processed');
  assert.equal((await raw('getTransaction', signature, { maxSupportedTransactionVersion: 0 })).json.result, null);
  await addSlots(2);
  assert.equal(await balanceAt(to, 'confirmed'), SOL);
  assert.equal(await balanceAt(to, 'finalized'), 0n);
  assert.equal(await balanceAt(payer.address, 'finalized'), 10n * SOL);
  assert.equal((await client.rpc.getAccountInfo(to, { commitment: 'finalized', encoding: 'base64' }).send()).value, null);
  const owned = async (commitment: 'confirmed' | 'finalized') => {
    const list = await client.rpc.getProgramAccounts(SYSTEM, { commitment, encoding: 'base64', filters: [] }).send();
    return list.find(({ pubkey }) => pubkey === payer.address)?.account.lamports;
  };
  assert.equal(await owned('finalized'), 10n * SOL);
  assert.equal(await owned('confirmed'), 9n * SOL - 5_000n);
  assert.equal((await statusOf(signature))?.confirmationStatus, 'confirmed');
  assert.deepEqual(await client.rpc.getSignaturesForAddress(to, { commitment: 'finalized' }).send(), []);
  await addSlots(3);
  assert.equal(await balanceAt(to, 'finalized'), SOL);
  assert.equal((await statusOf(signature))?.confirmationStatus, 'finalized');
  assert.equal((await client.rpc.getSignaturesForAddress(to).send())[0]?.signature, signature);
});

test('kit sends, confirms and reads back a transaction; its meta is complete', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund();
  const to = (await generateKeyPairSigner()).address;
  const { value: blockhash } = await client.rpc.getLatestBlockhash({ commitment: 'processed' }).send();
  const { transaction, signature } = await client.transfer({ from: payer, to, amount: SOL, blockhash });
  const confirmed = client.sendAndConfirm(
    { ...transaction, lifetimeConstraint: { ...blockhash } } as Parameters<typeof client.sendAndConfirm>[0],
    { commitment: 'confirmed', skipPreflight: false },
  );
  let done = false;
  const watched = confirmed.finally(() => {
    done = true;
  });
  const moving = (async () => {
    while (!done) await addSlots(1);
  })();
  await Promise.all([watched, moving]);
  const landed = await client.rpc
    .getTransaction(signature, { commitment: 'confirmed', encoding: 'json', maxSupportedTransactionVersion: 0 })
    .send();
  assert.ok(landed?.meta);
  assert.equal(landed.version, 0);
  assert.equal(landed.meta.err, null);
  assert.equal(landed.meta.fee, 5_000n);
  assert.equal(landed.meta.computeUnitsConsumed, 150n);
  assert.deepEqual(landed.meta.preBalances.slice(0, 2), [10n * SOL, 0n]);
  assert.deepEqual(landed.meta.postBalances.slice(0, 2), [9n * SOL - 5_000n, SOL]);
  assert.match(landed.meta.logMessages?.join() ?? '', /Program 1{32} success/);
  assert.equal(landed.blockTime, await client.rpc.getBlockTime(landed.slot).send());
  assert.deepEqual(landed.transaction.message.accountKeys.slice(0, 2), [payer.address, to]);
  const unversioned = await raw('getTransaction', signature, { commitment: 'confirmed' });
  assert.equal(unversioned.json.error.code, -32015);
});

test('getProgramAccounts filters by size and bytes and slices; fees and rents match what is charged', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund();
  const owner = address(getBase58Decoder().decode(randomAddressBytes()));
  const create = async (space: bigint) => {
    const account = await generateKeyPairSigner();
    const rent = await client.rpc.getMinimumBalanceForRentExemption(space).send();
    const instruction = getCreateAccountInstruction({ payer, newAccount: account, lamports: rent, space, programAddress: owner });
    const transaction = await client.sign(payer, [instruction]);
    const message = getBase64Decoder().decode(transaction.messageBytes) as never;
    const fee = (await client.rpc.getFeeForMessage(message, { commitment: 'processed' }).send()).value;
    assert.equal(fee, 10_000n);
    const held = await balanceAt(payer.address, 'processed');
    await client.send(getBase64EncodedWireTransaction(transaction));
    assert.equal(await balanceAt(payer.address, 'processed'), held - rent - 10_000n);
    return account.address;
  };
  const small = await create(16n);
  const large = await create(200n);
  await addSlots(5);
  const query = async (config: object): Promise<string[]> => {
    const { json } = await raw('getProgramAccounts', owner, { encoding: 'base64', ...config });
    return json.result.map(({ pubkey }: { pubkey: string }) => pubkey).sort();
  };
  assert.deepEqual(await query({}), [small, large].sort());
  assert.deepEqual(await query({ filters: [{ dataSize: 16 }] }), [small]);
  assert.deepEqual(await query({ filters: [{ memcmp: { offset: 100, bytes: '11' } }] }), [large]);
  assert.deepEqual(await query({ filters: [{ memcmp: { offset: 0, bytes: 'AQ==', encoding: 'base64' } }] }), []);
  const sliced = await raw('getProgramAccounts', owner, { encoding: 'base64', dataSlice: { offset: 190, length: 50 } });
  assert.deepEqual(
    sliced.json.result.map((entry: { account: { data: string[] } }) => entry.account.data[0]?.length).sort(),
    [0, 16],
  );
  const tooMany = await raw('getProgramAccounts', owner, { filters: Array(5).fill({ dataSize: 1 }) });
  assert.equal(tooMany.json.error.code, -32602);
  const base58 = await raw('getAccountInfo', large);
  assert.equal(base58.json.error.code, -32600);
});

test('signatures of an address page by before, until and limit', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund();
  const to = (await generateKeyPairSigner()).address;
  const sent: Signature[] = [];
  for (const amount of [1n, 2n, 3n, 4n]) {
    const { wire, signature } = await client.transfer({ from: payer, to, amount: SOL + amount });
    await client.send(wire);
    sent.unshift(signature);
  }
  await addSlots(5);
  const page = async (config: object) =>
    (await client.rpc.getSignaturesForAddress(to, config).send()).map(({ signature }) => signature);
  assert.deepEqual(await page({}), sent);
  assert.deepEqual(await page({ limit: 2 }), sent.slice(0, 2));
  assert.deepEqual(await page({ before: sent[1] }), sent.slice(2));
  assert.deepEqual(await page({ until: sent[2] }), sent.slice(0, 2));
  assert.deepEqual(await page({ before: sent[0], until: sent[3], limit: 1 }), sent.slice(1, 2));
});

test('integers beyond 2^53 pass unrounded in both directions', async () => {
  const { server } = node;
  const body = (lamportsText: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"requestAirdrop","params":["${SYSTEM_RECIPIENT}",${lamportsText}]}`;
  const tooLarge = await callRaw(server.url, body('18446744073709551616'));
  assert.equal(tooLarge.json.error.code, -32602);
  const context = await raw('getSlot', { minContextSlot: 1 });
  assert.equal(typeof context.json.result, 'number');
  const ahead = await callRaw(
    server.url,
    '{"jsonrpc":"2.0","id":9007199254740993,"method":"getSlot","params":[{"minContextSlot":9007199254740993}]}',
  );
  assert.equal(ahead.json.error.code, -32016);
  assert.equal(typeof ahead.json.error.data.contextSlot, 'number');
  assert.match(ahead.text, /"id":9007199254740993/);
  const account = await raw('getAccountInfo', MEMO, { encoding: 'base64' });
  assert.match(account.text, /"rentEpoch":18446744073709551615/);
});

test('the envelope: unknown methods, bad requests, batches and limits', async () => {
  const { server } = node;
  assert.equal((await raw('getTheMoon')).json.error.code, -32601);
  assert.equal((await raw('constructor')).json.error.code, -32601);
  assert.equal((await callRaw(server.url, '{')).json.error.code, -32700);
  assert.equal((await callRaw(server.url, '5')).json.error.code, -32600);
  assert.equal((await callRaw(server.url, '[]')).json.error.code, -32600);
  assert.equal((await raw('getBalance', 'xyz')).json.error.code, -32602);
  const request = { jsonrpc: '2.0', id: 1, method: 'getHealth' };
  const batch = await callRaw(server.url, [request, { ...request, id: 'b' }, { jsonrpc: '2.0', method: 'getHealth' }]);
  assert.deepEqual(batch.json, [
    { jsonrpc: '2.0', result: 'ok', id: 1 },
    { jsonrpc: '2.0', result: 'ok', id: 'b' },
  ]);
  assert.equal((await callRaw(server.url, Array(101).fill(request))).json.error.code, -32600);
  assert.equal((await callRaw(server.url, ' '.repeat(300_000))).status, 413);
  const post = (headers: Record<string, string>) => fetch(server.url, { method: 'POST', headers, body: JSON.stringify(request) });
  assert.equal((await post({ 'content-type': 'text/plain' })).status, 415);
  assert.equal((await post({ 'content-type': 'application/json', origin: 'https://example.com' })).status, 403);
  assert.equal((await post({ 'content-type': 'application/json', origin: 'http://localhost:5173' })).status, 200);
});

test('slots can be skipped: time passes, old block hashes expire, and a restart goes on from there', async () => {
  const own = temporaryDirectory();
  const first = await startTestChain({ directory: own.path });
  const { rpc } = first.client;
  const skip = (slots: unknown) =>
    callRaw(first.server.url, { jsonrpc: '2.0', id: 7, method: 'localchain_skipSlots', params: [slots] });
  const payer = await first.client.fund();
  const before = await rpc.getSlot({ commitment: 'processed' }).send();
  const time = first.chain.state.timeline.unixSecondsAt(Number(before));
  const { value: old } = await rpc.getLatestBlockhash({ commitment: 'processed' }).send();
  assert.equal((await skip(20_000)).json.result, Number(before) + 20_000);
  for (const wrong of [0, -1, 200_001, '5']) assert.equal((await skip(wrong)).json.error.code, -32602);
  assert.equal(first.chain.state.timeline.unixSecondsAt(Number(before) + 20_000) - time, 200);
  await assert.rejects(async () => {
    const { wire } = await first.client.transfer({ from: payer, to: SYSTEM_RECIPIENT, amount: 1n, blockhash: old });
    await first.client.send(wire);
  });
  await first.addSlots(6);
  assert.equal(
    await rpc
      .getBalance(payer.address, { commitment: 'finalized' })
      .send()
      .then(({ value }) => value),
    10n * SOL,
  );
  await first.close();
  const second = await startTestChain({ directory: own.path });
  assert.ok((await second.client.rpc.getSlot({ commitment: 'processed' }).send()) > before + 20_000n);
  assert.equal((await second.client.rpc.getBalance(payer.address, { commitment: 'processed' }).send()).value, 10n * SOL);
  await second.close();
  own.remove();
});
