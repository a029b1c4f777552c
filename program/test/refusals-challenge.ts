import { ed25519 } from '@noble/curves/ed25519.js';
import type { Instruction } from '@solana/kit';
import { challenge, escalateChallenge, receiptCheck } from '../client/index.ts';
import { addressBytes } from '../client/instructions/build.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { type ReceiptPlan, receiptBytes, receiptFor } from './receipts.ts';
import type { Refusal } from './refusal.ts';
import { forged, patch, type Stage, substitute, u64 } from './stage.ts';
import { DOMAIN, EXIT_DELAY_SLOTS, program, receiptSecretFor } from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const HUGE = 0xffff_ffff_ffff_ffffn;
/** Where the receipt check lies in a transaction: behind the compute unit limit and price. */
const CHECK_INDEX = 2;
/** Offsets of the three instruction indices in its data. */
const INDICES = [4, 8, 14];

type Check = ReturnType<typeof receiptCheck>;
const edited = (check: Check, edit: (data: Uint8Array) => Uint8Array): Check => ({
  ...check,
  data: edit(Uint8Array.from(check.data)),
});
const patched = (check: Check, offset: number, bytes: ArrayLike<number>): Check => edited(check, patch(offset, bytes));

/** The valid challenge behind other instructions than the valid receipt check. */
const behind = (before: (stage: Stage) => Instruction[] | Promise<Instruction[]>) => async (stage: Stage) =>
  stage.chain.send([...(await before(stage)), await stage.valid.challenge()]);
/** Behind a receipt that says otherwise. */
const receipt = (plan: (stage: Stage) => ReceiptPlan) =>
  behind((stage) => [receiptFor(stage.house, stage.vaults[0]!, plan(stage))]);
/** Behind a check whose data was edited; the runtime must still accept it. */
const check = (edit: (check: Check) => Check) => behind((stage) => [edit(receiptFor(stage.house, stage.vaults[0]!))]);

const whileVault = (name: 'challenge' | 'escalateChallenge', offset: number, bytes: (stage: Stage) => ArrayLike<number>) => {
  return async (stage: Stage) => {
    const instruction = await stage.valid[name]();
    const vault = name === 'challenge' ? stage.vaults[0]! : stage.challenger;
    return stage.chain.withForged(vault.address, forged(offset, bytes(stage)), () => stage.send(instruction));
  };
};
const whileHouse = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid.escalateChallenge();
  return stage.chain.withForged(stage.house.address, forged(offset, bytes), () => stage.send(instruction));
};

/** 213 bytes that the receipt key signed, but for another purpose. */
const otherMessage = (stage: Stage): Instruction[] => {
  const { receiptSecret } = stage.house;
  const message = patch(0, Buffer.from('ZKCLIMT1'))(receiptBytes(stage.house, stage.vaults[0]!));
  const receiptKey = ed25519.getPublicKey(receiptSecret);
  return [receiptCheck({ receiptKey, signature: ed25519.sign(message, receiptSecret), receipt: message })];
};
/** A check that shows a receipt nobody signed, while the runtime is sent to an honest one just before it. */
const checkElsewhere = (stage: Stage): Instruction[] => {
  const honest = receiptFor(stage.house, stage.vaults[0]!);
  const forgery = patched(
    receiptFor(stage.house, stage.vaults[0]!, { secret: receiptSecretFor('a thief'), balanceAfter: HUGE }),
    16,
    [...ed25519.getPublicKey(stage.house.receiptSecret)],
  );
  return [honest, INDICES.reduce((data, offset) => patched(data, offset, [CHECK_INDEX, 0]), forgery)];
};
/** The same receipt twice in one instruction. */
const twoSignatures = (stage: Stage): Instruction[] => {
  const one = receiptFor(stage.house, stage.vaults[0]!);
  const header = (shift: number) => [48 + shift, 0, 255, 255, 16 + shift, 0, 255, 255, 112 + shift, 0, 213, 0, 255, 255];
  const body = one.data.slice(16);
  return [edited(one, () => Uint8Array.from([2, 0, ...header(14), ...header(14), ...body]))];
};
/** Key and signature in each other's place, as the header says. */
const otherPlaces = (stage: Stage): Instruction[] => {
  const one = receiptFor(stage.house, stage.vaults[0]!);
  const [key, signature, rest] = [one.data.slice(16, 48), one.data.slice(48, 112), one.data.slice(112)];
  const header = [1, 0, 16, 0, 255, 255, 80, 0, 255, 255, 112, 0, 213, 0, 255, 255];
  return [edited(one, () => Uint8Array.from([...header, ...signature, ...key, ...rest]))];
};

