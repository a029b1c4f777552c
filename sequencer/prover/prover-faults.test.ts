// Would catch: a prover that stays down after its thread died or hung, a wrong proof that is used, a damaged key that is replaced in silence.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { plainBatch, statementOf } from '../../circuits/test/batches.ts';
import { Prover as NativeProver } from '../../native/index.ts';
import { TRAPDOOR } from '../../program/test/trapdoor.ts';
import type { BatchStatement } from '../../protocol/batch.ts';
import { useKernel } from '../../protocol/kernel.ts';
import type { CasinoError } from '../errors.ts';
import { ChainWorld } from '../test/chain-world.ts';
import { simulatedProving } from '../test/simulated-proving.ts';
import { NATIVE_KERNEL } from './native-kernel.ts';
import { type ProofEngine, SizeProver } from './prover.ts';
import { loadDevelopmentKeys, type ProvingKey } from './proving-keys.ts';
import { WitnessThread } from './witness-thread.ts';

useKernel(NATIVE_KERNEL);
const REAL_PROGRAM = new URL('./witness-worker.ts', import.meta.url);
const NEVER = new AbortController().signal;

/** A thread that does what the batch number says: 1 hangs, 2 ends, 3 throws, 4 fails, others are answered with one byte. */
const PROGRAM = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage({ ready: true });
    parentPort.on('message', ({ batchNumber }) => {
      if (batchNumber === 1n) for (;;);
      if (batchNumber === 2n) process.exit(3);
      if (batchNumber === 3n) throw new Error('no more memory');
      if (batchNumber === 4n) return parentPort.postMessage({ failed: 'out of luck' });
      parentPort.postMessage({ witness: Uint8Array.of(Number(batchNumber)) });
    });`)}`,
);
const numbered = (batchNumber: bigint) => ({ batchNumber }) as BatchStatement;

describe('the witness thread', () => {
  test('is killed when it hangs, and started anew when it ends, throws or hangs', async () => {
    const thread = await WitnessThread.start({ sizeName: 'tiny', timeoutMs: 500, program: PROGRAM });
    try {
      for (const [batchNumber, message] of [
        [1n, /too long/],
        [2n, /the thread ended/],
        [3n, /no more memory/],
        [4n, /out of luck/],
      ] as const) {
        await assert.rejects(thread.compute(numbered(batchNumber), NEVER), { code: 'PROVER_FAILED', message });
        assert.deepEqual(await thread.compute(numbered(9n), NEVER), Uint8Array.of(9));
      }
    } finally {
      await thread.stop();
    }
  });

  test('that hangs is killed at once when the service stops', async () => {
    const thread = await WitnessThread.start({ sizeName: 'tiny', timeoutMs: 600_000, program: PROGRAM });
    const stop = new AbortController();
    const computing = thread.compute(numbered(1n), stop.signal);
    stop.abort();
    await assert.rejects(computing, { code: 'PROVER_FAILED' });
    await thread.stop();
  });

  test('that does not start is an error', async () => {
    const program = new URL('data:text/javascript,setInterval(() => {}, 1000)');
    await assert.rejects(WitnessThread.start({ sizeName: 'tiny', timeoutMs: 200, program }), /too long/);
  });
});

const ONLY_TINY = { circuits: ['tiny' as const], onProgress: () => {} };

