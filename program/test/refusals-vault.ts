import { FIELD_ORDER } from '../../protocol/field.ts';
import { claim, deposit, openVault, requestWithdrawal } from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import type { Refusal } from './refusal.ts';
import { forged, patch, type Stage, substitute, u64, withData } from './stage.ts';
import { program } from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const HUGE = 0xffff_ffff_ffff_ffffn;
const bytesOf = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

const openWith = (hash: Uint8Array) => async (stage: Stage) =>
  stage.send(withData(await stage.valid.openVault(), patch(1, hash)));

/** Sends the valid instruction while a byte range of the house or the first vault reads otherwise. */
const whileHouse = (name: keyof Stage['valid'], offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid[name]();
  return stage.chain.withForged(stage.house.address, forged(offset, bytes), () => stage.send(instruction));
};
const whileVault = (name: keyof Stage['valid'], offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid[name]();
  return stage.chain.withForged(stage.vaults[0]!.address, forged(offset, bytes), () => stage.send(instruction));
};

export const vaultRefusals: Refusal[] = [
  ['ZERO_SESSION_KEY', 'a vault without session key', openWith(new Uint8Array(32))],
  ['INVALID_SESSION_KEY', 'a key hash of r', openWith(bytesOf(FIELD_ORDER))],
  ['INVALID_SESSION_KEY', 'a key hash of all ones', openWith(new Uint8Array(32).fill(255))],
  ['PAUSED_HOUSE', 'a vault while the house is paused', whileHouse('openVault', 11, [1])],
  ['PAUSED_HOUSE', 'a deposit while the house is paused', whileHouse('deposit', 11, [1])],
  [
    'EXISTING_VAULT',
    'a second vault of the same owner',
    async (stage) => {
      const { owner } = stage.vaults[0]!;
      const input = { program, payer: owner, owner, house: stage.house.address, sessionKeyHash: 5n };
      return stage.send(await openVault(input));
    },
  ],
  ['EXCEEDED_U64', 'one vault too many to count', whileHouse('openVault', 384, u64(HUGE))],
  ['FROZEN_VAULT', 'a deposit to a frozen vault', whileVault('deposit', 10, [1])],
  ['FROZEN_VAULT', 'a request of a frozen vault', whileVault('requestWithdrawal', 10, [1])],
  [
    'ZERO_AMOUNT',
    'a deposit of nothing',
    async (stage) => {
      const { owner } = stage.vaults[0]!;
      return stage.send(await deposit({ program, payer: owner, house: stage.house.address, owner: owner.address, amount: 0n }));
    },
  ],
  [
    'INSUFFICIENT_PAYER_FUNDS',
    'a deposit above what the payer has',
    async (stage) => {
      const { owner } = stage.vaults[0]!;
      const amount = 1n << 62n;
      return stage.send(await deposit({ program, payer: owner, house: stage.house.address, owner: owner.address, amount }));
    },
  ],
  [
    'INSUFFICIENT_DEPOSIT',
    'a deposit below the minimum asked for',
    async (stage) => {
      const { owner } = stage.vaults[0]!;
      const amounts = { amount: SOL, minimum: SOL + 1n };
      return stage.send(await deposit({ program, payer: owner, house: stage.house.address, owner: owner.address, ...amounts }));
    },
  ],
  ['EXCEEDED_U64', 'a pending deposit beyond 64 bits', whileVault('deposit', 216, u64(HUGE))],
  ['INSUFFICIENT_ESCROW', 'a deposit that leaves the escrow short', whileHouse('deposit', 280, u64(1n << 62n))],
  ['INSUFFICIENT_ESCROW', 'a claim that the escrow does not cover', whileHouse('claim', 280, u64(1n << 62n))],
  [
    'ZERO_AMOUNT',
    'a request of nothing',
    async (stage) =>
      stage.send(await requestWithdrawal({ program, owner: stage.vaults[0]!.owner, house: stage.house.address, amount: 0n })),
  ],
  ['EXISTING_REQUEST', 'a second request', whileVault('requestWithdrawal', 232, [1])],
  [
    'WRONG_OWNER',
    'a request by another than the owner',
    async (stage) => {
      const { owner } = stage.vaults[1]!;
      const own = await requestWithdrawal({ program, owner, house: stage.house.address, amount: SOL });
      return stage.send(substitute(own, 2, stage.vaults[0]!.address));
    },
  ],
  ['EXCEEDED_U64', 'a deadline beyond 64 bits', whileHouse('requestWithdrawal', 368, u64(HUGE))],
  [
    'ZERO_CLAIMABLE',
    'a claim of nothing',
    async (stage) => stage.send(await claim({ program, house: stage.house.address, owner: stage.vaults[0]!.owner.address })),
  ],
  [
    'WRONG_OWNER',
    'a claim to another than the owner',
    async (stage) => {
      const { accounts, ...rest } = await stage.valid.claim();
      const thief = { address: stage.vaults[0]!.owner.address, role: 1 };
      return stage.send({ ...rest, accounts: [thief, ...accounts.slice(1)] });
    },
  ],
  ['EXCEEDED_U64', 'a claim above the liabilities', whileHouse('claim', 280, u64(0n))],
];
