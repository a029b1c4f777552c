import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type Address,
  address,
  generateKeyPairSigner,
  getBase58Decoder,
  getBase64EncodedWireTransaction,
  type Signature,
} from '@solana/kit';
import { decodeBase58 } from './base58.ts';
import { LocalChain } from './chain.ts';
import { type LocalChainProcess, startLocalChainProcess } from './process.ts';
import { callRaw, createClient, ManualClock, randomAddressBytes, SOL, temporaryDirectory, waitFor } from './test-harness.ts';
import { Vm } from './vm.ts';

const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const COPY = address(getBase58Decoder().decode(randomAddressBytes()));

let root: ReturnType<typeof temporaryDirectory>;
let programFile: string;
const running = new Set<LocalChainProcess>();

before(() => {
  root = temporaryDirectory();
  // A real program file: the token program that LiteSVM carries, out of its program data account (45 bytes of header).
  const vm = new Vm({ programs: [], faucet: randomAddressBytes() });
  const pointer = vm.account(decodeBase58(TOKEN) as Uint8Array)?.data as Uint8Array;
  programFile = join(root.path, 'program.so');
  writeFileSync(programFile, vm.account(pointer.slice(4))?.data.slice(45) as Uint8Array);
});

after(async () => {
  for (const started of running) await started.stop('SIGKILL');
  root.remove();
});

const directory = (name: string): string => join(root.path, name);

async function start(name: string, flags: string[] = [], onLine?: (line: string) => void): Promise<LocalChainProcess> {
  const times = ['--slot-ms', '50', '--confirm-slots', '1', '--finalize-slots', '4'];
  const started = await startLocalChainProcess(['--data', directory(name), '--port', '0', ...times, ...flags], onLine);
  running.add(started);
  return started;
}

async function stop(started: LocalChainProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
  running.delete(started);
  return await started.stop(signal);
}

/** Starts a chain that must refuse to, and returns its log. */
async function refusedStart(name: string, flags: string[] = []): Promise<string> {
  const error = await start(name, flags).then(
    async (started) => {
      await stop(started);
      return null;
    },
    (reason: Error) => reason,
  );
  assert.ok(error, 'the start should have been refused');
  return error.message;
}

test('after kill -9 in a stream of transfers every acknowledged one is there, and balances agree', async () => {
  const first = await start('killed');
  const client = createClient(first);
  const payers = await Promise.all([1, 2, 3].map(() => client.fund(1_000n)));
  const recipients: { to: Address; amount: bigint; signature: Signature }[] = [];
  const acknowledged = new Set<Signature>();
  let killed = false;
  const stream = payers.map(async (payer) => {
    while (!killed) {
      const to = (await generateKeyPairSigner()).address;
      const amount = SOL / 100n + BigInt(recipients.length);
      try {
        const { wire, signature } = await client.transfer({ from: payer, to, amount });
        recipients.push({ to, amount, signature });
        await client.send(wire, recipients.length % 2 === 0);
        acknowledged.add(signature);
      } catch {
        return;
      }
    }
  });
  await waitFor(() => acknowledged.size >= 100, '100 acknowledged transfers');
  const slotBefore = await client.rpc.getSlot({ commitment: 'processed' }).send();
  const killing = stop(first, 'SIGKILL');
  killed = true;
  await Promise.all([killing, ...stream]);
  const second = await start('killed');
  assert.equal(second.genesisHash, first.genesisHash);
  assert.ok(BigInt(second.slot) > slotBefore, 'no slot is shown twice');
  const again = createClient(second);
  for (const { to, amount, signature } of recipients) {
    const [status] = (await again.rpc.getSignatureStatuses([signature], { searchTransactionHistory: true }).send()).value;
    const { value } = await again.rpc.getBalance(to, { commitment: 'processed' }).send();
    if (acknowledged.has(signature)) assert.ok(status, `${signature} was acknowledged`);
    assert.equal(value, status == null ? 0n : amount);
  }
  assert.ok(acknowledged.size >= 100);
  assert.equal(await stop(second), 0);
});

test('a torn end of the journal is cut, a flipped byte in it stops the start', async () => {
  const first = await start('damaged');
  const client = createClient(first);
  const recipient = (await client.fund(3n)).address;
  await client.fund(4n);
  await stop(first, 'SIGKILL');
  const journal = join(directory('damaged'), 'journal');
  appendFileSync(journal, Buffer.from('LCFR torn in the middle'));
  const size = statSync(journal).size;
  const lines: string[] = [];
  const second = await start('damaged', [], (line) => lines.push(line));
  assert.ok(lines.some((line) => line.includes('cut a torn record')));
  const { value } = await createClient(second).rpc.getBalance(recipient, { commitment: 'processed' }).send();
  assert.equal(value, 3n * SOL);
  await stop(second);
  const bytes = readFileSync(journal);
  bytes.writeUInt8(bytes.readUInt8(Math.floor(size / 2)) ^ 1, Math.floor(size / 2));
  writeFileSync(journal, bytes);
  assert.match(await refusedStart('damaged'), /exit code 70[\s\S]*LOCALCHAIN_JOURNAL_CORRUPT/);
});

