import type { Address } from '@solana/kit';
import { ProtocolError } from '../../protocol/errors.ts';
import { HOUSE_BYTES, KEY_BYTES, TERMS_BYTES, VAULT_BYTES, VERIFYING_KEY_BYTES } from './constants.ts';
import { LayoutReader } from './reader.ts';

const LAYOUT_VERSION = 1;

/** A house account, layouts.md section 6. Amounts in base units; a slot 0 means none. */
export interface House {
  bump: number;
  escrowBump: number;
  paused: boolean;
  currentTerms: number;
  creator: Address;
  authority: Address;
  settler: Address;
  receiptKey: Address;
  previousReceiptKey: Address;
  receiptKeySlot: bigint;
  mint: Address;
  domain: bigint;
  balance: bigint;
  requestAmount: bigint;
  requestSlot: bigint;
  claimable: bigint;
  liabilities: bigint;
  reserved: bigint;
  overdue: bigint;
  lastBatch: bigint;
  lastTransfer: bigint;
  lastBlobHash: Uint8Array;
  leaderEpoch: bigint;
  leaderNonce: bigint;
  exitDelaySlots: bigint;
  changeDelaySlots: bigint;
  vaultCount: bigint;
  pendingAuthority: Address;
  pendingAuthoritySlot: bigint;
  pendingReceiptKey: Address;
  pendingReceiptKeySlot: bigint;
  pendingExitDelaySlots: bigint;
  pendingChangeDelaySlots: bigint;
  pendingDelaysSlot: bigint;
  escrowToken: Address;
}

/** Immutable odds and randomness. */
export interface Terms {
  bump: number;
  id: number;
  house: Address;
  vrfCommitment: bigint;
  profitBps: number;
  openedSlot: bigint;
}

/** The Groth16 key of one circuit size: at most `maxBets` bets of `maxVaults` vaults. */
export interface VerifyingKey {
  bump: number;
  id: number;
  maxBets: number;
  maxVaults: number;
  house: Address;
  /** SHA-256 of `key`. */
  keyHash: Uint8Array;
  activeFromSlot: bigint;
  /** 2^64 - 1: never. */
  retiredFromSlot: bigint;
  /** 576 bytes: alpha, beta, gamma, delta, IC0, IC1. */
  key: Uint8Array;
}

/** A session key's hash (0: empty) and the slots, both included, in which it is valid. */
export interface KeySlot {
  hash: bigint;
  from: bigint;
  until: bigint;
}

/** One bettor's money and bet counter. */
export interface Vault {
  bump: number;
  frozen: boolean;
  lastTerms: number;
  owner: Address;
  house: Address;
  accountId: bigint;
  keys: [KeySlot, KeySlot];
  balance: bigint;
  pendingDeposit: bigint;
  claimable: bigint;
  requestAmount: bigint;
  requestDeadline: bigint;
  lastBet: bigint;
  challengeBet: bigint;
  challengeReserved: bigint;
  challengeSlot: bigint;
  challengeKey: Address;
  challengeOverdue: boolean;
  challengePromised: bigint;
  challengeCovered: bigint;
}

/** The reader behind the discriminator and version of an account of the kind; a `ProtocolError` if it is another. */
function open(data: Uint8Array, kind: { tag: string; bytes: number }): LayoutReader {
  if (data.length !== kind.bytes) {
    throw new ProtocolError('BAD_LENGTH', `a ${kind.tag} account has ${kind.bytes} bytes, got ${data.length}`);
  }
  const reader = new LayoutReader(data);
  reader.tag(kind.tag.padEnd(8, '\0'));
  const version = reader.u8();
  if (version !== LAYOUT_VERSION) throw new ProtocolError('BAD_VALUE', `${kind.tag} of unknown layout version ${version}`);
  return reader;
}

