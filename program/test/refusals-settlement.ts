import { AccountRole } from '@solana/kit';
import { FIELD_ORDER } from '../../protocol/field.ts';
import { settleBatch, settleTransfers, termsAddress, verifyingKeyAddress } from '../client/index.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import type { Refusal } from './refusal.ts';
import { planBatch, type RunPlan, type SettleInput } from './settlement.ts';
import { forged, patch, STAGE_SLOT, type Stage, u64, withData } from './stage.ts';
import { LEADER, program } from './world.ts';

const SOL = LAMPORTS_PER_SOL;
const HUGE = 0xffff_ffff_ffff_ffffn;

const plan = (stage: Stage, runs?: RunPlan[], keyId = 1) =>
  planBatch(stage.chain, stage.house, { runs: runs ?? [{ vault: stage.vaults[0]!, consume: SOL }], keyId }).input;

/** A batch of one run, with its input changed after it was proven. */
const batchWith = (change: (input: SettleInput, stage: Stage) => Partial<SettleInput>) => async (stage: Stage) => {
  const input = plan(stage);
  return stage.send(await settleBatch({ ...input, ...change(input, stage) }));
};
const runWith = (change: Partial<SettleInput['runs'][0]>) => batchWith(({ runs }) => ({ runs: [{ ...runs[0]!, ...change }] }));
/** A batch of the valid example with bytes of the house, or of the first vault, reading otherwise. */
const whileHouse = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid.settleBatch();
  return stage.chain.withForged(stage.house.address, forged(offset, bytes), () => stage.send(instruction));
};
const whileVault = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid.settleBatch();
  return stage.chain.withForged(stage.vaults[0]!.address, forged(offset, bytes), () => stage.send(instruction));
};
const whileKey = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid.settleBatch();
  const key = await verifyingKeyAddress({ program, house: stage.house.address, id: 1 });
  return stage.chain.withForged(key, forged(offset, bytes), () => stage.send(instruction));
};

/** Offsets in the data of a batch under key 1 (two bytes of outcomes). */
const OUTCOMES = 187;
const VAULT_COUNT = OUTCOMES + 2;
const FLAGS = VAULT_COUNT + 1;

const batchPatch = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) =>
  stage.send(withData(await settleBatch(plan(stage)), patch(offset, bytes)));

type TransfersInput = Parameters<typeof settleTransfers>[0];
const transfersWith = (change: (stage: Stage) => Partial<TransfersInput>) => async (stage: Stage) =>
  stage.send(settleTransfers({ ...transfersOf(stage), ...change(stage) }));
const transfersOf = (stage: Stage): TransfersInput => ({
  program,
  settler: stage.house.settler,
  house: stage.house.address,
  transferNumber: 2n,
  ...LEADER,
  transfers: [{ vault: stage.vaults[0]!.address, consume: SOL, pay: true }],
});
const transfersPatch = (offset: number, bytes: ArrayLike<number>) => async (stage: Stage) =>
  stage.send(withData(settleTransfers(transfersOf(stage)), patch(offset, bytes)));

/** The instruction with its vaults the other way round, or the first one twice. */
const reorder = (name: 'settleBatch' | 'settleTransfers', twice: boolean) => async (stage: Stage) => {
  const instruction = await stage.valid[name]();
  const vaults = instruction.accounts.slice(-2);
  const swapped = twice ? [vaults[0]!, vaults[0]!] : [vaults[1]!, vaults[0]!];
  return stage.send({ ...instruction, accounts: [...instruction.accounts.slice(0, -2), ...swapped] });
};
const foreignVault = (name: 'settleBatch' | 'settleTransfers') => async (stage: Stage) => {
  const instruction = name === 'settleBatch' ? await settleBatch(plan(stage)) : settleTransfers(transfersOf(stage));
  const vault = { address: stage.other.vault.address, role: AccountRole.WRITABLE };
  return stage.send({ ...instruction, accounts: [...instruction.accounts.slice(0, -1), vault] });
};

