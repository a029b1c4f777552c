import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  AccountRole,
  type Address,
  address,
  generateKeyPairSigner,
  getAddressEncoder,
  getBase58Decoder,
  getBase64Decoder,
  getBase64EncodedWireTransaction,
  getProgramDerivedAddress,
  getSignatureFromTransaction,
  type Instruction,
  isSolanaError,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE as PREFLIGHT,
  type Signature,
} from '@solana/kit';
import { getSetComputeUnitLimitInstruction, getSetComputeUnitPriceInstruction } from '@solana-program/compute-budget';
import { getTransferSolInstruction } from '@solana-program/system';
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

test('a failing transaction is refused in preflight, and lands with its error and fee without', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund(1n);
  const { wire, signature } = await client.transfer({ from: payer, to: SYSTEM_RECIPIENT, amount: 5n * SOL });
  const refused = await client.send(wire).catch((error: unknown) => error);
  assert.ok(isSolanaError(refused, PREFLIGHT));
  const { json } = await raw('sendTransaction', wire, { encoding: 'base64' });
  assert.equal(json.error.code, -32002);
  assert.match(json.error.message, /Error processing Instruction 0: custom program error: 0x1$/);
  assert.deepEqual(json.error.data.err, { InstructionError: [0, { Custom: 1 }] });
  assert.match(json.error.data.logs.join(), /insufficient lamports/);
  assert.equal(json.error.data.unitsConsumed, 150);
  assert.equal(await statusOf(signature), null);
  assert.equal(await client.send(wire, true), signature);
  const status = await statusOf(signature);
  assert.deepEqual(status?.err, { InstructionError: [0n, { Custom: 1n }] });
  assert.equal(await balanceAt(payer.address, 'processed'), SOL - 5_000n);
  await addSlots(2);
  const meta = (await raw('getTransaction', signature, { commitment: 'confirmed', maxSupportedTransactionVersion: 0 })).json
    .result.meta;
  assert.deepEqual([meta.err, meta.fee], [{ InstructionError: [0, { Custom: 1 }] }, 5_000]);
});

test('a payer without funds is refused, and without preflight its transaction is dropped', async () => {
  const { client } = node;
  const poor = await generateKeyPairSigner();
  const { wire, signature } = await client.transfer({ from: poor, to: SYSTEM_RECIPIENT, amount: 1n });
  const { json } = await raw('sendTransaction', wire, { encoding: 'base64' });
  assert.deepEqual([json.error.code, json.error.data.err], [-32002, 'AccountNotFound']);
  const bytes = node.chain.state.digest;
  assert.equal(await client.send(wire, true), signature);
  assert.equal(await statusOf(signature), null);
  assert.deepEqual(node.chain.state.digest, bytes, 'nothing ran');
});

test('an old block hash works for 150 blocks, then is refused; a signature works once', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund();
  const { value: blockhash } = await client.rpc.getLatestBlockhash({ commitment: 'processed' }).send();
  const transfers = await Promise.all(
    [1n, 2n, 3n].map((amount) => client.transfer({ from: payer, to: SYSTEM_RECIPIENT, amount: SOL + amount, blockhash })),
  );
  const [first, second, third] = transfers as [(typeof transfers)[0], (typeof transfers)[0], (typeof transfers)[0]];
  await Promise.all([client.send(first.wire), client.send(first.wire)]);
  const again = await raw('sendTransaction', first.wire, { encoding: 'base64' });
  assert.deepEqual([again.json.error.code, again.json.error.data.err], [-32002, 'AlreadyProcessed']);
  assert.equal(await client.send(first.wire, true), first.signature, 'without preflight a repetition is harmless');
  assert.equal(await balanceAt(payer.address, 'processed'), 9n * SOL - 1n - 5_000n);
  await addSlots(150);
  const valid = async () => (await client.rpc.isBlockhashValid(blockhash.blockhash, { commitment: 'processed' }).send()).value;
  assert.equal(await client.rpc.getBlockHeight({ commitment: 'processed' }).send(), blockhash.lastValidBlockHeight);
  assert.equal(await valid(), true);
  await client.send(second.wire);
  await addSlots(1);
  assert.equal(await valid(), false);
  const late = await raw('sendTransaction', third.wire, { encoding: 'base64' });
  assert.deepEqual([late.json.error.code, late.json.error.data.err], [-32002, 'BlockhashNotFound']);
  assert.match(late.json.error.message, /Blockhash not found/);
  await client.send(third.wire, true);
  assert.equal(await statusOf(third.signature), null);
});

