import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Address, generateKeyPairSigner, lamports } from '@solana/kit';
import { WebSocket } from 'ws';
import { SOL, startTestChain, temporaryDirectory, waitFor } from './test-harness.ts';

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

/** Collects what a kit subscription delivers until it is stopped. */
async function collect<T>(subscribe: (abortSignal: AbortSignal) => Promise<AsyncIterable<T>>) {
  const controller = new AbortController();
  const items: T[] = [];
  const iterable = await subscribe(controller.signal);
  const reading = (async () => {
    for await (const item of iterable) items.push(item);
  })().catch(() => {});
  const stop = async (): Promise<void> => {
    controller.abort();
    await reading;
  };
  return { items, stop };
}

test('accounts, logs and signatures are notified when they reach the commitment of the subscription', async () => {
  const { client, addSlots, chain } = node;
  const payer = await client.fund();
  await addSlots(6);
  const to: Address = (await generateKeyPairSigner()).address;
  const { wire, signature } = await client.transfer({ from: payer, to, amount: SOL });
  const subs = client.rpcSubscriptions;
  const account = async (commitment: 'processed' | 'confirmed' | 'finalized') =>
    await collect((abortSignal) => subs.accountNotifications(to, { commitment, encoding: 'base64' }).subscribe({ abortSignal }));
  const [processed, confirmed, finalized] = [await account('processed'), await account('confirmed'), await account('finalized')];
  const logs = await collect((abortSignal) =>
    subs.logsNotifications({ mentions: [to] }, { commitment: 'confirmed' }).subscribe({ abortSignal }),
  );
  const done = await collect((abortSignal) =>
    subs.signatureNotifications(signature, { commitment: 'finalized' }).subscribe({ abortSignal }),
  );
  await client.send(wire);
  const landedSlot = BigInt(chain.slotAt('processed'));
  await waitFor(() => processed.items.length === 1, 'the processed account');
  assert.equal(processed.items[0]?.value.lamports, SOL);
  assert.equal(processed.items[0]?.context.slot, landedSlot);
  await addSlots(2);
  await waitFor(() => confirmed.items.length === 1 && logs.items.length === 1, 'the confirmed account and logs');
  assert.equal(confirmed.items[0]?.context.slot, landedSlot);
  assert.equal(logs.items[0]?.value.signature, signature);
  assert.deepEqual([finalized.items.length, done.items.length], [0, 0]);
  await addSlots(3);
  await waitFor(() => finalized.items.length === 1 && done.items.length === 1, 'the finalized account and signature');
  assert.equal(done.items[0]?.value.err, null);
  const late = await collect((abortSignal) =>
    subs.signatureNotifications(signature, { commitment: 'confirmed' }).subscribe({ abortSignal }),
  );
  await addSlots(1);
  await waitFor(() => late.items.length === 1, 'a signature that had been confirmed before the subscription');
  for (const each of [processed, confirmed, finalized, logs, done, late]) await each.stop();
  assert.deepEqual([processed.items.length, confirmed.items.length, finalized.items.length], [1, 1, 1]);
});

test('slots, roots and program accounts are notified; airdropFactory confirms by them', async () => {
  const { client, addSlots } = node;
  const subs = client.rpcSubscriptions;
  const slots = await collect((abortSignal) => subs.slotNotifications().subscribe({ abortSignal }));
  const roots = await collect((abortSignal) => subs.rootNotifications().subscribe({ abortSignal }));
  const system = '11111111111111111111111111111111' as Address;
  const owned = await collect((abortSignal) =>
    subs.programNotifications(system, { commitment: 'processed', encoding: 'base64' }).subscribe({ abortSignal }),
  );
  const recipient = (await generateKeyPairSigner()).address;
  const airdrop = client.airdrop({ commitment: 'confirmed', lamports: lamports(3n * SOL), recipientAddress: recipient });
  let confirmed = false;
  const watched = airdrop.then(() => {
    confirmed = true;
  });
  while (!confirmed) await addSlots(1);
  await watched;
  await addSlots(6);
  await waitFor(() => slots.items.length > 6 && roots.items.length > 0, 'slots and roots');
  const [first, second] = slots.items;
  assert.equal(second?.parent, first?.slot);
  assert.ok(owned.items.some(({ value }) => value.pubkey === recipient && value.account.lamports === 3n * SOL));
  for (const each of [slots, roots, owned]) await each.stop();
});

test('a raw WebSocket: unsubscribe, errors and refused origins', async () => {
  const socket = new WebSocket(node.server.webSocketUrl);
  const messages: { id?: number; result?: unknown; error?: { code: number }; method?: string }[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await new Promise((resolve) => socket.once('open', resolve));
  const call = async (id: number, method: string, ...params: unknown[]) => {
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    await waitFor(() => messages.some((message) => message.id === id), method);
    return messages.find((message) => message.id === id);
  };
  const subscription = (await call(1, 'slotSubscribe'))?.result;
  await node.addSlots(1);
  await waitFor(() => messages.some(({ method }) => method === 'slotNotification'), 'a slot');
  assert.equal((await call(2, 'slotUnsubscribe', subscription))?.result, true);
  assert.equal((await call(3, 'slotUnsubscribe', subscription))?.error?.code, -32602);
  const before = messages.length;
  await node.addSlots(2);
  assert.equal((await call(4, 'moonSubscribe'))?.error?.code, -32601);
  assert.equal((await call(5, 'accountSubscribe', 'xyz'))?.error?.code, -32602);
  assert.equal(messages.length, before + 2, 'no slots any more');
  socket.terminate();
  const foreign = new WebSocket(node.server.webSocketUrl, { origin: 'https://example.com' });
  const error = await new Promise<Error>((resolve) => foreign.once('error', resolve));
  assert.match(error.message, /403/);
});

test('a WebSocket that does not read is cut off and the others go on', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund(100n);
  const stuck = new WebSocket(node.server.webSocketUrl);
  let closed = false;
  stuck.on('close', () => {
    closed = true;
  });
  await new Promise((resolve) => stuck.once('open', resolve));
  for (let id = 0; id < 1_024; id += 1) {
    stuck.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'logsSubscribe', params: ['all', { commitment: 'processed' }] }));
  }
  stuck.send(JSON.stringify({ jsonrpc: '2.0', id: 9_999, method: 'logsSubscribe', params: ['all'] }));
  const refused = await new Promise<string>((resolve) => {
    stuck.on('message', (data) => {
      if (String(data).includes('9999')) resolve(String(data));
    });
  });
  assert.match(refused, /at most 1024 subscriptions/);
  stuck.pause();
  for (let amount = SOL / 100n; node.server.openSubscriptions() >= 1_024; amount += 1n) {
    const { wire } = await client.transfer({ from: payer, to: payer.address, amount });
    await client.send(wire);
  }
  stuck.resume();
  await waitFor(() => closed, 'the end of the connection');
  await addSlots(1);
});
