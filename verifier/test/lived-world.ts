import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from '@solana/kit';
import {
  applyChange,
  challenge,
  claim,
  escalateChallenge,
  forceExit,
  fundHouse,
  payHouseWithdrawal,
  receiptCheck,
  requestHouseWithdrawal,
  requestWithdrawal,
  retireVerifyingKey,
  rotateSessionKey,
  scheduleChange,
  setPaused,
  setSettler,
  withdrawnChange,
} from '../../program/client/index.ts';
import { toHex } from '../../protocol/bytes.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { BlobStore } from '../../sequencer/blobs/store.ts';
import { connectRpc } from '../../sequencer/chain/rpc.ts';
import { sendAndFinalize } from '../../sequencer/chain/transactions.ts';
import { dataPaths } from '../../sequencer/context.ts';
import { NATIVE_KERNEL } from '../../sequencer/prover/native-kernel.ts';
import { ChainWorld, SOL } from '../../sequencer/test/chain-world.ts';
import { deriveEscrow } from '../layout/addresses.ts';
import { type RecordedChain, record } from './recording.ts';

const EXIT_DELAY_SLOTS = 20_000;
/** The clock of the local chain may be moved in steps; beyond a delay by this much. */
const MARGIN_SLOTS = 50;

/** A house that has seen everything, kept: its chain and its blobs by hash in hex. */
export interface Lived {
  chain: RecordedChain;
  blobs: Map<string, Uint8Array>;
  program: Address;
  house: Address;
  escrow: Address;
  /** Signs batches. */
  settlerSecret: Uint8Array;
}

/**
 * A real house with real bettors on a real chain: bets, deposits, a withdrawal, a rotated key, a challenge that is answered and one that is
 * overdue, a forced exit, and everything that the authority can do. Proofs are of a key whose trapdoor is known.
 */
export async function live(): Promise<Lived> {
  useKernel(NATIVE_KERNEL);
  const world = await ChainWorld.open(3);
  try {
    await world.bet(3);
    await world.settleAndCheck();
    await (world.clients[0] as (typeof world.clients)[number]).withdraw(SOL / 2n);
    await operate(world);
    await challengeAndSettle(world);
    await world.bet(2);
    await world.settleAndCheck();
    await leaveAlone(world);
    const { house, program } = world.house;
    const { address: escrow } = await deriveEscrow({ program, house });
    const chain = await record({ url: world.node.url, house, program, addresses: [escrow] });
    const store = new BlobStore(dataPaths(world.directory).blobs);
    const blobs = new Map(
      world
        .batches()
        .filter(isSettled)
        .map(({ blobHash }) => [toHex(blobHash), store.get(blobHash)]),
    );
    return { chain, blobs, program, house, escrow, settlerSecret: settlerSecretOf(world) };
  } finally {
    await world.close();
  }
}

/** The service stopped with a batch on its way. */
const isSettled = ({ state }: { state: string }): boolean => state === 'Finalized';

function settlerSecretOf(world: ChainWorld): Uint8Array {
  const bytes = JSON.parse(readFileSync(join(dataPaths(world.directory).keys, 'settler.json'), 'utf8')) as number[];
  return Uint8Array.from(bytes.slice(0, 32));
}

/** What the authority can do that ends where it began. */
async function operate(world: ChainWorld): Promise<void> {
  const { authority, settler, receiptKey } = await world.operator();
  const { house, program } = world.house;
  const place = { program, authority, house };
  const changes = { kind: 'receiptKey', receiptKey } as const;
  for (const instruction of [
    fundHouse({ program, payer: world.wallets[0] as never, house, amount: SOL }),
    setPaused({ ...place, paused: true }),
    setPaused({ ...place, paused: false }),
    setSettler({ ...place, settler: settler.address }),
    requestHouseWithdrawal({ ...place, amount: 5n }),
    requestHouseWithdrawal({ ...place, amount: 0n }),
    scheduleChange({ ...place, change: changes }),
    scheduleChange({ ...place, change: withdrawnChange('receiptKey') }),
    scheduleChange({ ...place, change: { kind: 'delays', exitDelaySlots: 20_000n, changeDelaySlots: 40_000n } }),
    retireVerifyingKey({ ...place, id: 3 }),
  ]) {
    await world.elsewhere(authority, instruction);
  }
}

/** A receipt is shown before its bet is settled, which then answers it. */
async function challengeAndSettle(world: ChainWorld): Promise<void> {
  const { house, program } = world.house;
  world.proxy.fail(['sendTransaction'], { kind: 'status', code: 503 });
  await world.bet(1);
  const owner = world.wallets[1] ?? assert.fail();
  const { receipt } = world.answered[1]?.at(-1) ?? assert.fail();
  const { receiptKey } = await world.operator();
  const shown = receiptCheck({ receiptKey, signature: receipt.signature, receipt: receipt.message });
  const instructions = [shown, await challenge({ program, owner, house })];
  await sendAndFinalize(connectRpc(world.node.url), { payer: owner, instructions: instructions as never, computeUnits: 100_000 });
  world.proxy.heal();
  await world.settleAndCheck();
}

/** The service is gone: one bettor takes a new key, one shows a receipt that nobody answers, one leaves by force; changes come due. */
async function leaveAlone(world: ChainWorld): Promise<void> {
  const { house, program } = world.house;
  const [first, second, third] = world.wallets as [never, never, never];
  const { authority, receiptKey } = await world.operator();
  world.proxy.fail(['sendTransaction'], { kind: 'status', code: 503 });
  await world.bet(1, [world.clients[1] ?? assert.fail()]);
  await world.stop();
  const { receipt } = world.answered[1]?.at(-1) ?? assert.fail();
  const shown = receiptCheck({ receiptKey, signature: receipt.signature, receipt: receipt.message });
  const instructions = [shown, await challenge({ program, owner: second, house })] as never;
  await sendAndFinalize(connectRpc(world.node.url), { payer: second, instructions, computeUnits: 100_000 });
  const from = BigInt(world.node.slot) + 1_000n;
  await world.elsewhere(first, rotateSessionKey({ program, owner: first, house, sessionKeyHash: 77n, from }));
  await world.elsewhere(third, requestWithdrawal({ program, owner: third, house, amount: 5n }));
  await world.elsewhere(authority, requestHouseWithdrawal({ program, authority, house, amount: SOL / 4n }));
  await world.node.addSlots(2 * EXIT_DELAY_SLOTS + MARGIN_SLOTS);
  await world.elsewhere(authority, payHouseWithdrawal({ program, authority, house }));
  await world.elsewhere(authority, applyChange({ program, authority, house, kind: 'delays' }));
  const vault = world.clients[1]?.vaultAddress ?? assert.fail();
  await world.elsewhere(authority, escalateChallenge({ program, house, vault }));
  await world.elsewhere(third, forceExit({ program, owner: third, house }));
  await world.elsewhere(authority, claim({ program, house, owner: (third as { address: Address }).address }));
}
