/*
 * Takes a house that passes, changes one byte of what its chain or its blobs say, verifies the copy, and says what was found; one kind of
 * change after the other. The test of it is verifier/tamper.test.ts, on a small history; this is for a real one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Address, address } from '@solana/kit';
import { blobHashOf } from '../protocol/blob.ts';
import { toHex } from '../protocol/bytes.ts';
import { findHouses, type VerifyReport, verifyChain } from '../verifier/chain.ts';
import type { DivergenceCode } from '../verifier/divergence.ts';
import { deriveEscrow } from '../verifier/layout/addresses.ts';
import { HOUSE_BYTES, LOCAL_PROGRAM, VAULT_BYTES } from '../verifier/layout/constants.ts';
import { connectChain, type RawAccount } from '../verifier/rpc.ts';
import { playBack, type RecordedChain, record } from '../verifier/test/recording.ts';
import { changeEvent, flip, withEvent } from '../verifier/test/tampering.ts';

/** Where balances lie: docs/reference/layouts.md section 6. */
const [HOUSE_BALANCE_AT, VAULT_BALANCE_AT] = [248, 208];

interface History {
  chain: RecordedChain;
  /** By hash, hex. */
  blobs: Map<string, Uint8Array>;
  program: Address;
  house: Address;
  escrow: Address;
}

interface Tampering {
  name: string;
  /** What the verifier has to say first. */
  code: DivergenceCode;
  change(copy: History): void;
}

const middle = <T>(list: readonly T[]): T => list[list.length >> 1] as T;
const accountOf = ({ chain }: History, bytes: number): RawAccount =>
  [...chain.accounts.values()].find(({ data }) => data.length === bytes) as RawAccount;
const settlements = (history: History) => withEvent(history, 'evbatch');

const TAMPERINGS: readonly Tampering[] = [
  { name: 'a byte of a blob', code: 'blob-altered', change: ({ blobs }) => flip(middle([...blobs.values()]), 300) },
  { name: 'a blob left out', code: 'blob-missing', change: ({ blobs }) => blobs.delete(middle([...blobs.keys()])) },
  {
    name: "another batch's blob under its name",
    code: 'blob-altered',
    change: ({ blobs }) => {
      const [first, second] = [...blobs.keys()] as [string, string];
      blobs.set(first, blobs.get(second) as Uint8Array);
    },
  },
  {
    name: 'an outcome in the event of a batch',
    code: 'event-mismatch',
    change: (copy) => changeEvent(middle(settlements(copy)).raw, 'evbatch', (bytes) => flip(bytes, 105)),
  },
  {
    name: 'the amount of a deposit',
    code: 'deposit',
    change: (copy) => changeEvent(middle(withEvent(copy, 'evdepos')).raw, 'evdepos', (bytes) => flip(bytes, 72)),
  },
  {
    name: 'a byte of a settling transaction',
    code: 'transaction-forged',
    change: (copy) => flip(middle(settlements(copy)).raw.wire, 300),
  },
  {
    name: 'a batch left out',
    code: 'batch-number',
    change: (copy) => {
      const { signature } = middle(settlements(copy));
      copy.chain.listed = copy.chain.listed.filter((one) => one.signature !== signature);
    },
  },
  {
    name: 'two batches in each other’s place',
    code: 'batch-number',
    change: (copy) => {
      const { listed } = copy.chain;
      const [one, two] = settlements(copy)
        .slice(-2)
        .map(({ signature }) => listed.findIndex((entry) => entry.signature === signature));
      const [a, b] = [listed[one as number], listed[two as number]];
      if (!a || !b) throw new Error('there are no two batches');
      [listed[one as number], listed[two as number]] = [b, a];
    },
  },
  {
    name: "a vault's balance",
    code: 'vault-account',
    change: (copy) => flip(accountOf(copy, VAULT_BYTES).data, VAULT_BALANCE_AT),
  },
  {
    name: "the house's balance",
    code: 'house-account',
    change: (copy) => flip(accountOf(copy, HOUSE_BYTES).data, HOUSE_BALANCE_AT),
  },
  {
    name: 'a lamport missing in the escrow',
    code: 'escrow',
    change: ({ chain, escrow }) => {
      const account = chain.accounts.get(escrow) as RawAccount;
      chain.accounts.set(escrow, { ...account, lamports: account.lamports - 1n });
    },
  },
];

function verify(history: History): Promise<VerifyReport> {
  const { chain, blobs, program, house } = history;
  return verifyChain({
    rpc: playBack(chain),
    blobs: { get: async (hash) => blobs.get(toHex(hash)) },
    program,
    house,
    settleMs: 0,
  });
}

async function load(flags: { rpc: string; blobs: string; program: string }): Promise<History> {
  const program = address(flags.program);
  const [house] = await findHouses(connectChain({ url: flags.rpc }), program);
  if (!house) throw new Error(`${program} has no house there`);
  const { address: escrow } = await deriveEscrow({ program, house });
  const chain = await record({ url: flags.rpc, house, program, addresses: [escrow] });
  const files = readdirSync(flags.blobs).map((name) => new Uint8Array(readFileSync(join(flags.blobs, name))));
  return { chain, blobs: new Map(files.map((bytes) => [toHex(blobHashOf(bytes)), bytes])), program, house, escrow };
}

const { values } = parseArgs({
  options: { rpc: { type: 'string' }, blobs: { type: 'string' }, program: { type: 'string', default: LOCAL_PROGRAM } },
});
if (!values.rpc || !values.blobs) throw new Error('usage: --rpc URL --blobs DIRECTORY [--program ADDRESS]');
const history = await load({ rpc: values.rpc, blobs: values.blobs, program: values.program });
const whole = await verify(history);
console.log(
  `untouched: ${whole.passed ? 'passed' : 'DIVERGES'}, ${whole.bets} bets in ${whole.batches} batches, ${whole.seconds.toFixed(1)} s`,
);
let unexpected = whole.passed ? 0 : 1;
for (const { name, code, change } of TAMPERINGS) {
  const copy = structuredClone(history);
  change(copy);
  const { passed, firstDivergence: first, divergenceCount, seconds } = await verify(copy);
  const right = !passed && first?.code === code;
  if (!right) unexpected += 1;
  const found = first ? `${first.code} (${divergenceCount} in all)` : 'nothing';
  console.log(`${right ? '✓' : '✗'} ${name}: ${found}${right ? '' : `, expected ${code}`}, ${seconds.toFixed(1)} s`);
}
process.exitCode = unexpected === 0 ? 0 : 1;
