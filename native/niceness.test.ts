// Would catch: proving at the event loop's own priority, or an event loop whose priority is lowered.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { developmentSetup, Prover } from './index.ts';
import { multiplierR1cs, withCode } from './test/fixtures.ts';

/** Niceness of each thread of this process by its name: field 19 of /proc/self/task/<id>/stat. */
function threads(): { name: string; niceness: number }[] {
  return readdirSync('/proc/self/task').flatMap((id) => {
    try {
      const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
      const nameEnd = stat.lastIndexOf(')');
      const name = stat.slice(stat.indexOf('(') + 1, nameEnd);
      return [{ name, niceness: Number(stat.slice(nameEnd + 2).split(' ')[16]) }];
    } catch {
      return []; // The thread has ended.
    }
  });
}

test('the threads that prove have the niceness asked for, and no others', { skip: process.platform !== 'linux' }, async () => {
  const zkey = await developmentSetup(multiplierR1cs);
  const own = getPriority();
  const niceness = Math.max(own + 1, 11);
  const before = threads().map(({ niceness }) => niceness);
  await Prover.load(zkey, { concurrentProofs: 2, threadsPerProof: 3, niceness });
  const nice = () => threads().filter((thread) => thread.niceness === niceness);
  for (const deadline = Date.now() + 5000; nice().length < 6 && Date.now() < deadline; ) await delay(10);
  const names = nice().map(({ name }) => name);
  assert.deepEqual(names.sort(), ['prover-0-0', 'prover-0-1', 'prover-0-2', 'prover-1-0', 'prover-1-1', 'prover-1-2']);
  assert.equal(before.includes(niceness), false);
  assert.equal(getPriority(), own);
  await Prover.load(zkey, { threadsPerProof: 1 });
  assert.equal(nice().length, 6, 'by default nothing is lowered');
});

test('a niceness out of range is refused', async () => {
  const zkey = await developmentSetup(multiplierR1cs);
  for (const niceness of [-1, 20, 0.5, Number.NaN, '3' as unknown as number]) {
    await assert.rejects(Prover.load(zkey, { niceness }), withCode('INVALID_ARGUMENT'), String(niceness));
  }
});
