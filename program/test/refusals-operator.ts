import {
  applyChange,
  type Change,
  MAX_CHANGE_DELAY_SLOTS,
  MAX_EXIT_DELAY_SLOTS,
  MIN_EXIT_DELAY_SLOTS,
  requestHouseWithdrawal,
  retireVerifyingKey,
  scheduleChange,
  setSettler,
  verifyingKeyAddress,
  withdrawnChange,
} from '../client/index.ts';
import type { Refusal } from './refusal.ts';
import { forged, patch, STAGE_SLOT, type Stage, u64, withData } from './stage.ts';
import { CHANGE_DELAY_SLOTS, EXIT_DELAY_SLOTS, program } from './world.ts';

const HUGE = 0xffff_ffff_ffff_ffffn;
const ZERO = new Uint8Array(32);

const names = ({ house }: Stage) => ({ program, authority: house.authority, house: house.address });
const schedule = (change: Change) => async (stage: Stage) => stage.send(scheduleChange({ ...names(stage), change }));
const delays = (exitDelaySlots: bigint, changeDelaySlots: bigint) =>
  schedule({ kind: 'delays', exitDelaySlots, changeDelaySlots });
const whileHouse = (name: keyof Stage['valid'], offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid[name]();
  return stage.chain.withForged(stage.house.address, forged(offset, bytes), () => stage.send(instruction));
};
/** The valid example, from the authority of another house. */
const fromStranger = (name: keyof Stage['valid']) => async (stage: Stage) => {
  const { accounts, ...rest } = await stage.valid[name]();
  const { authority } = stage.other.house;
  const stranger = { address: authority.address, role: accounts[0]?.role ?? 0, signer: authority };
  return stage.send({ ...rest, accounts: [stranger, ...accounts.slice(1)] });
};

/** Offsets of the house. */
const BALANCE = 248;
const REQUEST_SLOT = 264;
const LIABILITIES = 280;
const RESERVED = 288;
const OVERDUE = 296;
const CHANGE_DELAY = 376;
const PENDING_AUTHORITY_SLOT = 424;
const PENDING_DELAYS = 472;

const OF_AUTHORITY = [
  'retireVerifyingKey',
  'requestHouseWithdrawal',
  'payHouseWithdrawal',
  'setSettler',
  'scheduleChange',
  'applyChange',
  'setPaused',
] as const;

