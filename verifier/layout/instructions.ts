import type { Address } from '@solana/kit';
import { CHANGE_DELAYS, KEY_BYTES, PROOF_BYTES } from './constants.ts';
import { readOutcomes } from './events.ts';
import { addressOf, LayoutReader } from './reader.ts';

const FLAG_KEY_SLOT = 1;
const FLAG_PAY = 2;
const FLAG_CONSUME = 4;

/** `settle_batch` as it was sent. How long the outcomes are depends on the verifying key: `readBatchRuns` reads on from `tail`. */
export interface SettleBatchData {
  name: 'settle_batch';
  house: Address;
  settler: Address;
  terms: Address;
  verifyingKey: Address;
  vaults: Address[];
  verifyingKeyId: number;
  batchNumber: bigint;
  leaderEpoch: bigint;
  leaderNonce: bigint;
  blobHash: Uint8Array;
  /** Compressed: A 32 bytes, B 64, C 32. */
  proof: Uint8Array;
  /** Outcomes and runs. */
  tail: Uint8Array;
}

/** One vault's part of `settle_batch`. */
export interface BatchRun {
  keySlot: 0 | 1;
  pay: boolean;
  betCount: number;
  after: bigint;
  consume: bigint;
}

/** One vault's part of `settle_transfers`. */
export interface TransferData {
  vault: Address;
  pay: boolean;
  consume: bigint;
}

export interface SettleTransfersData {
  name: 'settle_transfers';
  house: Address;
  settler: Address;
  transferNumber: bigint;
  leaderEpoch: bigint;
  leaderNonce: bigint;
  transfers: TransferData[];
}

type OfHouse<Name extends string, Fields = object> = { name: Name; house: Address } & Fields;
type OfVault<Name extends string, Fields = object> = OfHouse<Name, { vault: Address } & Fields>;
type ByAuthority<Name extends string, Fields = object> = OfHouse<Name, { authority: Address } & Fields>;

export type InitHouse = OfHouse<
  'init_house',
  {
    creator: Address;
    authority: Address;
    settler: Address;
    receiptKey: Address;
    mint: Address;
    genesisHash: Uint8Array;
    exitDelaySlots: bigint;
    changeDelaySlots: bigint;
  }
>;
export type AddTerms = ByAuthority<'add_terms', { account: Address; id: number; vrfCommitment: bigint; profitBps: number }>;
export type AddVerifyingKey = ByAuthority<
  'add_verifying_key',
  { account: Address; id: number; maxBets: number; maxVaults: number; key: Uint8Array }
>;
export type AdvanceEpoch = OfHouse<'advance_epoch', { leader: Address; from: bigint; to: bigint; nonce: bigint }>;

/** An instruction of the program, layouts.md section 7, with the accounts that matter to its effect. */
export type ProgramInstruction =
  | InitHouse
  | AddTerms
  | AddVerifyingKey
  | ByAuthority<'retire_verifying_key', { account: Address }>
  | OfVault<'open_vault', { owner: Address; sessionKeyHash: bigint }>
  | OfVault<'deposit', { amount: bigint; minimum: bigint }>
  | OfVault<'request_withdrawal', { owner: Address; amount: bigint }>
  | SettleBatchData
  | SettleTransfersData
  | OfVault<'claim', { owner: Address }>
  | OfVault<'force_exit', { owner: Address }>
  | OfVault<'rotate_session_key', { owner: Address; sessionKeyHash: bigint; from: bigint }>
  | OfVault<'challenge', { owner: Address }>
  | OfVault<'escalate_challenge'>
  | OfHouse<'fund_house', { amount: bigint }>
  | ByAuthority<'request_house_withdrawal', { amount: bigint }>
  | ByAuthority<'pay_house_withdrawal'>
  | ByAuthority<'set_settler', { settler: Address }>
  | AdvanceEpoch
  | ByAuthority<'schedule_change', { kind: number; value: Uint8Array }>
  | ByAuthority<'apply_change', { kind: number }>
  | ByAuthority<'set_paused', { paused: boolean }>;