/** Decodes a house; a `ProtocolError` unless size, discriminator, version and every reserved byte are as in the layout. */
export function decodeHouse(data: Uint8Array): House {
  const r = open(data, { tag: 'zkhouse', bytes: HOUSE_BYTES });
  const house: House = {
    bump: r.u8(),
    escrowBump: r.u8(),
    paused: r.bool('paused'),
    currentTerms: r.u32(),
    creator: r.address(),
    authority: r.address(),
    settler: r.address(),
    receiptKey: r.address(),
    previousReceiptKey: r.address(),
    receiptKeySlot: r.u64(),
    mint: r.address(),
    domain: r.field(),
    balance: r.u64(),
    requestAmount: r.u64(),
    requestSlot: r.u64(),
    claimable: r.u64(),
    liabilities: r.u64(),
    reserved: r.u64(),
    overdue: r.u64(),
    lastBatch: r.u64(),
    lastTransfer: r.u64(),
    lastBlobHash: r.bytes(32),
    leaderEpoch: r.u64(),
    leaderNonce: r.u64(),
    exitDelaySlots: r.u64(),
    changeDelaySlots: r.u64(),
    vaultCount: r.u64(),
    pendingAuthority: r.address(),
    pendingAuthoritySlot: r.u64(),
    pendingReceiptKey: r.address(),
    pendingReceiptKeySlot: r.u64(),
    pendingExitDelaySlots: r.u64(),
    pendingChangeDelaySlots: r.u64(),
    pendingDelaysSlot: r.u64(),
    escrowToken: r.address(),
  };
  r.zeros(64);
  r.finish();
  return house;
}

/** Decodes terms; throws as `decodeHouse` does. */
export function decodeTerms(data: Uint8Array): Terms {
  const r = open(data, { tag: 'zkterms', bytes: TERMS_BYTES });
  const bump = r.u8();
  r.zeros(2);
  const head = { bump, id: r.u32(), house: r.address(), vrfCommitment: r.field(), profitBps: r.u32() };
  r.zeros(4);
  const terms: Terms = { ...head, openedSlot: r.u64() };
  r.finish();
  return terms;
}

/** Decodes a verifying key; throws as `decodeHouse` does. Whether `keyHash` is the key's is the caller's to check. */
export function decodeVerifyingKey(data: Uint8Array): VerifyingKey {
  const r = open(data, { tag: 'zkvkey', bytes: VERIFYING_KEY_BYTES });
  const key: VerifyingKey = {
    bump: r.u8(),
    id: r.u16(),
    maxBets: r.u16(),
    maxVaults: r.u16(),
    house: r.address(),
    keyHash: r.bytes(32),
    activeFromSlot: r.u64(),
    retiredFromSlot: r.u64(),
    key: r.bytes(KEY_BYTES),
  };
  r.finish();
  return key;
}

/** Decodes a vault; throws as `decodeHouse` does. */
export function decodeVault(data: Uint8Array): Vault {
  const r = open(data, { tag: 'zkvault', bytes: VAULT_BYTES });
  const bump = r.u8();
  const frozen = r.bool('frozen');
  r.zeros(1);
  const head = {
    bump,
    frozen,
    lastTerms: r.u32(),
    owner: r.address(),
    house: r.address(),
    accountId: r.field(),
    keys: [readKeySlot(r), readKeySlot(r)] satisfies Vault['keys'],
    balance: r.u64(),
    pendingDeposit: r.u64(),
    claimable: r.u64(),
    requestAmount: r.u64(),
    requestDeadline: r.u64(),
    lastBet: r.u64(),
    challengeBet: r.u64(),
    challengeReserved: r.u64(),
    challengeSlot: r.u64(),
    challengeKey: r.address(),
    challengeOverdue: r.bool('challengeOverdue'),
  };
  r.zeros(7);
  const vault = { ...head, challengePromised: r.u64(), challengeCovered: r.u64() };
  r.zeros(16);
  r.finish();
  return vault;
}

function readKeySlot(reader: LayoutReader): KeySlot {
  return { hash: reader.field(), from: reader.u64(), until: reader.u64() };
}
