import { bn254 } from '@noble/curves/bn254.js';
import { type EncodedAccount, lamports } from '@solana/kit';
import { FIELD_ORDER } from '../../protocol/field.ts';
import {
  addTerms,
  addVerifyingKey,
  advanceEpoch,
  fundHouse,
  initHouse,
  MAX_CHANGE_DELAY_SLOTS,
  MAX_EXIT_DELAY_SLOTS,
  MIN_EXIT_DELAY_SLOTS,
} from '../client/index.ts';
import type { Refusal } from './refusal.ts';
import { forged, patch, type Stage, u64, withData } from './stage.ts';
import { g1Bytes, g2Bytes, keyBytes, pointOutsideSubgroup, TRAPDOOR } from './trapdoor.ts';
import { CHANGE_DELAY_SLOTS, EXIT_DELAY_SLOTS, houseArguments, LEADER, program } from './world.ts';

const ZERO = new Uint8Array(32);
const HUGE = 0xffff_ffff_ffff_ffffn;

/** `init_house` with bytes of its data replaced: authority 1, settler 33, receiptKey 65, mint 97, delays 161 and 169. */
const initWith = (offset: number, bytes: Uint8Array) => async (stage: Stage) =>
  stage.send(withData(await stage.valid.initHouse(), patch(offset, bytes)));
const delays = (exitDelaySlots: bigint, changeDelaySlots: bigint) => async (stage: Stage) => {
  const input = await houseArguments(stage.chain, 'new');
  return stage.send(await initHouse({ ...input, exitDelaySlots, changeDelaySlots }));
};
/** `add_terms` likewise: id 1, vrfCommitment 5, profitBps 37. */
const termsWith = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) =>
  stage.send(withData(await stage.valid.addTerms(), patch(offset, bytes)));
/** `add_verifying_key` likewise: maxBets 3, maxVaults 5, key 7. */
const keyWith = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) =>
  stage.send(withData(await stage.valid.addVerifyingKey(), patch(offset, bytes)));
const epoch = (from: bigint, to: bigint, nonce: bigint) => async (stage: Stage) =>
  stage.send(advanceEpoch({ program, leader: stage.house.settler, house: stage.house.address, from, to, nonce }));

const poorCreator = (amount: bigint) => async (stage: Stage) => {
  const input = await houseArguments(stage.chain, 'new');
  const instruction = await initHouse(input);
  const poor = (account: EncodedAccount) => ({ ...account, lamports: lamports(amount) });
  return stage.chain.withForged(input.creator.address, poor, () => stage.send(instruction));
};

const KEY = 7;
const POINTS = { alpha: 0, beta: 64, gamma: 192, delta: 320, ic0: 448, ic1: 512 };
const OFF_CURVE = Uint8Array.from({ length: 64 }, (_, index) => (index % 32 === 31 ? 3 : 0));
/** The generator with its x coordinate written as x + p. */
const NOT_REDUCED = (() => {
  const bytes = g1Bytes(bn254.G1.Point.BASE);
  const x = bn254.fields.Fp.ORDER + 1n;
  bytes.set(Buffer.from(x.toString(16).padStart(64, '0'), 'hex'));
  return bytes;
})();

const bytesOf = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const { leaderEpoch } = LEADER;

