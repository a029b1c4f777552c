// Would catch: a comparison that never comes about since deposits land all the time, one of accounts of two states, and asking without a pause.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { type Address, getAddressDecoder, getAddressEncoder, getBase64Decoder } from '@solana/kit';
import { ACCOUNT_VERSION, HOUSE_BYTES, VAULT_BYTES } from '../../program/client/index.ts';
import { ChainReader } from '../chain/reader.ts';
import type { ChainRpc } from '../chain/rpc.ts';
import { ChainUnsteadyError, type ReconciliationSnapshot, SolanaReconciliationChain } from './reconcile-chain.ts';

const VAULTS = 300;
const RENT = 890_880n;
const address = (number: number): Address => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint16(0, number);
  return getAddressDecoder().decode(bytes);
};
const PROGRAM = address(60_000);
const HOUSE = address(60_001);

function account(tag: string, size: number, fields: Record<number, bigint>) {
  const data = new Uint8Array(size);
  data.set(new TextEncoder().encode(tag));
  data[8] = ACCOUNT_VERSION;
  for (const [offset, value] of Object.entries(fields)) new DataView(data.buffer).setBigUint64(Number(offset), value, true);
  return { owner: PROGRAM, lamports: 1n, data: [getBase64Decoder().decode(data), 'base64'] };
}

/** A node that shows a new slot, with a further deposit in the first vault, whenever it has answered what was asked at once. */
class BusyNode {
  slot = 1n;
  deposits = 0n;
  /** Whether a deposit lands between any two requests. */
  restless = false;
  looks = 0;
  #moving = false;

  get rpc(): ChainRpc {
    const asked = (answer: () => unknown) => ({ send: () => this.#answer(answer()) });
    return {
      getMinimumBalanceForRentExemption: () => asked(() => RENT),
      getAccountInfo: () => asked(() => this.#at(this.#house())),
      getProgramAccounts: () =>
        asked(() => {
          this.looks += 1;
          return this.#at(
            Array.from({ length: VAULTS }, (_, index) => ({ pubkey: address(index), account: this.#vault(index) })),
          );
        }),
      getMultipleAccounts: ([, , ...page]: Address[]) =>
        asked(() => {
          const numbers = page.map((one) => new DataView(getAddressEncoder().encode(one).slice().buffer).getUint16(0));
          const escrow = { ...account('', 0, {}), lamports: RENT + this.deposits };
          return this.#at([this.#house(), escrow, ...numbers.map((number) => this.#vault(number))]);
        }),
    } as unknown as ChainRpc;
  }

  async #answer(answer: unknown): Promise<unknown> {
    if (this.restless) this.#deposit();
    else if (!this.#moving) {
      this.#moving = true;
      setImmediate(() => {
        this.#moving = false;
        this.#deposit();
      });
    }
    await new Promise(setImmediate);
    return answer;
  }

  #deposit(): void {
    this.slot += 1n;
    this.deposits += 1n;
  }

  #at = (value: unknown) => ({ context: { slot: this.slot }, value });
  #house = () => account('zkhouse', HOUSE_BYTES, { 280: this.deposits, 384: BigInt(VAULTS) });
  #vault = (number: number) => account('zkvault', VAULT_BYTES, { 216: number === 0 ? this.deposits : 0n });
}

describe('a look at more vaults than one call shows', () => {
  let node: BusyNode;
  let pauses: number;
  beforeEach(() => {
    node = new BusyNode();
    pauses = 0;
  });

  const look = (leastSlot = 0n): Promise<ReconciliationSnapshot> => {
    const reader = new ChainReader({ rpc: node.rpc, program: PROGRAM, house: HOUSE, nowMs: () => 0 });
    const sleep = async () => {
      pauses += 1;
    };
    return new SolanaReconciliationChain(reader, { leastSlot: () => leastSlot, sleep }).snapshot();
  };

  test('comes about although a deposit lands in every slot, and shows one state', async () => {
    const { vaults, house, escrowLamports } = await look();
    let sum = 0n;
    for (const { pendingDeposit } of vaults.values()) sum += pendingDeposit;
    assert.deepEqual([vaults.size, sum, escrowLamports], [VAULTS, house.liabilities, RENT + house.liabilities]);
    assert.ok(sum > 0n);
  });

  test('that sees the house change between its pages is not steady, and is tried again after a pause each', async () => {
    node.restless = true;
    await assert.rejects(look(), (error) => error instanceof ChainUnsteadyError && error.code === 'CHAIN_UNREACHABLE');
    assert.ok(node.looks > 1);
    assert.equal(pauses, node.looks - 1);
  });

  test('at a node that is behind what was seen before is no look', async () => {
    await assert.rejects(look(1_000_000n), ChainUnsteadyError);
    assert.equal(pauses, node.looks - 1);
  });
});