/** What an instruction is given. */
interface Given {
  r: LayoutReader;
  /** The account at an index; the instruction is malformed without it. */
  at(index: number): Address;
  rest(from: number): Address[];
  length: number;
}

const authorityAndHouse = ({ at }: Given) => ({ authority: at(0), house: at(1) });
const vaultAndHouse = ({ at }: Given) => ({ house: at(1), vault: at(2) });
const ownerOfVault = (given: Given) => ({ owner: given.at(0), ...vaultAndHouse(given) });

/** By number. */
const DECODERS: readonly ((given: Given) => ProgramInstruction)[] = [
  ({ at, r }) => ({
    name: 'init_house',
    creator: at(0),
    house: at(1),
    authority: r.address(),
    settler: r.address(),
    receiptKey: r.address(),
    mint: r.address(),
    genesisHash: r.bytes(32),
    exitDelaySlots: r.u64(),
    changeDelaySlots: r.u64(),
  }),
  (g) => {
    const accounts = { ...authorityAndHouse(g), account: g.at(2) };
    return { name: 'add_terms', ...accounts, id: g.r.u32(), vrfCommitment: g.r.field(), profitBps: g.r.u32() };
  },
  (g) => {
    const { r } = g;
    const sizes = { id: r.u16(), maxBets: r.u16(), maxVaults: r.u16() };
    return { name: 'add_verifying_key', ...authorityAndHouse(g), account: g.at(2), ...sizes, key: r.bytes(KEY_BYTES) };
  },
  (g) => ({ name: 'retire_verifying_key', ...authorityAndHouse(g), account: g.at(2) }),
  ({ at, r }) => ({ name: 'open_vault', owner: at(1), house: at(2), vault: at(3), sessionKeyHash: r.field() }),
  (g) => ({ name: 'deposit', ...vaultAndHouse(g), amount: g.r.u64(), minimum: g.r.u64() }),
  (g) => ({ name: 'request_withdrawal', ...ownerOfVault(g), amount: g.r.u64() }),
  readSettleBatch,
  readSettleTransfers,
  (g) => ({ name: 'claim', ...ownerOfVault(g) }),
  (g) => ({ name: 'force_exit', ...ownerOfVault(g) }),
  (g) => ({ name: 'rotate_session_key', ...ownerOfVault(g), sessionKeyHash: g.r.field(), from: g.r.u64() }),
  (g) => ({ name: 'challenge', ...ownerOfVault(g) }),
  ({ at }) => ({ name: 'escalate_challenge', house: at(0), vault: at(1) }),
  ({ at, r }) => ({ name: 'fund_house', house: at(1), amount: r.u64() }),
  (g) => ({ name: 'request_house_withdrawal', ...authorityAndHouse(g), amount: g.r.u64() }),
  (g) => ({ name: 'pay_house_withdrawal', ...authorityAndHouse(g) }),
  (g) => ({ name: 'set_settler', ...authorityAndHouse(g), settler: g.r.address() }),
  ({ at, r }) => ({ name: 'advance_epoch', leader: at(0), house: at(1), from: r.u64(), to: r.u64(), nonce: r.u64() }),
  (g) => {
    const kind = g.r.u8();
    return { name: 'schedule_change', ...authorityAndHouse(g), kind, value: readChangeValue(g.r, kind) };
  },
  (g) => ({ name: 'apply_change', ...authorityAndHouse(g), kind: g.r.u8() }),
  (g) => ({ name: 'set_paused', ...authorityAndHouse(g), paused: g.r.bool('paused') }),
];

/** Decodes an instruction of the program; a `ProtocolError` if it is none. */
export function decodeInstruction(data: Uint8Array, accounts: readonly Address[]): ProgramInstruction {
  const r: LayoutReader = new LayoutReader(data);
  const number = r.u8();
  const decode = DECODERS[number];
  if (decode === undefined) r.fail(`${number} is no instruction of the program`);
  const at = (index: number) => accounts[index] ?? r.fail(`an account of instruction ${number} is missing`);
  const instruction = decode({ r, at, rest: (from) => accounts.slice(from), length: data.length });
  r.finish();
  return instruction;
}