test('malformed, oversized and badly signed transactions get a cluster`s codes', async () => {
  const { client } = node;
  const payer = await client.fund();
  const { wire } = await client.transfer({ from: payer, to: SYSTEM_RECIPIENT, amount: SOL });
  const bytes = Buffer.from(wire, 'base64');
  bytes.writeUInt8(bytes.readUInt8(5) ^ 1, 5);
  const signed = await raw('sendTransaction', bytes.toString('base64'), { encoding: 'base64' });
  assert.equal(signed.json.error.code, -32003);
  const memo: Instruction = { programAddress: MEMO, data: new Uint8Array(1_100).fill(97) };
  const large = await client.sign(payer, [memo]);
  const raised = Buffer.concat([Buffer.from(getBase64EncodedWireTransaction(large), 'base64'), Buffer.alloc(60)]);
  const oversize = await raw('sendTransaction', raised.toString('base64'), { encoding: 'base64' });
  assert.equal(oversize.json.error.code, -32602);
  assert.match(oversize.json.error.message, /too large/);
  for (const bad of ['AAAA', '!!', '', 5, null, `${wire}AAAA`]) {
    const answer = await raw('sendTransaction', bad, { encoding: 'base64' });
    assert.equal(answer.json.error.code, -32602, String(bad));
  }
});

test('simulation shows logs, units and accounts and keeps nothing', async () => {
  const { client } = node;
  const payer = await client.fund();
  const { wire } = await client.transfer({ from: payer, to: SYSTEM_RECIPIENT, amount: SOL });
  const before = await balanceAt(payer.address, 'processed');
  const { value } = await client.rpc
    .simulateTransaction(wire, {
      commitment: 'processed',
      encoding: 'base64',
      sigVerify: true,
      innerInstructions: true,
      accounts: { addresses: [payer.address], encoding: 'base64' },
    })
    .send();
  assert.equal(value.err, null);
  assert.equal(value.unitsConsumed, 150n);
  assert.equal(value.accounts[0]?.lamports, before - SOL - 5_000n);
  assert.equal(await balanceAt(payer.address, 'processed'), before);
  const failing = await client.transfer({ from: payer, to: SYSTEM_RECIPIENT, amount: 100n * SOL });
  const failed = (await client.rpc.simulateTransaction(failing.wire, { encoding: 'base64' }).send()).value;
  assert.deepEqual(failed.err, { InstructionError: [0n, { Custom: 1n }] });
  const unsigned = Buffer.from(wire, 'base64').fill(0, 1, 65).toString('base64');
  const replaced = await raw('simulateTransaction', unsigned, { encoding: 'base64', replaceRecentBlockhash: true });
  assert.equal(replaced.json.result.value.err, null);
  assert.equal(typeof replaced.json.result.value.replacementBlockhash.blockhash, 'string');
  const checked = await raw('simulateTransaction', unsigned, { encoding: 'base64', sigVerify: true });
  assert.equal(checked.json.error.code, -32003);
});

