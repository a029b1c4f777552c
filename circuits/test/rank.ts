// The rank check of uniqueness.test.ts on one witness of any size: minutes for the larger ones, so it is run by hand.
//   node circuits/test/rank.ts small 2 3     two slots with 2 and 3 bets
import { witnessInputOf } from '../witness-input.ts';
import { plainBatch, statementOf } from './batches.ts';
import { FREE_HINTS, givenWires } from './free-signals.ts';
import { harnessOf, judge, wireNames } from './harness.ts';
import { freeColumns } from './jacobian.ts';

const [name = 'tiny', ...counts] = process.argv.slice(2);
const harness = harnessOf(name);
const verdict = judge(harness, witnessInputOf(statementOf(plainBatch(counts.map(Number))), harness.info));
if (!verdict.accepted) throw new Error(verdict.reason);
const names = wireNames(harness);
const given = givenWires(names);
const { free, coreColumns } = freeColumns(harness.r1cs, verdict.wires, given);
console.log(`${names.length - given.size} columns, ${coreColumns} after peeling; in the kernel:`);
for (const wire of free) console.log(`  ${names[wire]}${FREE_HINTS.test(names[wire]!) ? ' (a free hint)' : ' UNEXPLAINED'}`);
process.exitCode = free.every((wire) => FREE_HINTS.test(names[wire]!)) ? 0 : 1;