function readSettleBatch({ r, at, rest, length }: Given): SettleBatchData {
  const head = { verifyingKeyId: r.u16(), batchNumber: r.u64(), leaderEpoch: r.u64(), leaderNonce: r.u64() };
  const hash = { blobHash: r.bytes(32), proof: r.bytes(PROOF_BYTES) };
  const accounts = { settler: at(0), house: at(1), terms: at(2), verifyingKey: at(3), vaults: rest(4) };
  const headBytes = 1 + 2 + 8 + 8 + 8 + 32 + PROOF_BYTES;
  return { name: 'settle_batch', ...accounts, ...head, ...hash, tail: r.bytes(Math.max(0, length - headBytes)) };
}

/** Outcomes and runs of a batch under a key of `maxBets`; a `ProtocolError` unless they are whole and canonical. */
export function readBatchRuns(data: SettleBatchData, maxBets: number): { outcomes: (0 | 1)[]; runs: BatchRun[] } {
  const r = new LayoutReader(data.tail);
  const bits = r.bytes(Math.ceil(maxBets / 8));
  const runs = Array.from({ length: r.u8() }, () => {
    const flags = readFlags(r, FLAG_KEY_SLOT | FLAG_PAY | FLAG_CONSUME);
    const run = { keySlot: flags.keySlot, pay: flags.pay, betCount: r.u8(), after: r.u64() };
    return { ...run, consume: readConsume(r, flags.consumes) };
  });
  r.finish();
  const betCount = runs.reduce((sum, run) => sum + run.betCount, 0);
  return { outcomes: readOutcomes(bits, betCount), runs };
}

function readSettleTransfers({ r, at, rest }: Given): SettleTransfersData {
  const head = { transferNumber: r.u64(), leaderEpoch: r.u64(), leaderNonce: r.u64() };
  const vaults = rest(2);
  if (vaults.length !== r.u8()) r.fail('settle_transfers counts other vaults than its accounts');
  const transfers = vaults.map((vault) => {
    const flags = readFlags(r, FLAG_PAY | FLAG_CONSUME);
    return { vault, pay: flags.pay, consume: readConsume(r, flags.consumes) };
  });
  return { name: 'settle_transfers', settler: at(0), house: at(1), ...head, transfers };
}

function readFlags(r: LayoutReader, known: number): { keySlot: 0 | 1; pay: boolean; consumes: boolean } {
  const flags = r.u8();
  if ((flags & ~known) !== 0) r.fail('unknown flags');
  return { keySlot: (flags & FLAG_KEY_SLOT) as 0 | 1, pay: (flags & FLAG_PAY) !== 0, consumes: (flags & FLAG_CONSUME) !== 0 };
}

function readConsume(r: LayoutReader, consumes: boolean): bigint {
  if (!consumes) return 0n;
  const consume = r.u64();
  return consume > 0n ? consume : r.fail('a consume of zero');
}

function readChangeValue(r: LayoutReader, kind: number): Uint8Array {
  const value = new Uint8Array(32);
  value.set(r.bytes(kind === CHANGE_DELAYS ? 16 : 32));
  return value;
}

/** What a challenge shows of its receipt: the ed25519 instruction before it, layouts.md section 7. */
export interface ShownReceipt {
  receiptKey: Address;
  vault: Address;
  betNumber: bigint;
  balanceAfter: bigint;
}

const RECEIPT_OFFSET = 112;
const RECEIPT_INSTRUCTION_BYTES = 325;

/** Reads the data of that ed25519 instruction; a `ProtocolError` if it has another length. */
export function readShownReceipt(data: Uint8Array): ShownReceipt {
  const r: LayoutReader = new LayoutReader(data);
  if (data.length !== RECEIPT_INSTRUCTION_BYTES) r.fail('the ed25519 instruction before a challenge has another length');
  const receipt = new LayoutReader(data.subarray(RECEIPT_OFFSET));
  receipt.bytes(8 + 32 + 32);
  const vault = receipt.address();
  receipt.u32();
  const betNumber = receipt.u64();
  receipt.bytes(32 + 32 + 1 + 8 + 8);
  return { receiptKey: addressOf(data.slice(16, 48)), vault, betNumber, balanceAfter: receipt.u64() };
}
