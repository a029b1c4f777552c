// Catches a house that can not get another circuit size, or takes its proofs before the program does.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generateKeyPairSigner, getBase64Encoder, lamports } from '@solana/kit';
import { circuitInfo } from '../../circuits/artifacts.ts';
import { startTestChain, temporaryDirectory } from '../../localchain/test-harness.ts';
import { decodeVerifyingKey, openVault, verifyingKeyAddress } from '../../program/client/index.ts';
import { keyBytes, TRAPDOOR } from '../../program/test/trapdoor.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { connectRpc } from '../chain/rpc.ts';
import { sendAndFinalize } from '../chain/transactions.ts';
import { LOCAL_PROGRAM_ADDRESS } from '../config.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import type { ProvingKey } from '../prover/proving-keys.ts';
import { makeDevelopmentHouse } from './house-making.ts';
import { openHouse } from './house-setup.ts';
import { loadOperatorKeys } from './keys.ts';

useKernel(NATIVE_KERNEL);
const program = LOCAL_PROGRAM_ADDRESS;
const CHANGE_DELAY_SLOTS = 5_000n;

const verifyingKey = keyBytes(TRAPDOOR);
const keyOf = (name: string, vkId: number): ProvingKey => ({
  circuit: circuitInfo(name),
  vkId,
  path: '',
  verifyingKey,
});
const [tiny, small, large] = [keyOf('tiny', 1), keyOf('small', 2), keyOf('large', 3)];

test('a new house takes all its sizes at once; one with vaults gets another size, active after the change delay', async () => {
  const directory = temporaryDirectory();
  const path = fileURLToPath(new URL('../../program/prebuilt/zk_casino.so', import.meta.url));
  const chain = await startTestChain({ directory: join(directory.path, 'chain'), programs: [{ address: program, path }] });
  let ticking = true;
  const ticks = (async () => {
    while (ticking) await chain.addSlots(8);
  })();
  try {
    const rpc = connectRpc(chain.server.url);
    const keysDirectory = join(directory.path, 'keys');
    const keys = await loadOperatorKeys(keysDirectory);
    const timing = { exitDelaySlots: 2_000n, changeDelaySlots: CHANGE_DELAY_SLOTS, nowMs: () => 0 };
    const options = {
      rpc,
      program,
      keys,
      keysDirectory,
      profitBps: 9_800,
      bankroll: 1_000_000_000n,
      ...timing,
      onProgress: () => {},
    };
    const open = async (...provingKeys: ProvingKey[]) => openHouse({ ...options, provingKeys, wasOpen: false });
    const make = async (...provingKeys: ProvingKey[]) => {
      await makeDevelopmentHouse({ ...options, provingKeys });
      return open(...provingKeys);
    };
    await assert.rejects(open(tiny), { code: 'CONFIG_INVALID', message: /has no house on this chain.*casino init/ });
    const made = await make(tiny, small);
    await assert.rejects(open(tiny, large), {
      code: 'CONFIG_INVALID',
      message: /lacks the verifying key of size large.*casino init/,
    });
    const slot = await rpc.getSlot({ commitment: 'finalized' }).send();
    const { house } = made.reader;
    const activeFrom = async (id: number) => {
      const address = await verifyingKeyAddress({ program, house, id });
      const { value } = await rpc.getAccountInfo(address, { commitment: 'finalized', encoding: 'base64' }).send();
      return decodeVerifyingKey(getBase64Encoder().encode(value?.data[0] ?? assert.fail())).activeFromSlot;
    };
    const first = [await activeFrom(1), await activeFrom(2)];
    assert.ok(first.every((activeFromSlot) => activeFromSlot <= slot));
    const owner = await generateKeyPairSigner();
    await rpc.requestAirdrop(owner.address, lamports(1_000_000_000n)).send();
    const opening = await openVault({ program, payer: owner, owner, house, sessionKeyHash: 5n });
    await sendAndFinalize(rpc, { payer: owner, instructions: [opening], computeUnits: 50_000 });
    const before = await rpc.getSlot({ commitment: 'finalized' }).send();
    await make(tiny, small, large);
    assert.ok((await activeFrom(3)) >= before + CHANGE_DELAY_SLOTS);
    assert.deepEqual([await activeFrom(1), await activeFrom(2)], first);
    await open(large);
  } finally {
    ticking = false;
    await ticks;
    await chain.close();
    directory.remove();
  }
});