export const houseRefusals: Refusal[] = [
  ['WRONG_ACCOUNT_COUNT', 'a house of a mint with the accounts of native lamports', initWith(97, ZERO.with(0, 1))],
  ['ZERO_AUTHORITY', 'a house without authority', initWith(1, ZERO)],
  ['ZERO_SETTLER', 'a house without settler', initWith(33, ZERO)],
  ['ZERO_RECEIPT_KEY', 'a house without receipt key', initWith(65, ZERO)],
  ['INVALID_EXIT_DELAY', 'an exit delay below the bound', delays(MIN_EXIT_DELAY_SLOTS - 1n, CHANGE_DELAY_SLOTS)],
  ['INVALID_EXIT_DELAY', 'an exit delay above the bound', delays(MAX_EXIT_DELAY_SLOTS + 1n, MAX_CHANGE_DELAY_SLOTS)],
  ['INVALID_EXIT_DELAY', 'an exit delay whose double wraps', delays(HUGE, HUGE)],
  ['INVALID_CHANGE_DELAY', 'a change delay below twice the exit delay', delays(EXIT_DELAY_SLOTS, 2n * EXIT_DELAY_SLOTS - 1n)],
  ['INVALID_CHANGE_DELAY', 'a change delay above the bound', delays(EXIT_DELAY_SLOTS, MAX_CHANGE_DELAY_SLOTS + 1n)],
  [
    'EXISTING_HOUSE',
    'a second house of the same creator and mint',
    async (stage) => {
      const input = await houseArguments(stage.chain, 'new');
      return stage.send(await initHouse({ ...input, creator: stage.house.creator }));
    },
  ],
  ['INSUFFICIENT_PAYER_FUNDS', "a creator that cannot pay the escrow's rent", poorCreator(800_000n)],
  ['INSUFFICIENT_PAYER_FUNDS', "a creator that cannot pay the house's rent as well", poorCreator(1_000_000n)],
  [
    'INSUFFICIENT_ESCROW',
    'a bankroll that leaves the escrow short',
    async (stage) => {
      const instruction = await stage.valid.fundHouse();
      return stage.chain.withForged(stage.house.address, forged(280, u64(1n << 62n)), () => stage.send(instruction));
    },
  ],
  [
    'UNAVAILABLE_RENT',
    'a cluster whose rent has a threshold the program does not know',
    async (stage) => {
      const rent = stage.chain.svm.getRent();
      const strange = stage.chain.svm.getRent();
      strange.exemptionThreshold = 3;
      stage.chain.svm.setRent(strange);
      try {
        return await stage.send(await stage.valid.fundHouse());
      } finally {
        stage.chain.svm.setRent(rent);
      }
    },
  ],
  [
    'WRONG_AUTHORITY',
    'terms from another signer',
    async (stage) => {
      const { house, other } = stage;
      const terms = { id: 2, vrfCommitment: 5n, profitBps: 1 };
      return stage.send(await addTerms({ program, authority: other.house.authority, house: house.address, ...terms }));
    },
  ],
  [
    'WRONG_TERMS_ID',
    'terms that leave a gap',
    async (stage) => {
      const { authority, address: house } = stage.house;
      return stage.send(await addTerms({ program, authority, house, id: 3, vrfCommitment: 5n, profitBps: 1 }));
    },
  ],
  [
    'WRONG_TERMS_ID',
    'terms that exist',
    async (stage) => {
      const { authority, address: house } = stage.house;
      return stage.send(await addTerms({ program, authority, house, id: 1, vrfCommitment: 5n, profitBps: 1 }));
    },
  ],
  [
    'EXISTING_TERMS',
    'terms that exist, in a house that forgot them',
    async (stage) => {
      const { authority, address: house } = stage.house;
      const instruction = await addTerms({ program, authority, house, id: 1, vrfCommitment: 5n, profitBps: 1 });
      return stage.chain.withForged(house, forged(12, [0, 0, 0, 0]), () => stage.send(instruction));
    },
  ],
  ['ZERO_VRF_COMMITMENT', 'terms without commitment', termsWith(5, ZERO)],
  ['INVALID_VRF_COMMITMENT', 'a commitment of r', termsWith(5, bytesOf(FIELD_ORDER))],
  ['INVALID_PROFIT', 'no profit', termsWith(37, [0, 0, 0, 0])],
  ['INVALID_PROFIT', 'a profit above the bound', termsWith(37, [0x41, 0x42, 0x0f, 0])],
  ['INVALID_MAX_BETS', 'a key for no bets', keyWith(3, [0, 0])],
  ['INVALID_MAX_BETS', 'a key for 251 bets', keyWith(3, [251, 0])],
  ['INVALID_MAX_VAULTS', 'a key for no vaults', keyWith(5, [0, 0])],
  ['INVALID_MAX_VAULTS', 'a key for 33 vaults', keyWith(5, [33, 0])],
  [
    'EXISTING_VERIFYING_KEY',
    'an id that is taken',
    async (stage) => {
      const { authority, address: house } = stage.house;
      const size = { id: 1, maxBets: 16, maxVaults: 4, key: keyBytes(TRAPDOOR) };
      return stage.send(await addVerifyingKey({ program, authority, house, ...size }));
    },
  ],
  ...(['alpha', 'ic0', 'ic1'] as const).flatMap((name): Refusal[] => [
    ['INVALID_KEY_POINT', `${name} off its curve`, keyWith(KEY + POINTS[name], OFF_CURVE)],
    ['INVALID_KEY_POINT', `${name} not reduced`, keyWith(KEY + POINTS[name], NOT_REDUCED)],
    ['ZERO_KEY_POINT', `${name} at infinity`, keyWith(KEY + POINTS[name], new Uint8Array(64))],
  ]),
  ...(['beta', 'gamma', 'delta'] as const).flatMap((name): Refusal[] => [
    ['INVALID_KEY_POINT', `${name} off its curve`, keyWith(KEY + POINTS[name] + 127, [1])],
    ['INVALID_KEY_POINT', `${name} outside its subgroup`, keyWith(KEY + POINTS[name], pointOutsideSubgroup())],
    ['ZERO_KEY_POINT', `${name} at infinity`, keyWith(KEY + POINTS[name], new Uint8Array(128))],
  ]),
  ['INVALID_KEY_SETUP', 'gamma = delta', keyWith(KEY + POINTS.gamma, g2Bytes(bn254.G2.Point.BASE.multiply(TRAPDOOR.delta)))],
  [
    'ZERO_AMOUNT',
    'a bankroll of nothing',
    async (stage) => {
      const { address: house, creator } = stage.house;
      return stage.send(await fundHouse({ program, payer: creator, house, amount: 0n }));
    },
  ],
  [
    'INSUFFICIENT_PAYER_FUNDS',
    'more than the payer has',
    async (stage) => {
      const { address: house, creator } = stage.house;
      return stage.send(await fundHouse({ program, payer: creator, house, amount: 1n << 60n }));
    },
  ],
  [
    'EXCEEDED_U64',
    'liabilities beyond 64 bits',
    async (stage) => {
      const instruction = await stage.valid.fundHouse();
      return stage.chain.withForged(stage.house.address, forged(280, u64(HUGE)), () => stage.send(instruction));
    },
  ],
  [
    'WRONG_LEADER',
    'a leader that is neither authority nor settler',
    async (stage) => {
      const { other, house } = stage;
      const step = { from: leaderEpoch, to: leaderEpoch + 1n, nonce: 1n };
      return stage.send(advanceEpoch({ program, leader: other.house.settler, house: house.address, ...step }));
    },
  ],
  ['WRONG_EPOCH', 'an epoch that has passed', epoch(leaderEpoch - 1n, leaderEpoch + 1n, 1n)],
  ['INVALID_EPOCH_STEP', 'no step', epoch(leaderEpoch, leaderEpoch, 1n)],
  ['INVALID_EPOCH_STEP', 'a step back', epoch(leaderEpoch, leaderEpoch - 1n, 1n)],
  ['INVALID_EPOCH_STEP', 'a step too far', epoch(leaderEpoch, leaderEpoch + 65_537n, 1n)],
  ['ZERO_NONCE', 'a nonce of zero', epoch(leaderEpoch, leaderEpoch + 1n, 0n)],
];