describe('a prover with a real key', () => {
  const directory = mkdtempSync(join(tmpdir(), 'prover-faults-'));
  const tableCache = join(directory, 'tables');
  const statement = () => statementOf(plainBatch([2]));
  let key: ProvingKey;
  let native: NativeProver;
  let witness: WitnessThread;

  before(async () => {
    key = (await loadDevelopmentKeys(directory, ONLY_TINY))[0] as ProvingKey;
    native = await NativeProver.load(readFileSync(key.path), { threadsPerProof: 2, tableCache });
    witness = await WitnessThread.start({ sizeName: key.circuit.name, timeoutMs: 60_000, program: REAL_PROGRAM });
  });
  after(async () => {
    await witness.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function proverWith(
    prove: ProofEngine['prove'],
    onStuck: (error: CasinoError) => void = () => {},
    verifyingKey = key.verifyingKey,
  ) {
    const engine = { tablesFrom: native.tablesFrom, prove };
    return new SizeProver({ key: { ...key, verifyingKey }, engine, witness, proofTimeoutMs: 300, abortGraceMs: 200, onStuck });
  }

  test('whose proof is sound passes it on', async () => {
    const prover = new SizeProver({
      key,
      engine: native,
      witness,
      proofTimeoutMs: 60_000,
      abortGraceMs: 1_000,
      onStuck: () => {},
    });
    assert.equal((await prover.prove(statement(), NEVER)).compressed.length, 128);
  });

  test('that throws fails the attempt, and the next one works', async () => {
    let calls = 0;
    const prove: ProofEngine['prove'] = async (wtns, options) => {
      calls += 1;
      if (calls === 1) throw new Error('panicked');
      return native.prove(wtns, options);
    };
    const limits = { proofTimeoutMs: 60_000, abortGraceMs: 1_000, onStuck: () => {} };
    const prover = new SizeProver({ key, engine: { tablesFrom: 'built', prove }, witness, ...limits });
    await assert.rejects(prover.prove(statement(), NEVER), { code: 'PROVER_FAILED', message: /panicked/ });
    await prover.prove(statement(), NEVER);
  });

  test('never passes on a proof with a changed byte, in either form, or for another key', async () => {
    const good = await native.prove(await witness.compute(statement(), NEVER));
    const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
    for (let at = 0; at < 256; at += 51) {
      const bad = [
        { ...good, compressed: flip(good.compressed, at % 128) },
        { ...good, proof: flip(good.proof, at) },
      ];
      for (const proof of bad)
        await assert.rejects(proverWith(async () => proof).prove(statement(), NEVER), { code: 'PROVER_FAILED' });
    }
    const publicInputs = flip(good.publicInputs, 31);
    await assert.rejects(proverWith(async () => ({ ...good, publicInputs })).prove(statement(), NEVER), {
      code: 'SETTLEMENT_REJECTED',
    });
    const [other] = simulatedProving().keys as [ProvingKey];
    const wrongKey = proverWith(async () => good, undefined, other.verifyingKey);
    await assert.rejects(wrongKey.prove(statement(), NEVER), { code: 'PROVER_FAILED', message: /does not hold/ });
  });

  test('that takes too long is told to end', async () => {
    let stuck = 0;
    const prover = proverWith(
      (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to end')))),
      () => (stuck += 1),
    );
    await assert.rejects(prover.prove(statement(), NEVER), { code: 'PROVER_FAILED', message: /told to end/ });
    assert.equal(stuck, 0);
  });

  test('that never ends is left behind, and the process is told to start anew', async () => {
    const stuck: string[] = [];
    const prover = proverWith(
      () => new Promise(() => {}),
      ({ code }) => void stuck.push(code),
    );
    await assert.rejects(prover.prove(statement(), NEVER), { code: 'PROVER_FAILED', message: /does not end/ });
    assert.deepEqual(stuck, ['PROVER_FAILED']);
  });

  test('a native proof heeds its signal', async () => {
    const stop = new AbortController();
    const wtns = await witness.compute(statement(), NEVER);
    const proving = native.prove(wtns, { signal: stop.signal });
    stop.abort();
    await assert.rejects(proving, { code: 'ABORTED' });
  });

  test('a damaged cache of tables is made anew', async () => {
    const [file] = readdirSync(tableCache) as [string];
    const path = join(tableCache, file);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(path, bytes);
    const load = () => NativeProver.load(readFileSync(key.path), { threadsPerProof: 2, tableCache });
    assert.equal((await load()).tablesFrom, 'built');
    assert.equal((await load()).tablesFrom, 'cache');
  });

  test('a damaged proving key is named, with the way back, and left as it is', async () => {
    const whole = readFileSync(key.path);
    const damages = { empty: whole.subarray(0, 0), torn: whole.subarray(0, whole.length / 2), foreign: Buffer.from('not a key') };
    for (const [name, bytes] of Object.entries(damages)) {
      writeFileSync(key.path, bytes);
      await assert.rejects(loadDevelopmentKeys(directory, ONLY_TINY), (error: CasinoError) => {
        assert.equal(error.code, 'PROVING_KEY_INVALID', name);
        assert.equal(error.retry, false);
        assert.ok(error.message.includes(key.path) && error.message.includes('restore it'));
        return true;
      });
      assert.deepEqual(readFileSync(key.path), Buffer.from(bytes));
    }
    const inside = Uint8Array.from(whole);
    inside.fill(0xff, whole.length / 2, whole.length / 2 + 96);
    writeFileSync(key.path, inside);
    const starting = SizeProver.start(key, { threads: 2, tableCache, onStuck: () => {} });
    await assert.rejects(starting, { code: 'PROVING_KEY_INVALID', message: new RegExp(key.path) });
    writeFileSync(key.path, whole);
  });
});

test('a proving key that is not the one on chain: the start refuses, and says what to do', async () => {
  const w = await ChainWorld.open(1);
  try {
    await w.stop();
    const { proving } = w;
    w.proving = simulatedProving({ ...TRAPDOOR, delta: 131n });
    await assert.rejects(w.start(), {
      code: 'PROVING_KEY_INVALID',
      message: /verifying key 1 \(tiny\) on chain is not that of .*put the proving key back/,
    });
    w.proving = proving;
    await w.start();
    await w.bet(1);
    await w.settleAndCheck();
  } finally {
    await w.close();
  }
});