export const operatorRefusals: Refusal[] = [
  ...OF_AUTHORITY.map((name): Refusal => ['WRONG_AUTHORITY', `${name} from another signer`, fromStranger(name)]),
  [
    'EXISTING_RETIREMENT',
    'a retirement that is set already, which must not be put off',
    async (stage) => {
      const key = await verifyingKeyAddress({ program, house: stage.house.address, id: 2 });
      const instruction = await retireVerifyingKey({ ...names(stage), id: 2 });
      return stage.chain.withForged(key, forged(88, u64(HUGE - 1n)), () => stage.send(instruction));
    },
  ],
  ['EXCEEDED_U64', 'a retirement beyond 64 bits', whileHouse('retireVerifyingKey', CHANGE_DELAY, u64(HUGE))],
  [
    'ZERO_SETTLER',
    'no settler',
    async (stage) => stage.send(withData(setSettler({ ...names(stage), settler: program }), patch(1, ZERO))),
  ],
  ['INVALID_PAUSED', 'a pause of 2', async (stage) => stage.send(withData(await stage.valid.setPaused(), patch(1, [2])))],
  ['INVALID_PAUSED', 'a pause of 255', async (stage) => stage.send(withData(await stage.valid.setPaused(), patch(1, [255])))],
  [
    'UNKNOWN_CHANGE',
    'an announcement of kind 3',
    async (stage) => stage.send(withData(await stage.valid.scheduleChange(), patch(1, [3]))),
  ],
  ['UNKNOWN_CHANGE', 'kind 3 applied', async (stage) => stage.send(withData(await stage.valid.applyChange(), patch(1, [3])))],
  ['EMPTY_CHANGE', 'a receipt key withdrawn that is not pending', schedule(withdrawnChange('receiptKey'))],
  ['EMPTY_CHANGE', 'delays withdrawn that are not pending', schedule(withdrawnChange('delays'))],
  [
    'EMPTY_CHANGE',
    'delays applied that are not pending',
    async (stage) => stage.send(applyChange({ ...names(stage), kind: 'delays' })),
  ],
  [
    'EMPTY_CHANGE',
    'a receipt key applied that is not pending',
    async (stage) => stage.send(applyChange({ ...names(stage), kind: 'receiptKey' })),
  ],
  ['EMPTY_CHANGE', 'an authority applied that is not pending', whileHouse('applyChange', PENDING_AUTHORITY_SLOT, u64(0n))],
  ['INACTIVE_CHANGE', 'a change a slot early', whileHouse('applyChange', PENDING_AUTHORITY_SLOT, u64(STAGE_SLOT + 1n))],
  [
    'STALE_CHANGE',
    'a change a slot too late',
    whileHouse('applyChange', PENDING_AUTHORITY_SLOT, u64(STAGE_SLOT - CHANGE_DELAY_SLOTS - 1n)),
  ],
  ['EXCEEDED_U64', 'a slot beyond 64 bits', whileHouse('scheduleChange', CHANGE_DELAY, u64(HUGE))],
  [
    'WRONG_NEW_AUTHORITY',
    'another than the pending authority accepting',
    async (stage) => stage.send(applyChange({ ...names(stage), kind: 'authority', newAuthority: stage.other.house.authority })),
  ],
  [
    'WRONG_NEW_AUTHORITY',
    'the present authority accepting for the new one',
    async (stage) => stage.send(applyChange({ ...names(stage), kind: 'authority', newAuthority: stage.house.authority })),
  ],
  [
    'WRONG_AUTHORITY',
    'the new authority applying alone',
    async (stage) => {
      const newAuthority = await stage.chain.signer('new authority');
      return stage.send(applyChange({ ...names(stage), authority: newAuthority, kind: 'authority', newAuthority }));
    },
  ],
  [
    'WRONG_ACCOUNT_COUNT',
    'delays applied with an account too many',
    async (stage) => stage.send(withData(await stage.valid.applyChange(), patch(1, [2]))),
  ],
  ['INVALID_EXIT_DELAY', 'an exit delay below the bound', delays(MIN_EXIT_DELAY_SLOTS - 1n, CHANGE_DELAY_SLOTS)],
  ['INVALID_EXIT_DELAY', 'an exit delay above the bound', delays(MAX_EXIT_DELAY_SLOTS + 1n, MAX_CHANGE_DELAY_SLOTS)],
  ['INVALID_EXIT_DELAY', 'an exit delay of zero, and a change delay', delays(0n, CHANGE_DELAY_SLOTS)],
  ['INVALID_EXIT_DELAY', 'delays whose double wraps', delays(HUGE, HUGE)],
  ['INVALID_CHANGE_DELAY', 'a change delay below twice the exit delay', delays(EXIT_DELAY_SLOTS, 2n * EXIT_DELAY_SLOTS - 1n)],
  ['INVALID_CHANGE_DELAY', 'a change delay above the bound', delays(EXIT_DELAY_SLOTS, MAX_CHANGE_DELAY_SLOTS + 1n)],
  ['INVALID_CHANGE_DELAY', 'an exit delay alone', delays(EXIT_DELAY_SLOTS, 0n)],
  [
    'INVALID_CHANGE_DELAY',
    'delays applied that the bounds forbid',
    async (stage) => {
      const instruction = applyChange({ ...names(stage), kind: 'delays' });
      const pending = [...u64(EXIT_DELAY_SLOTS), ...u64(EXIT_DELAY_SLOTS), ...u64(STAGE_SLOT)];
      return stage.chain.withForged(stage.house.address, forged(PENDING_DELAYS, pending), () => stage.send(instruction));
    },
  ],
  [
    'EMPTY_HOUSE_REQUEST',
    'a request withdrawn that is not open',
    async (stage) => {
      const instruction = requestHouseWithdrawal({ ...names(stage), amount: 0n });
      return stage.chain.withForged(stage.house.address, forged(256, u64(0n)), () => stage.send(instruction));
    },
  ],
  ['EXCEEDED_U64', 'a request whose slot is beyond 64 bits', whileHouse('requestHouseWithdrawal', CHANGE_DELAY, u64(HUGE))],
  ['EMPTY_HOUSE_REQUEST', 'a payment without request', whileHouse('payHouseWithdrawal', 256, u64(0n))],
  ['INACTIVE_HOUSE_REQUEST', 'a payment a slot early', whileHouse('payHouseWithdrawal', REQUEST_SLOT, u64(STAGE_SLOT + 1n))],
  [
    'STALE_HOUSE_REQUEST',
    'a payment a slot too late',
    whileHouse('payHouseWithdrawal', REQUEST_SLOT, u64(STAGE_SLOT - EXIT_DELAY_SLOTS - 1n)),
  ],
  ['EXISTING_OVERDUE_CHALLENGE', 'a payment while a challenge is overdue', whileHouse('payHouseWithdrawal', OVERDUE, u64(1n))],
  ['ZERO_PAYMENT', 'a payment of a bankroll that is all reserved', whileHouse('payHouseWithdrawal', RESERVED, u64(HUGE))],
  ['ZERO_PAYMENT', 'a payment of an empty bankroll', whileHouse('payHouseWithdrawal', BALANCE, u64(0n))],
  ['INSUFFICIENT_ESCROW', 'a payment the escrow does not cover', whileHouse('payHouseWithdrawal', LIABILITIES, u64(1n << 62n))],
  ['EXCEEDED_U64', 'a payment above the liabilities', whileHouse('payHouseWithdrawal', LIABILITIES, u64(0n))],
];
