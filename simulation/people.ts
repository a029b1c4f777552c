import type { Address } from '@solana/kit';
import { accountIdOf, sessionKeyHashOf } from '../protocol/account.ts';
import { pointFromBytes } from '../protocol/babyjubjub.ts';
import { concat } from '../protocol/bytes.ts';
import { fieldToBytes } from '../protocol/field.ts';
import { useKernel } from '../protocol/kernel.ts';
import { vrfCommitmentOf } from '../protocol/outcome.ts';
import { SeedBook, type Terms, TermsBook } from '../sequencer/admission/seeds.ts';
import { ReceiptSigner } from '../sequencer/admission/signer.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { FOREVER, type ModelState, type ModelVault } from './model/state.ts';

useKernel(NATIVE_KERNEL);

export const DOMAIN = 77n;
export const HOUSE = addressOf(new Uint8Array(32).fill(9));
/** Short, so that outages outlast it and bettors leave by force. */
export const EXIT_DELAY_SLOTS = 50n;
/** Circuit sizes, small so that batches are many. */
export const SIZES = [
  { name: 'tiny', vkId: 1, maxBets: 3, maxVaults: 1 },
  { name: 'small', vkId: 2, maxBets: 6, maxVaults: 2 },
];
const BANKROLL = 30_000_000n;
const FIRST_BALANCE = 1_500_000n;
const K = 123_456_789n;

export const TERMS: Terms[] = [{ id: 1, profitBps: 9_800, k: K, vrfCommitment: vrfCommitmentOf(K) }];
export const TERMS_BOOK = new TermsBook(TERMS, 1);
export const SIGNER = new ReceiptSigner(new Uint8Array(32).fill(42));
/** Server seeds follow from the terms alone, so one book serves all runs. */
export const SEEDS = new SeedBook(SIGNER);

/** A bettor as it is before its first bet, the same in every run. */
export interface Person {
  name: string;
  owner: Address;
  vault: Address;
  vaultBytes: Uint8Array;
  accountId: bigint;
  sessionKey: Uint8Array;
  sessionKeyHash: bigint;
}

function person(name: string, number: number): Person {
  const vaultBytes = new Uint8Array(32).fill(100 + number);
  const sessionKey = concat([fieldToBytes(1_000n + BigInt(number)), fieldToBytes(2_000n)]);
  return {
    name,
    owner: addressOf(new Uint8Array(32).fill(number)),
    vault: addressOf(vaultBytes),
    vaultBytes,
    accountId: accountIdOf({ domain: DOMAIN, vault: vaultBytes }),
    sessionKey,
    sessionKeyHash: sessionKeyHashOf(pointFromBytes(sessionKey)),
  };
}

export const PEOPLE: readonly Person[] = ['alice', 'bob', 'carol'].map((name, index) => person(name, index + 1));

/**
 * What stands for a session key's signature of a head: it names both, so that it fits nothing else. Real ones are tested where they
 * are made and checked; here they would only cost time.
 */
export const signatureOf = (sessionKey: Uint8Array, head: Uint8Array): Uint8Array =>
  concat([sessionKey.subarray(0, 32), head, new Uint8Array(32)]);

/** The house and its vaults before the first slot. */
export function genesis(): ModelState {
  const vaults = PEOPLE.map(({ vault, owner, accountId, sessionKeyHash }): [Address, ModelVault] => [
    vault,
    {
      address: vault,
      owner,
      accountId,
      frozen: false,
      lastTerms: 0,
      keys: [
        { hash: sessionKeyHash, from: 0n, until: FOREVER },
        { hash: 0n, from: 0n, until: 0n },
      ],
      balance: 0n,
      pendingDeposit: FIRST_BALANCE,
      claimable: 0n,
      requestAmount: 0n,
      requestDeadline: 0n,
      lastBet: 0n,
    },
  ]);
  const liabilities = BANKROLL + FIRST_BALANCE * BigInt(PEOPLE.length);
  return {
    house: {
      balance: BANKROLL,
      liabilities,
      escrow: liabilities,
      lastBatch: 0n,
      lastBlobHash: new Uint8Array(32),
      lastTransfer: 0n,
      leaderEpoch: 0n,
      leaderNonce: 0n,
      exitDelaySlots: EXIT_DELAY_SLOTS,
    },
    vaults: new Map(vaults),
  };
}

/** What every vault has before anything is paid in. */
export { FIRST_BALANCE };