test('the fee that getFeeForMessage names is the one charged, with a price, default units and precompiles', async () => {
  const { client } = node;
  const payer = await client.fund();
  const price = getSetComputeUnitPriceInstruction({ microLamports: 1_234_567n });
  const limit = getSetComputeUnitLimitInstruction({ units: 33_333 });
  const memo: Instruction = { programAddress: MEMO, data: new TextEncoder().encode('fee') };
  const ed25519 = await createEd25519Instruction();
  for (const instructions of [[price, memo], [limit, price, memo], [price, ed25519, memo], [price, memo, memo], [ed25519]]) {
    const transaction = await client.sign(payer, instructions);
    const message = getBase64Decoder().decode(transaction.messageBytes) as never;
    const fee = (await client.rpc.getFeeForMessage(message, { commitment: 'processed' }).send()).value;
    const held = await balanceAt(payer.address, 'processed');
    await client.send(getBase64EncodedWireTransaction(transaction));
    assert.equal(held - (await balanceAt(payer.address, 'processed')), fee);
  }
});

/** One verified signature by the Ed25519 precompile, all of it in the instruction's own data. */
async function createEd25519Instruction(): Promise<Instruction> {
  const keys = generateKeyPairSync('ed25519');
  const text = Buffer.from('signed');
  const key = keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const offsets = new Uint16Array([48, 0xffff, 16, 0xffff, 112, text.length, 0xffff]);
  const head = Buffer.concat([Buffer.from([1, 0]), Buffer.from(offsets.buffer)]);
  const data = Buffer.concat([head, key, sign(null, text, keys.privateKey), text]);
  return { programAddress: address('Ed25519SigVerify111111111111111111111111111'), data: new Uint8Array(data) };
}

test('a v0 transaction reads accounts from a lookup table', async () => {
  const { client, addSlots } = node;
  const payer = await client.fund();
  await addSlots(2);
  const program = address('AddressLookupTab1e1111111111111111111111111');
  const recentSlot = await client.rpc.getSlot({ commitment: 'confirmed' }).send();
  const slotBytes = Buffer.alloc(8);
  slotBytes.writeBigUInt64LE(recentSlot);
  const seeds = [getAddressEncoder().encode(payer.address), slotBytes];
  const [table, bump] = await getProgramDerivedAddress({ programAddress: program, seeds });
  const accounts = [
    { address: table, role: AccountRole.WRITABLE },
    { address: payer.address, role: AccountRole.READONLY_SIGNER },
    { address: payer.address, role: AccountRole.WRITABLE_SIGNER },
    { address: SYSTEM, role: AccountRole.READONLY },
  ];
  const recipient = (await generateKeyPairSigner()).address;
  const createData = Buffer.concat([Buffer.from([0, 0, 0, 0]), slotBytes, Buffer.from([bump])]);
  const extendHead = Buffer.from([2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  const extendData = Buffer.concat([extendHead, Buffer.from(getAddressEncoder().encode(recipient))]);
  const build = [createData, extendData].map((data) => ({ programAddress: program, accounts, data: new Uint8Array(data) }));
  await client.send(getBase64EncodedWireTransaction(await client.sign(payer, build)));
  await addSlots(1);
  const transfer = getTransferSolInstruction({ source: payer, destination: recipient, amount: SOL });
  const lookup = { lookupTableAddress: table, addressIndex: 0, address: recipient, role: AccountRole.WRITABLE } as const;
  const throughTable = { ...transfer, accounts: [transfer.accounts[0], lookup] } as Instruction;
  const transaction = await client.sign(payer, [throughTable]);
  await client.send(getBase64EncodedWireTransaction(transaction));
  await addSlots(2);
  const config = { commitment: 'confirmed', maxSupportedTransactionVersion: 0 };
  const { json } = await raw('getTransaction', getSignatureFromTransaction(transaction), config);
  assert.deepEqual(json.result.meta.loadedAddresses, { writable: [recipient], readonly: [] });
  assert.equal(json.result.transaction.message.addressTableLookups[0].accountKey, table);
  assert.deepEqual(json.result.meta.postBalances.at(-1), Number(SOL));
  assert.equal(await balanceAt(recipient, 'confirmed'), SOL);
});