export const challengeRefusals: Refusal[] = [
  [
    'WRONG_OWNER',
    "a challenge for another owner's vault",
    async (stage) => {
      const own = await challenge({ program, owner: stage.vaults[1]!.owner, house: stage.house.address });
      return stage.send(substitute(own, 2, stage.vaults[0]!.address));
    },
  ],
  ['FROZEN_VAULT', 'a challenge of a frozen vault', whileVault('challenge', 10, () => [1])],
  ['WRONG_RECEIPT_PROGRAM', 'a challenge behind no receipt', behind(() => [])],
  [
    'WRONG_RECEIPT_PROGRAM',
    'a challenge with another instruction in between',
    behind(async (stage) => [receiptFor(stage.house, stage.vaults[0]!), await stage.valid.fundHouse()]),
  ],
  [
    'WRONG_RECEIPT_PROGRAM',
    'a challenge whose receipt comes after it',
    async (stage) => stage.chain.send([await stage.valid.challenge(), receiptFor(stage.house, stage.vaults[0]!)]),
  ],
  ['INVALID_RECEIPT_SIGNATURE', 'a check of no signature', check((one) => edited(one, () => Uint8Array.of(0, 0)))],
  ['INVALID_RECEIPT_SIGNATURE', 'a check of two signatures', behind(twoSignatures)],
  ['INVALID_RECEIPT_SIGNATURE', 'padding that is not zero', check((one) => patched(one, 1, [1]))],
  ['INVALID_RECEIPT_SIGNATURE', 'a byte after the receipt', check((one) => edited(one, (data) => Uint8Array.from([...data, 0])))],
  ['INVALID_RECEIPT_SIGNATURE', 'key and signature elsewhere', behind(otherPlaces)],
  ['INVALID_RECEIPT_SIGNATURE', 'a forged receipt in front of an honest check', behind(checkElsewhere)],
  ...INDICES.map(
    (offset): Refusal => [
      'INVALID_RECEIPT_SIGNATURE',
      `a part that is read from another instruction, by the index at ${offset}`,
      behind((stage) => {
        const honest = receiptFor(stage.house, stage.vaults[0]!);
        return [honest, patched(honest, offset, [CHECK_INDEX, 0])];
      }),
    ],
  ),
  ['WRONG_RECEIPT_TAG', 'another message of the receipt key', behind(otherMessage)],
  ['WRONG_RECEIPT_DOMAIN', 'a receipt of another cluster', receipt(() => ({ domain: DOMAIN + 1n }))],
  ['WRONG_RECEIPT_HOUSE', 'a receipt of another house', receipt(({ other }) => ({ house: addressBytes(other.house.address) }))],
  ['WRONG_RECEIPT_VAULT', 'a receipt of another vault', receipt(({ vaults }) => ({ vault: addressBytes(vaults[1]!.address) }))],
  ['WRONG_RECEIPT_KEY', 'a receipt by another key', receipt(() => ({ secret: receiptSecretFor('a thief') }))],
  ['WRONG_RECEIPT_KEY', "a receipt by another house's key", receipt(({ other }) => ({ secret: other.house.receiptSecret }))],
  ['STALE_RECEIPT', 'a receipt of bet 0', receipt(() => ({ betNumber: 0n }))],
  ['STALE_RECEIPT', 'a receipt of the last settled bet', whileVault('challenge', 248, () => u64(1n))],
  ['STALE_RECEIPT', 'a receipt after the last bet number', whileVault('challenge', 248, () => u64(HUGE))],
  ['EXISTING_CHALLENGE', 'a receipt of the bet that is challenged', whileVault('challenge', 256, () => u64(1n))],
  ['EXISTING_CHALLENGE', 'a receipt of an earlier bet', whileVault('challenge', 256, () => u64(HUGE))],
  ['EXCEEDED_U64', 'a vault with more than 64 bits hold', whileVault('challenge', 208, () => u64(HUGE))],
  ['EXCEEDED_U64', 'a replaced challenge that held more than is reserved', whileVault('challenge', 264, () => u64(HUGE))],
  ['EXCEEDED_U64', 'a replaced challenge not counted as overdue', whileVault('challenge', 312, () => [1])],

  [
    'EMPTY_CHALLENGE',
    'an escalation of nothing',
    async (stage) => stage.send(escalateChallenge({ program, house: stage.house.address, vault: stage.vaults[0]!.address })),
  ],
  ['EXISTING_ESCALATION', 'a second escalation', whileVault('escalateChallenge', 312, () => [1])],
  ['STALE_RECEIPT', 'an escalation of a settled bet', whileVault('escalateChallenge', 248, () => u64(1n))],
  [
    'INACTIVE_ESCALATION',
    'an escalation in the last slot of the delay',
    whileVault('escalateChallenge', 272, ({ chain }) => u64(chain.slot - EXIT_DELAY_SLOTS)),
  ],
  [
    'INACTIVE_ESCALATION',
    'an escalation of a challenge just opened',
    whileVault('escalateChallenge', 272, ({ chain }) => u64(chain.slot)),
  ],
  ['EXCEEDED_U64', 'a delay beyond 64 bits', whileHouse(368, u64(HUGE))],
  ['EXCEEDED_U64', 'one overdue challenge too many to count', whileHouse(296, u64(HUGE))],
  [
    'EXCEEDED_U64',
    'a batch that releases more than is reserved',
    async (stage) => {
      const instruction = await stage.valid.settleBatch();
      // A challenge by bet 1 (offset 256) that holds more (264) than the house has reserved.
      const forge = forged(256, [...u64(1n), ...u64(100n * SOL)]);
      return stage.chain.withForged(stage.vaults[0]!.address, forge, () => stage.send(instruction));
    },
  ],
];