export const batchRefusals: Refusal[] = [
  ['WRONG_SETTLER', 'a batch from another signer', batchWith((_, { other }) => ({ settler: other.house.settler }))],
  ['WRONG_SETTLER', 'a batch from the authority', batchWith((_, { house }) => ({ settler: house.authority }))],
  ['WRONG_LEADER_PAIR', 'another epoch', batchWith(({ leaderEpoch }) => ({ leaderEpoch: leaderEpoch + 1n }))],
  ['WRONG_LEADER_PAIR', 'another nonce', batchWith(({ leaderNonce }) => ({ leaderNonce: leaderNonce + 1n }))],
  ['WRONG_BATCH_NUMBER', 'the last batch again', batchWith(({ batchNumber }) => ({ batchNumber: batchNumber - 1n }))],
  ['WRONG_BATCH_NUMBER', 'a batch skipped', batchWith(({ batchNumber }) => ({ batchNumber: batchNumber + 1n }))],
  ['EXCEEDED_U64', 'a batch after the last number', whileHouse(304, u64(HUGE))],
  ['WRONG_VERIFYING_KEY_ID', 'another key id than the account', batchPatch(1, [2, 0])],
  ['INACTIVE_VERIFYING_KEY', 'a key that is not active yet', whileKey(80, u64(STAGE_SLOT + 1n))],
  ['RETIRED_VERIFYING_KEY', 'a key from its retirement on', whileKey(88, u64(STAGE_SLOT))],
  ['ZERO_VAULTS', 'a batch of no vaults', batchPatch(VAULT_COUNT, [0])],
  ['EXCEEDED_VAULTS', 'more vaults than the key has', batchPatch(VAULT_COUNT, [5])],
  ['WRONG_ACCOUNT_COUNT', 'more vaults named than given', batchPatch(VAULT_COUNT, [2])],
  ['WRONG_VAULT_ORDER', 'vaults in descending order', reorder('settleBatch', false)],
  ['WRONG_VAULT_ORDER', 'the same vault twice', reorder('settleBatch', true)],
  ['WRONG_VAULT_HOUSE', "another house's vault", foreignVault('settleBatch')],
  ['UNKNOWN_FLAGS', 'an unknown flag', batchPatch(FLAGS, [0x0c])],
  ['ZERO_CONSUME', 'a deposit of zero', batchPatch(FLAGS + 10, u64(0n))],
  ['EXCEEDED_PENDING_DEPOSIT', 'more than is pending', runWith({ consume: 100n * SOL })],
  ['EXCEEDED_U64', 'a start beyond 64 bits', whileVault(208, u64(HUGE))],
  ['ZERO_BETS', 'a run of no bets', batchPatch(FLAGS + 1, [0])],
  ['EXCEEDED_BETS', 'more bets than the key has', batchPatch(FLAGS + 1, [17])],
  ['EXCEEDED_U64', 'a bet after the last number', whileVault(248, u64(HUGE))],
  ['INVALID_OUTCOMES', 'an outcome of a bet that is not there', batchPatch(OUTCOMES, [0b10])],
  ['INVALID_OUTCOMES', 'an outcome in a later byte', batchPatch(OUTCOMES + 1, [0x80])],
  ['STALE_TERMS', 'terms older than the last', whileVault(12, [2, 0, 0, 0])],
  ['EMPTY_KEY_SLOT', 'the key slot that is empty', runWith({ keySlot: 1 })],
  ['INACTIVE_KEY_SLOT', 'a key that is not valid yet', whileVault(144, u64(STAGE_SLOT + 1n))],
  ['RETIRED_KEY_SLOT', 'a key that is no longer valid', whileVault(152, u64(STAGE_SLOT - 1n))],
  ['FROZEN_VAULT', 'a run of a frozen vault', whileVault(10, [1])],
  [
    'INSUFFICIENT_HOUSE_BALANCE',
    'gains above the bankroll',
    async (stage) => {
      const runs = [{ vault: stage.vaults[0]!, consume: SOL, delta: 101n * SOL }];
      return stage.send(await settleBatch(plan(stage, runs)));
    },
  ],
  ['EXCEEDED_U64', 'balances whose sum is beyond 64 bits', whileHouse(248, u64(HUGE))],
  ['INVALID_PROOF_ENCODING', 'a proof of ones', batchWith(() => ({ proof: new Uint8Array(128).fill(255) }))],
  ['INVALID_PROOF', 'a proof of points at infinity', batchWith(() => ({ proof: new Uint8Array(128) }))],
  [
    'INVALID_POSEIDON_INPUT',
    'terms whose commitment is no field element',
    async (stage) => {
      const terms = await termsAddress({ program, house: stage.house.address, id: 1 });
      const forge = forged(48, Buffer.from(FIELD_ORDER.toString(16).padStart(64, '0'), 'hex'));
      const instruction = await stage.valid.settleBatch();
      return stage.chain.withForged(terms, forge, () => stage.send(instruction));
    },
  ],
];

export const transferRefusals: Refusal[] = [
  ['WRONG_SETTLER', 'transfers from another signer', transfersWith(({ other }) => ({ settler: other.house.settler }))],
  ['WRONG_LEADER_PAIR', 'transfers of another leader', transfersWith(() => ({ leaderNonce: 1n }))],
  ['WRONG_TRANSFER_NUMBER', 'the last transfers again', transfersWith(() => ({ transferNumber: 1n }))],
  ['WRONG_TRANSFER_NUMBER', 'transfers skipped', transfersWith(() => ({ transferNumber: 3n }))],
  ['ZERO_VAULTS', 'transfers of no vaults', transfersPatch(25, [0])],
  ['EXCEEDED_VAULTS', 'transfers of too many vaults', transfersPatch(25, [33])],
  ['WRONG_ACCOUNT_COUNT', 'more vaults named than given', transfersPatch(25, [2])],
  ['WRONG_VAULT_ORDER', 'transfers in descending order', reorder('settleTransfers', false)],
  ['WRONG_VAULT_ORDER', 'transfers of the same vault twice', reorder('settleTransfers', true)],
  ['WRONG_VAULT_HOUSE', "transfers of another house's vault", foreignVault('settleTransfers')],
  ['UNKNOWN_FLAGS', 'a key slot, which transfers have not', transfersPatch(26, [0x05])],
  ['ZERO_CONSUME', 'a transfer of zero', transfersPatch(27, u64(0n))],
  [
    'EXCEEDED_PENDING_DEPOSIT',
    'a transfer of more than is pending',
    transfersWith(({ vaults }) => ({ transfers: [{ vault: vaults[0]!.address, consume: 100n * SOL, pay: false }] })),
  ],
  [
    'FROZEN_VAULT',
    'transfers of a frozen vault',
    async (stage) => {
      const vault = stage.vaults[0]!.address;
      return stage.chain.withForged(vault, forged(10, [1]), () => stage.send(settleTransfers(transfersOf(stage))));
    },
  ],
  [
    'EXCEEDED_U64',
    'a claimable amount beyond 64 bits',
    async (stage) => {
      const vault = stage.vaults[0]!.address;
      // A request of one unit (offset 232) on top of all that 64 bits hold (224).
      const forge = forged(224, [...u64(HUGE), ...u64(1n)]);
      return stage.chain.withForged(vault, forge, () => stage.send(settleTransfers(transfersOf(stage))));
    },
  ],
];