test('two chains share nothing: a transaction signed for one is refused by the other', async () => {
  const [one, two] = await Promise.all([start('one'), start('two')]);
  assert.notEqual(one.genesisHash, two.genesisHash);
  const [first, second] = [createClient(one), createClient(two)];
  const payer = await first.fund();
  await second.rpc.requestAirdrop(payer.address, (5n * SOL) as never).send();
  const { wire } = await first.transfer({ from: payer, to: payer.address, amount: 1n });
  const body = { jsonrpc: '2.0', id: 1, method: 'sendTransaction', params: [wire, { encoding: 'base64' }] };
  const foreign = await callRaw(two.url, body);
  assert.deepEqual([foreign.json.error.code, foreign.json.error.data.err], [-32002, 'BlockhashNotFound']);
  await first.send(wire);
  await Promise.all([stop(one), stop(two)]);
});

test('a program is fixed at genesis: kept without the flag, refused when it differs', async () => {
  const flag = ['--program', `${COPY}=${programFile}`];
  await stop(await start('program', flag));
  const second = await start('program');
  const account = (await createClient(second).rpc.getAccountInfo(COPY, { encoding: 'base64', commitment: 'processed' }).send())
    .value;
  assert.equal(account?.executable, true);
  const client = createClient(second);
  const call = await client.sign(await client.fund(), [{ programAddress: COPY, data: new Uint8Array([255]) }]);
  const wire = getBase64EncodedWireTransaction(call);
  const ran = (await client.rpc.simulateTransaction(wire, { encoding: 'base64', commitment: 'processed' }).send()).value;
  assert.match(ran.logs?.join() ?? '', new RegExp(`Program ${COPY} invoke`));
  assert.deepEqual(ran.err, { InstructionError: [0n, { Custom: 12n }] });
  assert.match(await refusedStart('program'), /exit code 75[\s\S]*LOCALCHAIN_DATA_LOCKED/, 'one process a directory');
  await stop(second);
  const changed = join(root.path, 'changed.so');
  writeFileSync(changed, Buffer.concat([readFileSync(programFile), Buffer.alloc(1)]));
  assert.match(
    await refusedStart('program', ['--program', `${COPY}=${changed}`]),
    /exit code 64[\s\S]*LOCALCHAIN_PROGRAM_CHANGED/,
  );
  assert.match(await refusedStart('program', ['--program', `${TOKEN}=${programFile}`]), /LOCALCHAIN_PROGRAM_CHANGED/);
  assert.match(await refusedStart('other', ['--host', '0.0.0.0']), /LOCALCHAIN_CONFIG_INVALID/);
});

test('a replay is exact, idle slots leave no trace, and block times and slots never go back', async () => {
  const clock = new ManualClock();
  const options = {
    directory: directory('replay'),
    programs: [],
    slotMs: 10,
    confirmSlots: 1,
    finalizeSlots: 2,
    historyTransactions: 10,
    clock,
    log: { info: () => {}, warn: () => {} },
    onFatal: (error: Error) => {
      throw error;
    },
  };
  const first = await LocalChain.open(options);
  const recipient = getBase58Decoder().decode(randomAddressBytes());
  const land = (chain: LocalChain) => chain.submit(chain.createAirdrop(recipient, 2n * SOL));
  await land(first);
  const journal = join(options.directory, 'journal');
  const size = statSync(journal).size;
  for (let steps = 0; steps < 10; steps += 1) {
    const slot = first.slotAt('processed') + 50;
    clock.add(500);
    await waitFor(() => first.slotAt('processed') >= slot, 'idle slots');
  }
  assert.equal(statSync(journal).size, size);
  await land(first);
  const { digest, slot } = first.state;
  const clockAccount = first.state.accountAt('SysvarC1ock11111111111111111111111111111111', slot);
  await first.close();
  clock.add(3_600_000);
  const second = await LocalChain.open(options);
  assert.deepEqual(second.state.digest, digest);
  assert.equal(second.slotAt('processed'), slot + 1, 'the chain stood still while it was down');
  assert.equal(second.state.blockhashes.at(slot), first.state.blockhashes.at(slot));
  assert.deepEqual(second.state.accountAt('SysvarC1ock11111111111111111111111111111111', slot), clockAccount);
  assert.ok(second.state.timeline.unixMsAt(slot + 1) >= first.state.timeline.unixMsAt(slot) + 3_600_000);
  await land(second);
  assert.equal(second.state.accountAt(recipient, slot + 1)?.lamports, 6n * SOL);
  const many = Promise.all(Array.from({ length: 300 }, () => land(second)));
  await second.close();
  assert.ok(
    (await many).every((applied) => 'landed' in applied),
    'a stop finishes what was taken',
  );
  await assert.rejects(land(second), { code: 'LOCALCHAIN_CLOSED' });
  const third = await LocalChain.open(options);
  assert.equal(third.state.accountAt(recipient, third.slotAt('processed'))?.lamports, 606n * SOL);
  assert.deepEqual(third.state.digest, second.state.digest);
  await third.close();
});
